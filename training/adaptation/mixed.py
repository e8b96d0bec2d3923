"""Mixed: synthetic and real images, both with their labels, half a batch each."""

from __future__ import annotations

from typing import ClassVar

from training.adaptation.objective import Objective
from training.adaptation.task import SOURCE, TARGET


class Mixed(Objective):
    """Label loss on both domains."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)
