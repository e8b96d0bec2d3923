"""Show streets of every layout in every weather, with their labels: python street_gallery.py OUT.png [ASSETS]."""

from __future__ import annotations

import sys

import numpy as np
from PIL import Image

from datasets.labels import LABEL_SPACES
from rendering.randomisation import frame_generator
from rendering.renderer import Renderer
from rendering.street import StreetScenes
from rendering.streets.classes import LABEL_SPACE
from rendering.streets.layouts import LAYOUTS
from rendering.streets.weather import WEATHERS

HEIGHT, WIDTH, SEED = 240, 320, 7


def gallery(assets: str | None = None) -> np.ndarray:
    """`(rows, columns, 3)` uint8: a row a layout; for each weather the frame, for the last one its labels too."""
    table, rows = LABEL_SPACES[LABEL_SPACE].colour_table, []
    with Renderer(HEIGHT, WIDTH, annotations=("semantic",)) as renderer:
        for number, layout in enumerate(LAYOUTS):
            cells = []
            for place, weather in enumerate(WEATHERS):
                scenes = StreetScenes((HEIGHT, WIDTH), assets, layouts=(layout,), weathers=(weather,))
                frame = renderer.render(scenes.sample(frame_generator(SEED, 10 * number + place)))
                cells.append(frame.colour)
            if frame.semantic is not None:
                cells.append(table[frame.semantic[:, :, 0]])
            rows.append(np.concatenate(cells, axis=1))
    return np.concatenate(rows)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    Image.fromarray(gallery(*sys.argv[2:])).save(sys.argv[1])
