"""The plan of one street: its line, its widths and where side streets leave it."""

from __future__ import annotations

from dataclasses import dataclass

from rendering.streets.path import Path

KERB_M = 0.12
"""Height of pavements above the road."""


@dataclass(frozen=True)
class Site:
    """A street with a road and two pavements.

    Attributes:
        path: the middle of the road.
        road_m: half the width of the road.
        pavement_m: widths of the left and the right pavement.
        start_m: where the street begins on the path.
        end_m: where it ends.
        left_hand: whether traffic keeps to the left.
        gaps: stretches of the path, from and to, where side streets join.
        lanes: of the whole road.
    """

    path: Path
    road_m: float
    pavement_m: tuple[float, float]
    start_m: float
    end_m: float
    left_hand: bool
    gaps: tuple[tuple[float, float], ...] = ()
    lanes: int = 2

    @property
    def own_side(self) -> int:
        """1 where traffic that goes along the path keeps to the right, else -1."""
        return -1 if self.left_hand else 1

    def width_m(self, side: int) -> float:
        """Of the pavement on a side: -1 left, 1 right."""
        return self.pavement_m[(side + 1) // 2]

    def edge_m(self, side: int) -> float:
        """How far from the path the pavement ends."""
        return self.road_m + self.width_m(side)

    def stretches(self, margin_m: float = 0.0) -> tuple[tuple[float, float], ...]:
        """What is left between the gaps, each end drawn in by a margin."""
        cuts = sorted(self.gaps)
        starts = [self.start_m, *(end + margin_m for _, end in cuts)]
        ends = [*(start - margin_m for start, _ in cuts), self.end_m]
        return tuple((a, b) for a, b in zip(starts, ends, strict=True) if b - a > 1.0)

    def free(self, s_m: float, margin_m: float = 1.0) -> bool:
        """Whether a place along the path lies outside all gaps."""
        return all(s_m < start - margin_m or s_m > end + margin_m for start, end in self.gaps)
