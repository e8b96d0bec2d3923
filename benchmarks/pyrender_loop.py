"""What a user of pyrender would write for the same frames: colours, depth and ids, in two calls a frame.

Run by `benchmarks/render.py` as a process of its own, with a Python that has pyrender and none of this project:
`python pyrender_loop.py SCENE.npz SECONDS {process,wall}` prints frames/s.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pyrender
from PIL import Image

_FLIP = np.diag([1.0, -1.0, -1.0, 1.0])  # pyrender's cameras look along -z with y up


def main(path: str, seconds: float, clock_name: str) -> None:
    clock = time.process_time if clock_name == "process" else time.perf_counter
    stored = np.load(path)
    scene = pyrender.Scene(ambient_light=(0.3, 0.3, 0.3))
    nodes = {}
    for place in range(int(stored["objects"])):
        vertices, normals, faces, uvs, picture, pose = (
            stored[f"{name}_{place}"] for name in ("vertices", "normals", "faces", "uvs", "picture", "pose")
        )
        material = pyrender.MetallicRoughnessMaterial(
            baseColorTexture=pyrender.Texture(source=Image.fromarray(picture), source_channels="RGBA"),
            metallicFactor=0.0,
            roughnessFactor=0.7,
        )
        shown = pyrender.Primitive(
            positions=vertices, normals=normals, indices=faces, texcoord_0=uvs, material=material, mode=4
        )
        nodes[scene.add(pyrender.Mesh([shown]), pose=pose)] = (place + 1, 0, 0)
    k, (height, width) = stored["intrinsics"], stored["size"].tolist()
    camera = scene.add(pyrender.IntrinsicsCamera(k[0, 0], k[1, 1], k[0, 2], k[1, 2]))
    scene.add(pyrender.DirectionalLight(intensity=3.0))
    renderer = pyrender.OffscreenRenderer(width, height)
    poses = [np.linalg.inv(matrix) @ _FLIP for matrix in stored["world_to_camera"]]

    def draw(index: int) -> np.ndarray:
        scene.set_pose(camera, poses[index % len(poses)])
        renderer.render(scene)
        ids, _ = renderer.render(scene, flags=pyrender.RenderFlags.SEG, seg_node_map=nodes)
        return ids

    assert len(np.unique(draw(0)[:, :, 0])) > 10, "pyrender drew next to nothing"
    start, count = clock(), 0
    while clock() - start < seconds:
        draw(count)
        count += 1
    print(count / (clock() - start))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
