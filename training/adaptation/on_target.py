"""Trained on target: real images with their labels. The ceiling of every study."""

from __future__ import annotations

from typing import ClassVar

from training.adaptation.objective import Objective
from training.adaptation.task import TARGET


class OnTarget(Objective):
    """Label loss on the target alone, for as many steps as the other methods."""

    domains: ClassVar[tuple[int, ...]] = (TARGET,)
