"""What surfaces are made of."""

from __future__ import annotations

from dataclasses import dataclass

from rendering.backgrounds import Colour
from rendering.checks import keep_colours
from rendering.textures import TextureRecipe


@dataclass(frozen=True)
class Material:
    """A surface of the metallic-roughness model (glTF 2.0, section 3.9); textures multiply the plain values.

    Attributes:
        base_colour: share of light reflected, linear R, G, B from 0 to 1.
        roughness: 0 is a mirror, 1 is matt.
        metallic: 0 is a dielectric, 1 a metal.
        emissive: light that it sends out by itself, linear R, G, B; 1 shows as white.
        alpha_cutoff: texels whose alpha is lower are holes, in colour and labels alike; None: there are no holes.
        double_sided: whether its triangles are seen from behind too, with the normal turned to the viewer.
        base_colour_texture: sRGB colours, and alpha for the holes.
        metallic_roughness_texture: roughness in G, metallic in B.
        normal_texture: tangent-space normals, +x along u, +y against v (glTF 2.0, section 3.9.3).
        emissive_texture: sRGB colours.

    Raises:
        ValueError: a value is outside its range.
    """

    base_colour: Colour = (0.8, 0.8, 0.8)
    roughness: float = 0.6
    metallic: float = 0.0
    emissive: Colour = (0.0, 0.0, 0.0)
    alpha_cutoff: float | None = None
    double_sided: bool = False
    base_colour_texture: TextureRecipe | None = None
    metallic_roughness_texture: TextureRecipe | None = None
    normal_texture: TextureRecipe | None = None
    emissive_texture: TextureRecipe | None = None

    def __post_init__(self) -> None:
        keep_colours(self, "base_colour", "emissive")
        shares = (*self.base_colour, self.roughness, self.metallic, self.alpha_cutoff or 0.0)
        if not (min(shares) >= 0 and max(shares) <= 1 and sum(shares) <= len(shares)):  # the sum finds NaN
            raise ValueError(f"material: every value but emissive must be between 0 and 1, got {self}")

    @property
    def textures(self) -> dict[str, TextureRecipe]:
        """The textures that it has, by the name of their attribute."""
        found: dict[str, TextureRecipe] | None = self.__dict__.get("_textures")
        if found is None:  # not a `cached_property`: until Python 3.12 its lock takes longer than all of this
            recipes = {name: getattr(self, name) for name in TEXTURE_SLOTS}
            found = {name: recipe for name, recipe in recipes.items() if recipe is not None}
            self.__dict__["_textures"] = found
        return found


TEXTURE_SLOTS = {
    "base_colour_texture": True,
    "metallic_roughness_texture": False,
    "normal_texture": False,
    "emissive_texture": True,
}
"""The textures of a material, and whether their pictures are sRGB-encoded colours."""
