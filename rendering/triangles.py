"""The pass over a frame's triangles, for the packed surfaces, the shadow map and the silhouettes alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from OpenGL import GL

from rendering.draw_list import DrawList
from rendering.materials import TEXTURE_SLOTS
from rendering.resources import UNITS, Resources

Constants = tuple[tuple[str, int], ...]
"""What shaders are compiled with: names and numbers."""

_FINISHING = ("metallic_roughness_texture", "normal_texture", "emissive_texture")


def draw_triangles(
    resources: Resources,
    listed: DrawList,
    constants: Constants,
    rows: np.ndarray | None = None,
    depth_test: bool = True,
) -> None:
    """Draw the parts into the framebuffer that is bound.

    Args:
        resources: of the context; the frame's and the objects' blocks are uploaded.
        listed: what to draw.
        constants: of `shaders/surface.frag`; `SHADED` asks for base colours and `FINISH` for all else of a material.
        rows: of the list; None for all in view, near to far.
        depth_test: whether nearer surfaces hide others.
    """
    names = dict(constants)
    shaded, finished = "SHADED" in names, "FINISH" in names
    double_sided: bool | None = None
    program = None
    if depth_test:
        GL.glEnable(GL.GL_DEPTH_TEST)
    for row in (listed.order if rows is None else rows).tolist():
        material, mesh = listed.parts[row].material, resources.meshes[listed.meshes[row]]
        traits = (tuple(material.textures), material.alpha_cutoff is not None, material.double_sided,
                  any(material.emissive), mesh.has_uvs, mesh.has_colours)  # fmt: skip
        textures, features = _features(*traits, shaded, finished)
        wanted = resources.surface_program(features, constants)
        if wanted is not program:
            program = wanted
            program.use()
        if material.double_sided is not double_sided:
            double_sided = material.double_sided
            (GL.glDisable if double_sided else GL.glEnable)(GL.GL_CULL_FACE)
        for name in textures:
            resources.textures[getattr(material, name), TEXTURE_SLOTS[name]].bind(UNITS[name])
        resources.object_blocks.use(row)
        mesh.draw()
    GL.glDisable(GL.GL_CULL_FACE)
    GL.glDisable(GL.GL_DEPTH_TEST)


def needs_finish(listed: DrawList) -> bool:
    """Whether a material in view has more than one base colour, roughness and metalness."""
    materials = (listed.parts[row].material for row in listed.order.tolist())
    return any(any(one.emissive) or any(name in _FINISHING for name in one.textures) for one in materials)


@lru_cache
def _features(
    textures: tuple[str, ...], cut: bool, double_sided: bool, emissive: bool, has_uvs: bool, has_colours: bool,
    shaded: bool, finished: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:  # fmt: skip
    """Names of the textures that a pass looks at, and of what the shader must do for this surface."""
    wanted = (("base_colour_texture",) if shaded or cut else ()) + _FINISHING * finished
    seen = tuple(name for name in textures if name in wanted and has_uvs)
    features = [name.upper() for name in seen]
    features += ["TEXTURED"] * bool(seen) + ["ALPHA_CUT"] * cut + ["DOUBLE_SIDED"] * double_sided
    features += ["VERTEX_COLOURS"] * (has_colours and (shaded or cut)) + ["EMISSIVE"] * (finished and emissive)
    return seen, tuple(features)
