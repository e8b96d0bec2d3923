"""Wavefront MTL files: material libraries of OBJ files, with the PBR keys that exporters add (Pr, Pm, Ke, norm).

Colours are taken as linear light, which is what Blender and Assimp write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rendering.assets.folder import AssetFolder, BadAsset
from rendering.assets.images import checked_image
from rendering.assets.parts import ImageSource, Surface

_MAPS = {"map_kd": "base_colour_image", "map_ke": "emissive_image", "norm": "normal_image"}
_OPTION_WORDS = {
    "-blendu": 1, "-blendv": 1, "-cc": 1, "-clamp": 1, "-imfchan": 1, "-type": 1, "-colorspace": 1, "-texres": 1,
    "-boost": 1, "-bm": 1, "-mm": 2, "-o": 3, "-s": 3, "-t": 3,
}  # fmt: skip
"""How many words may follow each option of a texture line; of three, the second and third may be left out."""


def read_materials(libraries: Sequence[str], folder: AssetFolder, notes: list[str]) -> dict[str, Surface]:
    """Surfaces by name from the first library that can be read in each `mtllib` line.

    Args:
        libraries: what stands behind `mtllib`: one file name with spaces, or several names.
        folder: the OBJ file's folder; what leads out of it is not read.
        notes: where a library or texture could not be had, a note is added.
    """
    surfaces: dict[str, Surface] = {}
    for line in libraries:
        for name in dict.fromkeys([line, *line.split()]):
            try:
                surfaces |= _parse(folder.read(name).decode("utf-8", "replace"), folder, notes)
            except (BadAsset, OSError, ValueError) as error:
                reason = error
                continue
            break
        else:
            notes.append(f"material library {line[:80]!r} was not read: {reason}")
    return surfaces


def _parse(text: str, folder: AssetFolder, notes: list[str]) -> dict[str, Surface]:
    surfaces: dict[str, Surface] = {}
    black: set[str] = set()
    name = ""
    for line in text.lstrip("\ufeff").splitlines():
        word, _, rest = line.strip().replace("\t", " ").partition(" ")
        word, rest = word.lower(), rest.strip()
        if word == "newmtl":
            name = rest
            surfaces[name] = Surface(name, (0.8, 0.8, 0.8))
        elif name in surfaces:
            surface = _with_value(surfaces[name], word, rest)
            if word in _MAPS:
                surface = _with_map(surface, word, rest, folder, notes)
            if word == "map_d":
                surface = replace(surface, alpha_cutoff=0.5)
            if word == "kd":
                black = black | {name} if not any(surface.base_colour) else black - {name}
            surfaces[name] = surface
    for name in black:
        # Several exporters write a black Kd beside a texture that is meant to show.
        if surfaces[name].base_colour_image:
            surfaces[name] = replace(surfaces[name], base_colour=(1.0, 1.0, 1.0))
    return surfaces


def _with_value(surface: Surface, word: str, rest: str) -> Surface:
    """The surface with what a line of numbers says; lines that cannot be understood change nothing."""
    try:
        values = [min(max(float(part), 0.0), 1.0 if word != "ns" else 1e6) for part in rest.split()]
    except ValueError:
        return surface
    if not values or not np.isfinite(values).all():
        return surface
    red, green, blue = values[:3] if len(values) >= 3 else values[:1] * 3
    changes: dict[str, dict[str, Any]] = {
        "kd": {"base_colour": (red, green, blue)},
        "ke": {"emissive": (red, green, blue)},
        "ns": {"roughness": float(np.sqrt(2 / (values[0] + 2)))},  # Blinn's exponent as a roughness
        "pr": {"roughness": values[0]},
        "pm": {"metallic": values[0]},
    }
    return replace(surface, **changes.get(word, {}))


def _with_map(surface: Surface, word: str, rest: str, folder: AssetFolder, notes: list[str]) -> Surface:
    name = _file_name(rest)
    try:
        checked_image(folder.read(name), folder.limits)
    except (BadAsset, OSError, ValueError) as error:
        notes.append(f"material {surface.name!r}, texture {name[:80]!r}: {error}: drawn without it")
        return surface
    if word == "map_ke" and not any(surface.emissive):
        surface = replace(surface, emissive=(1.0, 1.0, 1.0))
    found: dict[str, Any] = {_MAPS[word]: ImageSource(str(folder.resolve(name)))}
    return replace(surface, **found)


def _file_name(rest: str) -> str:
    """What stands behind the options of a texture line; it may hold spaces."""
    words = rest.split(" ")
    while len(words) > 1 and words[0].lower() in _OPTION_WORDS:
        most = _OPTION_WORDS[words[0].lower()]
        # Only a number can be the second or third word of an option, or the file's name would be taken for one.
        taken = 2
        while taken <= most and taken < len(words) - 1 and _is_number(words[taken]):
            taken += 1
        words = words[taken:]
    return " ".join(words).strip().strip('"')


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
