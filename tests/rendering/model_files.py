"""Writers of tiny models for tests."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CUBE = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
CUBE_FACES = np.array(
    [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
     (1, 5, 7), (1, 7, 3)]
)  # fmt: skip
"""Anticlockwise seen from outside."""

_COMPONENT = {"f4": 5126, "u1": 5121, "u2": 5123, "u4": 5125, "i1": 5120, "i2": 5122}
_TYPE = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class GltfWriter:
    """A glTF file in the making: a tree to be changed at will, and the bytes of its one buffer."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {"asset": {"version": "2.0"}}
        self.data = b""

    def add(self, kind: str, entry: dict[str, Any]) -> int:
        self.tree.setdefault(kind, []).append(entry)
        return len(self.tree[kind]) - 1

    def view(self, data: bytes, **more: Any) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        entry = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data), **more}
        self.data += data
        return self.add("bufferViews", entry)

    def accessor(self, array: np.ndarray, **more: Any) -> int:
        array = np.ascontiguousarray(array).reshape(len(array), -1)
        entry = {
            "bufferView": self.view(array.tobytes()), "count": len(array), "type": _TYPE[array.shape[1]],
            "componentType": _COMPONENT[array.dtype.str[1:]], **more,
        }  # fmt: skip
        return self.add("accessors", entry)

    def mesh(self, vertices: np.ndarray, faces: np.ndarray | None, material: int | None = None, **more: Any) -> int:
        primitive: dict[str, Any] = {"attributes": {"POSITION": self.accessor(vertices.astype("<f4"))}}
        for name in [name for name in more if name.isupper()]:
            primitive["attributes"][name] = self.accessor(more.pop(name))
        if faces is not None:
            primitive["indices"] = self.accessor(faces.ravel().astype("<u2"))
        if material is not None:
            primitive["material"] = material
        return self.add("meshes", {"primitives": [{**primitive, **more}]})

    def show(self, mesh: int, **more: Any) -> int:
        node = self.add("nodes", {"mesh": mesh, **more})
        self.tree.setdefault("scenes", [{"nodes": []}])[0]["nodes"].append(node)
        return node

    def glb(self, path: Path) -> Path:
        if self.data:
            self.tree["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.tree).encode()
        text += b" " * (-len(text) % 4)
        data = self.data + b"\0" * (-len(self.data) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        if data:
            chunks += struct.pack("<II", len(data), 0x004E4942) + data
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
        return path


def cube_glb(path: Path, **node: Any) -> Path:
    """A unit cube."""
    writer = GltfWriter()
    writer.show(writer.mesh(CUBE, CUBE_FACES), **node)
    return writer.glb(path)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def cube_obj(path: Path, scale: float = 1.0, before: str = "", faces: np.ndarray = CUBE_FACES) -> Path:
    """A unit cube as OBJ."""
    lines = [before, *(f"v {x * scale} {y * scale} {z * scale}" for x, y, z in CUBE)]
    lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]
    path.write_text("\n".join(lines) + "\n")
    return path


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = np.moveaxis(np.asarray(vertices, np.float64)[faces], 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
