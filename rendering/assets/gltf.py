"""glTF 2.0 scenes as parts: primitives, morph targets, skins and Draco, with the node hierarchy applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rendering.assets.folder import AssetFolder, BadAsset
from rendering.assets.gltf_document import GltfDocument
from rendering.assets.gltf_draco import draco_attributes
from rendering.assets.gltf_materials import GltfMaterial, read_material
from rendering.assets.parts import RawPart

_TRIANGLES, _STRIP, _FAN = 4, 5, 6


def read_gltf(data: bytes, folder: AssetFolder, path: str) -> tuple[list[RawPart], list[str]]:
    """All triangles of the file's scene, in metres with +y up as glTF demands, and notes on what was left out.

    Raises:
        BadAsset: the file is damaged, refers outside its folder, or needs what is not supported.
    """
    document = GltfDocument.parse(data, folder)
    transforms = _global_transforms(document)
    placed = [
        (entry, matrix) for node, matrix in transforms.items() if "mesh" in (entry := document.item("nodes", node))
    ]
    if not placed and document.tree.get("meshes"):
        document.notes.append("no node shows any mesh: all are shown where they lie")
        placed = [({"mesh": index}, np.eye(4)) for index in range(len(document.tree["meshes"]))]
    parts: list[RawPart] = []
    materials: dict[Any, GltfMaterial] = {}
    corners = 0
    for entry, matrix in placed:
        joints = None if entry.get("skin") is None else _joint_matrices(document, entry["skin"], transforms)
        mesh = document.item("meshes", entry["mesh"])
        weights = entry.get("weights") or mesh.get("weights") or ()
        for position, primitive in enumerate(mesh.get("primitives") or ()):
            named = f"meshes[{entry['mesh']}] primitive {position}"
            index = primitive.get("material")
            if index not in materials:
                materials[index] = read_material(document, index, path)
            part = _read_primitive(document, primitive, weights, named, materials[index], matrix, joints)
            if part is not None:
                corners += len(part.positions) + part.triangles.size
                folder.limits.check_vertices(corners, "the scene")
                parts.append(part)
    return parts, document.notes


def _global_transforms(document: GltfDocument) -> dict[int, np.ndarray]:
    """`(4, 4)` world transform of every node that the scene shows, parents first.

    Raises:
        BadAsset: a node has two parents or lies in a cycle, or a transform is not finite.
    """
    roots = _roots(document)
    document.folder.limits.check_vertices(len(document.tree.get("nodes") or ()), "its hierarchy")
    transforms: dict[int, np.ndarray] = {}
    waiting: list[tuple[int, np.ndarray]] = [(root, np.eye(4)) for root in reversed(roots)]
    while waiting:
        node, parent = waiting.pop()
        entry = document.item("nodes", node)
        if node in transforms:
            raise BadAsset(f"nodes[{node}] is reached twice: the hierarchy must be a tree")
        matrix = parent @ _local_transform(entry, node)
        if not np.isfinite(matrix).all():
            raise BadAsset(f"the transform of nodes[{node}] is not finite")
        transforms[node] = matrix
        waiting += [(child, matrix) for child in reversed(entry.get("children") or ())]
    return transforms


def _roots(document: GltfDocument) -> list[int]:
    """The nodes of the default scene, else of the first, else those that are no child."""
    if document.tree.get("scenes"):
        scene = document.item("scenes", document.tree.get("scene", 0))
        return list(scene.get("nodes") or ())
    nodes = document.tree.get("nodes") or ()
    children = {child for entry in nodes for child in entry.get("children") or ()}
    roots = [index for index in range(len(nodes)) if index not in children]
    if nodes and not roots:
        raise BadAsset("every node is the child of another: the hierarchy must be a tree")
    return roots


def _local_transform(entry: dict[str, Any], node: int) -> np.ndarray:
    if "matrix" in entry:
        return _floats(entry["matrix"], 16, node).reshape(4, 4).T
    x, y, z, w = _floats(entry.get("rotation", (0, 0, 0, 1)), 4, node)
    length = x * x + y * y + z * z + w * w
    if not length > 0:
        raise BadAsset(f"the rotation of nodes[{node}] has no length")
    s = 2 / length
    turn = np.array(
        [
            [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
            [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)],
            [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn * _floats(entry.get("scale", (1, 1, 1)), 3, node)
    matrix[:3, 3] = _floats(entry.get("translation", (0, 0, 0)), 3, node)
    return matrix


def _floats(given: Any, count: int, node: int) -> np.ndarray:
    values = np.array(given, np.float64)
    if values.shape != (count,):
        raise BadAsset(f"nodes[{node}] has a transform of {np.size(values)} numbers instead of {count}")
    return values


def _joint_matrices(document: GltfDocument, skin: Any, transforms: dict[int, np.ndarray]) -> np.ndarray:
    """`(joints, 4, 4)` transforms of a skin's joints in the pose of the file."""
    entry = document.item("skins", skin)
    joints = list(entry.get("joints") or ())
    poses = np.array([transforms.get(joint, np.eye(4)) for joint in joints]).reshape(-1, 4, 4)
    if "inverseBindMatrices" not in entry:
        return poses
    inverse = document.accessor(entry["inverseBindMatrices"], (16,)).astype(np.float64)
    if len(inverse) < len(joints):
        raise BadAsset(f"skins[{skin}] has {len(joints)} joints but {len(inverse)} matrices")
    matrices: np.ndarray = poses @ inverse[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1)
    return matrices


def _read_primitive(
    document: GltfDocument, primitive: dict[str, Any], weights: Any, named: str, material: GltfMaterial,
    matrix: np.ndarray, joints: np.ndarray | None,
) -> RawPart | None:  # fmt: skip
    mode = primitive.get("mode", _TRIANGLES)
    if mode not in (_TRIANGLES, _STRIP, _FAN):
        document.notes.append(f"{named} holds points or lines: left out")
        return None
    values, indices = _attributes(document, primitive, named)
    for target, weight in zip(primitive.get("targets") or (), weights, strict=False):
        for name in {"POSITION", "NORMAL"} & target.keys() & values.keys():
            values[name] = values[name] + float(weight) * document.accessor(target[name], (3,))
    for name, array in values.items():
        if len(array) != len(values["POSITION"]):
            raise BadAsset(f"{named} has {len(values['POSITION'])} positions but {len(array)} of {name}")
    if indices.size and int(indices.max()) >= len(values["POSITION"]):
        raise BadAsset(f"{named}: index {indices.max()} names no vertex, there are {len(values['POSITION'])}")
    positions, normals = _placed(values, matrix, joints, named)
    triangles = np.concatenate([np.zeros((0, 3), np.int64), *_triangles(indices, mode)])
    if joints is None and np.linalg.det(matrix[:3, :3]) < 0:
        triangles = triangles[:, ::-1]
    uvs = values.get(f"TEXCOORD_{material.uv_set}")
    if uvs is not None:
        uvs = uvs @ material.uv_transform[:2, :2].T + material.uv_transform[:2, 2]
    return RawPart(positions, triangles, material.surface, normals, uvs, _colours(values.get("COLOR_0")))


def _attributes(
    document: GltfDocument, primitive: dict[str, Any], named: str
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Attributes by name as float64, and the indices."""
    listed = primitive.get("attributes") or {}
    if "POSITION" not in listed:
        raise BadAsset(f"{named} has no positions")
    packed = (primitive.get("extensions") or {}).get("KHR_draco_mesh_compression")
    if packed is not None:
        count = int(document.item("accessors", listed["POSITION"]).get("count", 0))
        document.folder.limits.check_vertices(count, named)
        values, indices = draco_attributes(document.view(packed.get("bufferView")), packed.get("attributes") or {})
        if "POSITION" not in values:
            raise BadAsset(f"{named}: the Draco data hold no positions")
        return values, indices
    wanted = {"POSITION": (3,), "NORMAL": (3,), "COLOR_0": (3, 4), "JOINTS_0": (4,), "WEIGHTS_0": (4,)}
    wanted |= {name: (2,) for name in listed if name.startswith("TEXCOORD_")}
    values = {
        name: document.accessor(listed[name], widths).astype(np.float64)
        for name, widths in wanted.items()
        if name in listed
    }
    if "indices" not in primitive:
        return values, np.arange(len(values["POSITION"]))
    indices = document.accessor(primitive["indices"], (1,))[:, 0]
    if indices.dtype.kind != "u":
        raise BadAsset(f"{named} has indices of type {indices.dtype}; they must be unsigned")
    return values, indices.astype(np.int64)


def _triangles(indices: np.ndarray, mode: int) -> Iterator[np.ndarray]:
    """`(m, 3)` of lists, strips and fans (section 3.7.2.1)."""
    if mode == _TRIANGLES:
        yield indices[: len(indices) // 3 * 3].reshape(-1, 3)
    elif len(indices) >= 3 and mode == _FAN:
        yield np.stack([indices[1:-1], indices[2:], np.full(len(indices) - 2, indices[0])], axis=1)
    elif len(indices) >= 3:
        strip = np.stack([indices[:-2], indices[1:-1], indices[2:]], axis=1)
        strip[1::2] = strip[1::2][:, [0, 2, 1]]
        yield strip


def _placed(
    values: dict[str, np.ndarray], matrix: np.ndarray, joints: np.ndarray | None, named: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Positions and normals in the scene's axes: by the node, or by the joints alone where there is a skin (3.7.3)."""
    positions, normals = values["POSITION"], values.get("NORMAL")
    if joints is None or "JOINTS_0" not in values or "WEIGHTS_0" not in values:
        # The cofactors are the inverse transpose up to a positive factor, also where there is no inverse.
        linear = matrix[:3, :3]
        cofactors = np.stack([np.cross(linear[1], linear[2]), np.cross(linear[2], linear[0]),
                              np.cross(linear[0], linear[1])])  # fmt: skip
        mirrored = -1.0 if np.linalg.det(linear) < 0 else 1.0
        turned = None if normals is None else mirrored * normals @ cofactors.T
        return positions @ linear.T + matrix[:3, 3], turned
    which, weights = values["JOINTS_0"].astype(np.int64), values["WEIGHTS_0"]
    if which.size and not 0 <= which.min() <= which.max() < len(joints):
        raise BadAsset(f"{named} names joint {which.max()}, its skin has {len(joints)}")
    total = weights.sum(axis=1, keepdims=True)
    blended = np.einsum("nk,nkij->nij", weights / np.where(total > 0, total, 1), joints[which])
    placed = np.einsum("nij,nj->ni", blended[:, :3, :3], positions) + blended[:, :3, 3]
    return placed, None if normals is None else np.einsum("nij,nj->ni", blended[:, :3, :3], normals)


def _colours(given: np.ndarray | None) -> np.ndarray | None:
    """`(n, 4)` linear R, G, B, A within 0 to 1; None for colours that are white throughout."""
    if given is None:
        return None
    full = given if given.shape[1] == 4 else np.hstack([given, np.ones((len(given), 1))])
    full = np.where(np.isfinite(full), np.clip(full, 0, 1), full)
    return None if (full == 1).all() else full
