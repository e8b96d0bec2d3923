"""A second stage after DANN: the network is taught on by its own moving average on other views of target images.

DIRT-T (Shu et al., ICLR 2018, 1802.08735) is the idea of such a stage. What is done in it is put together from
self-ensembling (French et al., ICLR 2018, 1706.05208) with FixMatch's hard labels and strong views (Sohn et al.,
NeurIPS 2020, 2001.07685), information maximisation (Hu et al., ICML 2017, 1702.08720), and source images blended with
target images (domain mix-up: Xu et al., AAAI 2020, 1912.01805), while the adversary goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import tensorflow as tf

from training.adaptation.dann import domain_head, domain_loss
from training.adaptation.information import diversity, mean_entropy
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task
from training.adaptation.teacher import Teacher, surer_than
from training.adaptation.views import other_views

_SURE = 0.9
_TEACHING_WEIGHT = 1.0
_INFORMATION_WEIGHT = 0.3
_BLENDED = 0.6  # at most so much of a target image in a source image
_BLEND_STREAM = 19


class Refine(Objective):
    """The losses of DANN, information maximisation, and the teacher's labels on other views of target images."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        self.heads = (domain_head(network, recipe),)
        self.teacher = Teacher(network)

    def prepare(self, batch: Batch) -> Batch:
        """Blend source images with target images of the batch, whose figures are clutter there."""
        if len(batch.images.shape) != 4:
            return batch
        source, target = batch.of_source(batch.images), batch.of_target(batch.images)
        share = _BLENDED * self.random([batch.source, 1, 1, 1], batch.step, _BLEND_STREAM)
        blended = (1.0 - share) * source + share * target[: batch.source]
        return replace(batch, images=tf.concat([blended, target], 0))

    def losses(self, batch: Batch) -> Losses:
        """Four losses, those that trust the network's own answers rising as it goes."""
        target, domains = batch.of_target(batch.images), batch.of_target(batch.domains)
        assert self.teacher is not None
        labels, sure = self.teacher.answers(batch, surer_than(_SURE))
        outputs = self.network(batch.images, batch.domains)
        own = batch.of_target(outputs.logits)
        domain, accuracy = domain_loss(self.heads[0](outputs.features, training=True), batch.domains)
        views, labels, weights = other_views(self, target, labels, sure, batch.step)
        # The statistics that images are classified under afterwards are those of images, not of their views.
        seen = self.network(views, domains, statistics=False)
        taught = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=seen.logits)
        ramp = self.ramp(batch.step)
        return Losses(
            {
                "label_loss": self.label_loss(batch.labels, outputs.logits),
                "domain_loss": domain,
                "information_loss": _INFORMATION_WEIGHT * ramp * (mean_entropy(own) - diversity(own)),
                "self_training_loss": _TEACHING_WEIGHT * ramp * tf.reduce_mean(weights * taught),
            },
            watched={"domain_accuracy": accuracy, "sure": tf.reduce_mean(sure)},
        )
