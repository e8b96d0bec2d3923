"""Materials and images of glTF 2.0 files (specification, section 3.9 and the KHR extensions named below)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rendering.assets.folder import BadAsset
from rendering.assets.gltf_document import GltfDocument
from rendering.assets.images import checked_image
from rendering.assets.parts import ImageSource, Surface


@dataclass(frozen=True, eq=False)
class GltfMaterial:
    """A surface, and how its texture coordinates are chosen.

    Attributes:
        surface: the material.
        uv_set: which TEXCOORD_n its images use.
        uv_transform: `(3, 3)` applied to them (KHR_texture_transform).
    """

    surface: Surface
    uv_set: int
    uv_transform: np.ndarray


def read_material(document: GltfDocument, index: int | None, path: str) -> GltfMaterial:
    """The material of that index; for None a plain grey.

    Values outside their limits are brought inside with a note; an image that cannot be used is left out with one.

    Raises:
        BadAsset: there is no such material, a value is no number, or an image lies outside the asset's folder.
    """
    if index is None:
        return GltfMaterial(Surface(), 0, np.eye(3))
    entry = document.item("materials", index)
    name = str(entry.get("name", f"materials[{index}]"))
    extensions = entry.get("extensions") or {}
    pbr = _metallic_roughness(entry, extensions)
    red, green, blue, alpha = _numbers(document, name, pbr.get("baseColorFactor"), (1.0, 1.0, 1.0, 1.0))
    shares = [pbr.get("roughnessFactor", 1.0), pbr.get("metallicFactor", 1.0)]
    roughness, metallic = _numbers(document, name, shares, (1.0, 1.0))
    strength = float((extensions.get("KHR_materials_emissive_strength") or {}).get("emissiveStrength", 1.0))
    glow = _numbers(document, name, entry.get("emissiveFactor"), (0.0, 0.0, 0.0))
    textures = {
        "base_colour_image": pbr.get("baseColorTexture"),
        "metallic_roughness_image": pbr.get("metallicRoughnessTexture"),
        "normal_image": entry.get("normalTexture"),
        "emissive_image": entry.get("emissiveTexture") if any(glow) else None,
    }
    used = {slot: info for slot, info in textures.items() if info is not None}
    surface = Surface(
        name,
        (red, green, blue),
        roughness,
        metallic,
        (glow[0] * strength, glow[1] * strength, glow[2] * strength),
        _alpha_cutoff(document, entry, pbr.get("baseColorTexture"), alpha, name),
        entry.get("doubleSided") is True,
        **{slot: read_image(document, info, path) for slot, info in used.items()},
    )
    return GltfMaterial(surface, *_coordinates(next(iter(used.values()), {})))


def _metallic_roughness(entry: dict[str, Any], extensions: dict[str, Any]) -> dict[str, Any]:
    """`pbrMetallicRoughness`, also where the file gives the material in other terms."""
    pbr: dict[str, Any] = entry.get("pbrMetallicRoughness") or {}
    if gloss := extensions.get("KHR_materials_pbrSpecularGlossiness"):
        return {
            "baseColorFactor": gloss.get("diffuseFactor"),
            "baseColorTexture": gloss.get("diffuseTexture"),
            "roughnessFactor": 1 - gloss.get("glossinessFactor", 1),
            "metallicFactor": 0.0,
        }
    if "KHR_materials_unlit" in extensions:
        return {**pbr, "roughnessFactor": 1.0, "metallicFactor": 0.0}
    return pbr


def read_image(document: GltfDocument, info: dict[str, Any], path: str) -> ImageSource | None:
    """Where a texture's image lies, once it is known to decode; None, with a note, where it does not.

    Raises:
        BadAsset: the texture or image does not exist, or lies outside the asset's folder.
    """
    document.folder.check_time()
    texture = document.item("textures", info.get("index"))
    webp = (texture.get("extensions") or {}).get("EXT_texture_webp")
    number = webp.get("source") if isinstance(webp, dict) else texture.get("source")
    if number is None:
        document.notes.append("a texture names no image of a known format: drawn without it")
        return None
    entry = document.item("images", number)
    uri = entry.get("uri")
    outside = isinstance(uri, str) and uri[:5].lower() != "data:"
    if outside:
        document.folder.resolve(str(uri))  # hostile names end here, missing files only lose their texture
    try:
        checked_image(image_bytes(document, number), document.folder.limits)
    except BadAsset as error:
        document.notes.append(f"images[{number}]: {error}: drawn without it")
        return None
    return ImageSource(str(document.folder.resolve(str(uri)))) if outside else ImageSource(path, str(number))


def image_bytes(document: GltfDocument, number: int) -> bytes:
    """The encoded bytes of an image.

    Raises:
        BadAsset: they cannot be had.
    """
    entry = document.item("images", number)
    if "uri" in entry:
        return document.folder.read(str(entry["uri"]))
    return document.view(entry.get("bufferView"))


def _alpha_cutoff(
    document: GltfDocument, entry: dict[str, Any], base_texture: dict[str, Any] | None, alpha: float, name: str
) -> float | None:
    """Where alpha cuts. Blending is not drawn, since ids cannot blend: textures are cut at half, the rest opaque."""
    mode = entry.get("alphaMode", "OPAQUE")
    if mode == "MASK":
        (cutoff,) = _numbers(document, name, [entry.get("alphaCutoff", 0.5)], (0.5,))
        return cutoff
    if mode == "BLEND":
        if base_texture is not None:
            return 0.5
        if alpha < 1:
            document.notes.append(f"material {name!r} is see-through: drawn opaque")
    return None


def _coordinates(info: dict[str, Any]) -> tuple[int, np.ndarray]:
    """The set of texture coordinates that a texture uses and its `(3, 3)` transform."""
    moved = (info.get("extensions") or {}).get("KHR_texture_transform") or {}
    uv_set = moved.get("texCoord", info.get("texCoord", 0))
    (u, v), (across, down), turn = moved.get("offset", (0, 0)), moved.get("scale", (1, 1)), moved.get("rotation", 0)
    cos, sin = np.cos(float(turn)), np.sin(float(turn))
    # offset after rotation after scale, as the extension's README spells it out
    matrix = np.array([[cos * across, sin * down, u], [-sin * across, cos * down, v], [0, 0, 1]], np.float64)
    return int(uv_set), matrix


def _numbers(document: GltfDocument, name: str, given: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    if given is None:
        return default
    if len(given) != len(default):
        raise BadAsset(f"material {name!r} has a factor of {len(given)} numbers instead of {len(default)}")
    values = tuple(float(value) for value in given)
    limited = tuple(min(max(value, 0.0), 1.0) for value in values)
    if limited != values:
        document.notes.append(f"material {name!r} has a factor outside 0 to 1: brought inside")
    return limited
