"""The things that stand and move in streets, drawn one at a time: built in, or from catalogues."""

from __future__ import annotations

from dataclasses import dataclass

from rendering.assets.asset import Asset
from rendering.assets.collection import Collection
from rendering.backgrounds import Colour
from rendering.materials import Material
from rendering.randomisation import Dice
from rendering.streets.classes import IDS
from rendering.streets.factors import Factors, choice, spread
from rendering.streets.palette import draw_colour
from rendering.streets.people import POSES
from rendering.streets.recipes import StreetMesh, StreetTexture
from rendering.streets.vehicles import CARS

CATALOGUE_CLASSES = {"car": "car", "truck": "truck", "bus": "bus", "person": "person", "bicycle": "bicycle",
                     "tree": "vegetation", "vegetation": "vegetation", "motorcycle": "motorcycle"}  # fmt: skip
"""Names in the label spaces of catalogues, and the class of streets that they serve as."""

_OWN = Material(roughness=0.75)
_SHINY = Material(roughness=0.3)
_LOOKS = 20
_SIGNS = (0, 1, 2, 3, 4, 5, 6, 0, 1, 3, 6, 2, 7, 8, 9)  # large panels are rare


@dataclass(frozen=True)
class Things:
    """Draws things.

    Attributes:
        dice: every draw takes as many numbers whatever the factors are.
        factors: `shape` holds the first of every kind, `colour` its typical colour, `material` its finish.
        packs: assets by class of streets, from `street_assets`.
        share: of the things that are taken from them, where there are any.
    """

    dice: Dice
    factors: Factors
    packs: dict[str, Collection]
    share: float = 0.5

    def car(self) -> Asset:
        """A car or a van."""
        kind = choice(self.dice, len(CARS), self.factors.shape)
        paint = self._paint("car")
        parts = tuple((StreetMesh("car", (kind, part)), (paint, _SHINY)[part]) for part in (0, 1))
        return self._or_from_pack("car", Asset("car", IDS["car"], parts))

    def lorry(self) -> Asset:
        """A truck with its load."""
        kind = choice(self.dice, 3, self.factors.shape)
        finishes = self._paint("lorry"), _SHINY, Material(draw_colour("lorry", self.dice, self.factors.colour), 0.7)
        parts = tuple((StreetMesh("lorry", (kind, part)), finish) for part, finish in enumerate(finishes))
        return self._or_from_pack("truck", Asset("lorry", IDS["truck"], parts))

    def bus(self) -> Asset:
        """With one deck or two."""
        kind = choice(self.dice, 2, self.factors.shape)
        finishes = self._paint("bus"), _SHINY
        parts = tuple((StreetMesh("bus", (kind, part)), finish) for part, finish in enumerate(finishes))
        return self._or_from_pack("bus", Asset("bus", IDS["bus"], parts))

    def bicycle(self, ridden: bool) -> Asset:
        """Without its rider; only built-in ones have saddles where riders sit."""
        paint = self._paint("car")
        parts = tuple((StreetMesh("bicycle", (part,)), (paint, _OWN)[part]) for part in (0, 1))
        asset = Asset("bicycle", IDS["bicycle"], parts)
        return asset if ridden else self._or_from_pack("bicycle", asset)

    def motorcycle(self) -> Asset:
        """Without a rider."""
        paint = self._paint("car")
        parts = tuple((StreetMesh("motorcycle", (part,)), (paint, _SHINY)[part]) for part in (0, 1))
        return Asset("motorcycle", IDS["motorcycle"], parts)

    def rider(self) -> Asset:
        """Somebody on a saddle, to be put where the bicycle is."""
        return self._body(-1.0, "rider")

    def person(self, walking: bool) -> Asset:
        """Somebody on foot."""
        drawn = self.dice.one_of((1, 2, 1, 2, 3) if walking else range(len(POSES)))
        return self._or_from_pack("person", self._body(float(drawn), "person"))

    def tree(self, conifers: bool = True) -> Asset:
        """In leaf or bare, or a conifer."""
        kind, number = self.dice.between((0.0, 1.0)), choice(self.dice, 6, self.factors.shape)
        leaf = draw_colour("leaves", self.dice, self.factors.colour)
        stem = Material(draw_colour("stem", self.dice, self.factors.colour), 0.9)
        twig = draw_colour("twigs", self.dice, self.factors.colour)
        trunk = (StreetMesh("trunk", (number,)), stem)
        if kind > 0.88 and conifers and self.factors.shape:
            foliage = (StreetMesh("conifer", (number,)), _leafy(leaf, 0))
        elif kind > 0.5 and self.factors.shape:
            foliage = (StreetMesh("twigs", (number,)), _leafy(twig, number % 3, "branches"))
        else:
            foliage = (StreetMesh("crown", (number,)), _leafy(leaf, number % 2))
        return self._or_from_pack("vegetation", Asset("tree", IDS["vegetation"], (trunk, foliage)))

    def bush(self) -> Asset:
        """A shrub."""
        number = choice(self.dice, 4, self.factors.shape)
        leaf = _leafy(draw_colour("leaves", self.dice, self.factors.colour), 0)
        return Asset("bush", IDS["vegetation"], ((StreetMesh("bush", (number,)), leaf),))

    def street_light(self) -> Asset:
        """A lamp post."""
        form, paint = choice(self.dice, 3, self.factors.shape), self.pole_paint()
        return Asset("street light", IDS["pole"], ((StreetMesh("street_light", (form,)), paint),))

    def sign(self) -> tuple[Asset, float]:
        """The face of a sign and the height of its middle."""
        form = _SIGNS[choice(self.dice, len(_SIGNS), self.factors.shape)]
        asset = Asset("sign", IDS["traffic sign"], ((StreetMesh("sign", (form,)), Material(roughness=0.5)),))
        return asset, spread(self.dice, (2.1, 2.8), self.factors.pose) + (0.3 if form >= 7 else 0.0)

    def traffic_light(self) -> Asset:
        """The lamps without their post."""
        state = choice(self.dice, 3, self.factors.shape)
        return Asset("traffic light", IDS["traffic light"], ((StreetMesh("traffic_light", (state,)), _OWN),))

    def post(self, height_m: float, radius_m: float = 0.045) -> Asset:
        """A plain pole."""
        return Asset("post", IDS["pole"], ((StreetMesh("pole", (height_m, radius_m)), self.pole_paint()),))

    def bollard(self) -> Asset:
        """A short post."""
        form = choice(self.dice, 2, self.factors.shape)
        material = self.pole_paint() if form == 0 else Material(roughness=0.6)
        return Asset("bollard", IDS["pole"], ((StreetMesh("bollard", (form,)), material),))

    def pole_paint(self) -> Material:
        """What posts are covered with."""
        return Material(draw_colour("pole", self.dice, self.factors.colour), 0.6)

    def _paint(self, palette: str) -> Material:
        colour = draw_colour(palette, self.dice, self.factors.colour)
        return Material(colour, spread(self.dice, (0.2, 0.5), self.factors.material))

    def _body(self, pose: float, class_name: str) -> Asset:
        look = choice(self.dice, _LOOKS, self.factors.shape)
        cloth = Material(draw_colour("clothes", self.dice, self.factors.colour), 0.9)
        parts = tuple((StreetMesh("person", (pose, look, part)), (cloth, _OWN)[part]) for part in (0, 1))
        return Asset(class_name, IDS[class_name], parts)

    def _or_from_pack(self, class_name: str, asset: Asset) -> Asset:
        """The asset, or by chance one of the packs'; draws three numbers."""
        lot, pack = self.dice.between((0.0, 1.0)), self.packs.get(class_name)
        if pack is None:
            self.dice.between((0.0, 1.0)), self.dice.between((0.0, 1.0))
            return asset
        chosen = pack.choose(self.dice)
        return pack.load(chosen) if lot < self.share and self.factors.shape else asset


def without_leaves(plant: Asset) -> Asset:
    """The plant with a closed crown in place of one of single leaves, which would cost much and not be seen."""
    parts = []
    for mesh, material in plant.parts:
        if isinstance(mesh, StreetMesh) and mesh.model == "crown":
            mesh = StreetMesh("far_crown", mesh.values)
            material = Material(material.base_colour, 0.95, base_colour_texture=StreetTexture("foliage"))
        parts.append((mesh, material))
    return Asset(plant.name, plant.class_id, tuple(parts))


def _leafy(colour: Colour, variant: int, picture: str = "leaves") -> Material:
    # Twigs are thin: a lower threshold keeps them where mipmaps blend them with the holes.
    cutoff = 0.5 if picture == "leaves" else 0.3
    return Material(colour, 0.9, alpha_cutoff=cutoff, base_colour_texture=StreetTexture(picture, variant))
