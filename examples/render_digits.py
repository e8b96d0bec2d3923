"""Render one random digit and save its colours, classes, normals and depth as pictures: python render_digits.py OUT."""

import sys
from pathlib import Path

import numpy as np

from datasets.labels import LABEL_SPACES
from datasets.png import encode_png
from rendering.digits import DigitScenes
from rendering.randomisation import frame_generator
from rendering.renderer import Renderer

out = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
scene = DigitScenes(size=(256, 256)).sample(frame_generator(seed=0, index=3))
with Renderer(256, 256) as renderer:
    frame = renderer.render(scene)

pictures = {
    "colours": frame.colour,
    "classes": LABEL_SPACES["digit_pixels"].colour_table[frame.semantic[:, :, 0]],
    "normals": np.uint8(np.where(frame.semantic > 0, 127.5 * frame.normal + 127.5, 0)),
    "depth": np.uint8(255 * frame.depth[frame.semantic > 0].min() / frame.depth),  # near is bright, nothing is black
}
out.mkdir(parents=True, exist_ok=True)
for name, pixels in pictures.items():
    (out / f"digit-{name}.png").write_bytes(encode_png(pixels))
(out / "digit-scene.json").write_text(scene.to_json())
print(f"a {scene.label}, {np.mean(frame.semantic > 0):.0%} of the frame, drawn by {renderer.description}")
