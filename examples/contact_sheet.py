"""Show every model of catalogues on one page each, in neutral light: python contact_sheet.py ASSETS OUT [CATALOGUE...].

Each stands at its true size relative to its own cell, its front half turned to the viewer.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from datasets.errors import UsageError
from datasets.labels import LABEL_SPACES
from datasets.png import encode_png
from rendering.assets.asset import Asset, asset_objects
from rendering.assets.catalogue import find_catalogues
from rendering.backgrounds import Background
from rendering.geometry import intrinsics_from_field_of_view, look_at
from rendering.renderer import Renderer
from rendering.scene import AmbientLight, Camera, Scene, SunLight
from rendering.views import distance_to_fit_m

CELL, CAPTION, COLUMNS, FIELD_OF_VIEW = 200, 28, 8, 30.0
GREY = (0.42, 0.42, 0.42)


def portrait(asset: Asset) -> Scene:
    """One asset in neutral light, its front half turned to the viewer."""
    direction = np.array([np.sin(np.radians(35)), np.tan(np.radians(25)), np.cos(np.radians(35))])
    radius = float(np.linalg.norm(asset.size_m)) / 2
    distance = distance_to_fit_m(radius, 0.97, FIELD_OF_VIEW)
    eye = asset.centre_m + distance * direction / np.linalg.norm(direction)
    intrinsics = intrinsics_from_field_of_view(CELL, CELL, FIELD_OF_VIEW)
    camera = Camera(CELL, CELL, intrinsics, look_at(eye, asset.centre_m), 0.01 * distance, 10 * distance)
    return Scene(
        camera,
        asset_objects(asset, np.eye(4), instance=1),
        SunLight((0.7, 0.9, 0.6), (0.75, 0.75, 0.75)),
        AmbientLight((0.45, 0.45, 0.45), (0.25, 0.25, 0.25)),
        Background(colours=(GREY, GREY, GREY)),
    )


def sheet(cells: list[tuple[str, str, np.ndarray]]) -> np.ndarray:
    rows = -(-len(cells) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * CELL, rows * (CELL + CAPTION)), "white")
    pen = ImageDraw.Draw(page)
    for index, (name, about, pixels) in enumerate(cells):
        left, top = index % COLUMNS * CELL, index // COLUMNS * (CELL + CAPTION)
        page.paste(Image.fromarray(pixels), (left, top))
        pen.text((left + 3, top + CELL + 1), f"{name[-32:]}\n{about}", fill="black", font_size=11, spacing=1)
    return np.asarray(page)


def main(assets: str, out: str, *catalogues: str) -> None:
    """Write a page for each catalogue and name what could not be loaded."""
    Path(out).mkdir(parents=True, exist_ok=True)
    with Renderer(CELL, CELL) as renderer:
        for catalogue in find_catalogues(assets, catalogues):
            classes = {row.id: row.name for row in LABEL_SPACES[catalogue.label_space].classes}
            cells = []
            for entry in catalogue.entries:
                try:
                    asset = catalogue.load(entry, assets)
                except UsageError as error:
                    print(error)
                    continue
                pixels = renderer.render(portrait(asset)).colour
                about = f"{classes[asset.class_id]} {' x '.join(f'{side:.2g}' for side in asset.size_m)} m"
                cells.append((Path(entry.file).stem, about, pixels))
                for note in asset.notes:
                    print(f"{asset.name}: {note}")
            page = Path(out) / f"{catalogue.name}.png"
            page.write_bytes(encode_png(sheet(cells)))
            print(f"{page}: {len(cells)} of {len(catalogue.entries)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
