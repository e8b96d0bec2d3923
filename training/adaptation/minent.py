"""Entropy minimisation: be sure on the target (Grandvalet and Bengio, NIPS 2004; for pixels Vu et al., CVPR 2019)."""

from __future__ import annotations

from typing import ClassVar

from training.adaptation.information import mean_entropy
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET

_WEIGHT = 0.1


class MinEnt(Objective):
    """Label loss on the source plus the entropy of predictions on the target."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def losses(self, batch: Batch) -> Losses:
        """Both losses; being sure pays only once there is something to be sure of."""
        outputs = self.network(batch.images, batch.domains)
        entropy = mean_entropy(batch.of_target(outputs.logits))
        label_loss = self.label_loss(batch.labels, outputs.logits)
        return Losses({"label_loss": label_loss, "entropy_loss": _WEIGHT * self.ramp(batch.step) * entropy})
