"""Source only: trained on synthetic images and used on real ones as it is. The floor of every study."""

from __future__ import annotations

from typing import ClassVar

from training.adaptation.objective import Objective
from training.adaptation.task import SOURCE


class SourceOnly(Objective):
    """Label loss on the source; target images are normalised by the source's statistics."""

    evaluates_as: ClassVar[int] = SOURCE
