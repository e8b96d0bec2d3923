"""The outer layer of glTF 2.0 files: the container, buffers, and accessors as arrays, every number held to its limits.

Khronos Group, "glTF 2.0 Specification", sections 3.6 (binary data) and 4 (GLB). Nothing that the file says about its
own sizes is believed before it is compared with the bytes that are there.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rendering.assets.folder import AssetFolder, BadAsset

_COMPONENTS: dict[int, np.dtype[Any]] = {
    5120: np.dtype("i1"), 5121: np.dtype("u1"), 5122: np.dtype("<i2"), 5123: np.dtype("<u2"), 5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}  # fmt: skip
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_UNDERSTOOD = frozenset(
    {
        "KHR_draco_mesh_compression", "KHR_mesh_quantization", "KHR_texture_transform", "KHR_lights_punctual",
        "KHR_materials_unlit", "KHR_materials_emissive_strength", "KHR_materials_pbrSpecularGlossiness",
        "KHR_materials_ior", "KHR_materials_specular", "KHR_materials_clearcoat", "KHR_materials_sheen",
        "KHR_materials_transmission", "KHR_materials_volume", "KHR_materials_variants", "EXT_texture_webp",
    }
)  # fmt: skip
"""Extensions that a file may require: those that are read, and those whose effect may be left out of a picture."""


@dataclass(eq=False)
class GltfDocument:
    """The parsed JSON of a file with its buffers.

    Attributes:
        tree: the JSON's top object.
        binary: the GLB's binary chunk, or None.
        folder: where buffers and images in files of their own are read from.
        notes: what was repaired or left out, for the user.
    """

    tree: dict[str, Any]
    binary: bytes | None
    folder: AssetFolder
    notes: list[str] = field(default_factory=list)
    _buffers: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes, folder: AssetFolder) -> GltfDocument:
        """A document from the bytes of a .gltf or .glb file; which of the two is told by the bytes.

        Raises:
            BadAsset: not glTF 2.0, cut short, or in need of an extension that is not understood.
        """
        text, binary = _split_container(data) if data[:4] == b"glTF" else (data, None)
        try:
            tree = json.loads(text.decode("utf-8-sig"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise BadAsset(f"its JSON cannot be read: {error}") from None
        if not isinstance(tree, dict) or not isinstance(tree.get("asset"), dict):
            raise BadAsset("its JSON has no `asset` object, so it is not glTF 2.0")
        version = str(tree["asset"].get("minVersion") or tree["asset"].get("version"))
        if version.partition(".")[0] != "2":
            raise BadAsset(f"it is glTF version {version}; version 2 is read")
        unknown = sorted(set(map(str, tree.get("extensionsRequired") or ())) - _UNDERSTOOD)
        if unknown:
            raise BadAsset(f"it requires {', '.join(unknown)}, which is not supported; export it without")
        return cls(tree, binary, folder)

    def item(self, kind: str, index: Any) -> dict[str, Any]:
        """The object of that index in a top-level list.

        Raises:
            BadAsset: there is none.
        """
        listed = self.tree.get(kind)
        if not isinstance(listed, list) or type(index) is not int or not 0 <= index < len(listed):
            count = len(listed) if isinstance(listed, list) else 0
            raise BadAsset(f"it names {kind}[{index}], but has {count} {kind}")
        if not isinstance(listed[index], dict):
            raise BadAsset(f"{kind}[{index}] is no object")
        entry: dict[str, Any] = listed[index]
        return entry

    def view(self, index: Any) -> bytes:
        """The bytes of a buffer view, its stride not yet applied.

        Raises:
            BadAsset: it leaves its buffer.
        """
        entry = self.item("bufferViews", index)
        data = self._buffer(entry.get("buffer"))
        start, length = _whole(entry, "byteOffset", 0), _whole(entry, "byteLength")
        if start + length > len(data):
            raise BadAsset(
                f"bufferViews[{index}] announces {length:.6g} bytes from {start:.6g}, there are {len(data):,}"
            )
        return data[start : start + length]

    def accessor(self, index: Any, widths: tuple[int, ...]) -> np.ndarray:
        """`(count, width)` values of an accessor, sparse entries put in: integers as stored, or floats if normalised.

        Args:
            index: of the accessor.
            widths: how many components an element may have.

        Raises:
            BadAsset: its type does not fit, or it leaves its buffer view.
        """
        entry = self.item("accessors", index)
        dtype, width = _COMPONENTS.get(entry.get("componentType", 0)), _WIDTHS.get(str(entry.get("type")), 0)
        count = _whole(entry, "count")
        if dtype is None or width not in widths:
            raise BadAsset(
                f"accessors[{index}] is {entry.get('type')} of {entry.get('componentType')}, not usable here"
            )
        self.folder.limits.check_vertices(count, f"accessors[{index}]")
        if "bufferView" in entry:
            values = self._elements(entry, count, dtype, width, f"accessors[{index}]")
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in entry:
            values = self._put_sparse(values, entry["sparse"], f"accessors[{index}]")
        if entry.get("normalized") and dtype.kind in "iu":
            return np.maximum(values / float(np.iinfo(dtype).max), -1.0)
        return values

    def _elements(
        self, entry: dict[str, Any], count: int, dtype: np.dtype[Any], width: int, named: str, packed: bool = False
    ) -> np.ndarray:
        data, size = self.view(entry["bufferView"]), dtype.itemsize * width
        stride = 0 if packed else _whole(self.item("bufferViews", entry["bufferView"]), "byteStride", 0)
        start, stride = _whole(entry, "byteOffset", 0), stride or size
        if stride < size:
            raise BadAsset(f"{named} has elements of {size} bytes at a stride of {stride}")
        if count and start + stride * (count - 1) + size > len(data):
            raise BadAsset(
                f"{named} announces {count:,} elements, more than its buffer view of {len(data):,} bytes has"
            )
        if not count:
            return np.zeros((0, width), dtype)
        return np.ndarray((count, width), dtype, data, start, (stride, dtype.itemsize)).copy()

    def _put_sparse(self, values: np.ndarray, sparse: dict[str, Any], named: str) -> np.ndarray:
        count = _whole(sparse, "count")
        self.folder.limits.check_vertices(count, f"{named} (sparse)")
        kind = _COMPONENTS[sparse["indices"]["componentType"]]
        places = self._elements(sparse["indices"], count, kind, 1, f"{named} (sparse)", packed=True)[:, 0]
        replaced = self._elements(
            sparse["values"], count, values.dtype, values.shape[1], f"{named} (sparse)", packed=True
        )
        if kind.kind != "u" or (count and int(places.max()) >= len(values)):
            raise BadAsset(f"{named} has sparse entries beyond its {len(values)} elements")
        values[places] = replaced
        return values

    def _buffer(self, index: Any) -> bytes:
        entry = self.item("buffers", index)
        if index not in self._buffers:
            if "uri" in entry:
                data = self.folder.read(str(entry["uri"]))
            elif index == 0 and self.binary is not None:
                data = self.binary
            else:
                raise BadAsset(f"buffers[{index}] has neither a uri nor a binary chunk")
            length = _whole(entry, "byteLength")
            if length > len(data):
                raise BadAsset(f"buffers[{index}] announces {length:,} bytes, there are {len(data):,}")
            self._buffers[index] = data[:length]
        return self._buffers[index]


def _split_container(data: bytes) -> tuple[bytes, bytes | None]:
    """The JSON and the binary chunk of a GLB."""
    if len(data) < 20:
        raise BadAsset(f"the GLB is cut short: {len(data)} bytes")
    _, version, length = struct.unpack_from("<4sII", data)
    if version != 2:
        raise BadAsset(f"it is GLB version {version}; version 2 is read")
    if length > len(data):
        raise BadAsset(f"the GLB is cut short: it announces {length:,} bytes and has {len(data):,}")
    chunks: dict[int, bytes] = {}
    position = 12
    while position + 8 <= length:
        size, kind = struct.unpack_from("<II", data, position)
        if position + 8 + size > length:
            raise BadAsset(f"the GLB is cut short: the chunk at byte {position} announces {size:,} bytes")
        chunks.setdefault(kind, data[position + 8 : position + 8 + size])
        position += 8 + size
    if _JSON_CHUNK not in chunks:
        raise BadAsset("the GLB has no JSON chunk")
    return chunks[_JSON_CHUNK], chunks.get(_BINARY_CHUNK)


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON number")


def _whole(entry: dict[str, Any], name: str, default: int | None = None) -> int:
    value = entry.get(name, default)
    if type(value) is float and value.is_integer():
        value = int(value)  # some exporters write 3.0
    if type(value) is not int or not 0 <= value < 2**53:
        raise BadAsset(f"{name} must be a whole number of 0 or more, got {str(value)[:40]}")
    return value
