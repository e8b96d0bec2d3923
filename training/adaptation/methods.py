"""The adaptation methods by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from datasets.errors import UsageError
from training.adaptation.adabn import AdaBN
from training.adaptation.cdan import Cdan
from training.adaptation.coral import Coral
from training.adaptation.dacs import Dacs
from training.adaptation.dann import Dann
from training.adaptation.fda import Fda
from training.adaptation.infomax import InfoMax, Shot
from training.adaptation.loop import Note, Outcome, fit
from training.adaptation.minent import MinEnt
from training.adaptation.mixed import Mixed
from training.adaptation.mmd import Mmd
from training.adaptation.network import Network
from training.adaptation.objective import Objective
from training.adaptation.on_target import OnTarget
from training.adaptation.output_space import AdvEnt, OutputSpace
from training.adaptation.refine import Refine
from training.adaptation.self_training import SelfTraining
from training.adaptation.source_only import SourceOnly
from training.adaptation.task import Recipe, Task
from training.adaptation.vat import Vat


@dataclass(frozen=True)
class Method:
    """One way to get a network for the target domain.

    Attributes:
        title: how tables name it.
        about: one sentence for a reader who does not know it.
        paper: where it comes from.
        target_use: what it may see of the target: `nothing`, its `images`, or images with `labels`.
        objective: its losses.
        starts_from: the method whose trained weights of the same seed it is given; else fresh ones.
        recipe: what it changes of the recipe that all share.
    """

    title: str
    about: str
    paper: str
    target_use: Literal["nothing", "images", "labels"]
    objective: type[Objective]
    starts_from: str | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def recipe_of(self, recipe: Recipe) -> Recipe:
        """The shared recipe with this method's changes."""
        return replace(recipe, **self.recipe)

    def adapt(
        self, network: Network, task: Task, recipe: Recipe, seed: int, note: Note, folder: Path | None = None
    ) -> Outcome:
        """Train the network; see `loop.fit`."""
        recipe = self.recipe_of(recipe)
        if network.batch_norm != recipe.batch_norm:
            raise UsageError(f"{self.title} needs batch_norm {recipe.batch_norm!r}, got {network.batch_norm!r}")
        return fit(self.objective(network, task, recipe, seed), task, recipe, seed, note, folder)


SOURCE_ONLY, ON_TARGET = "source_only", "on_target"
"""The floor and the ceiling that every other method is measured between."""

METHODS: dict[str, Method] = {
    SOURCE_ONLY: Method(
        "Source only", "Learns from labelled source images and meets the target for the first time in the test.",
        "the baseline of all", "nothing", SourceOnly),
    "source_only_longer": Method(
        "Source only, twice the steps", "The source-only network trained on as it was; second stages have to beat it.",
        "the control of second stages", "nothing", SourceOnly, starts_from=SOURCE_ONLY),
    "augmentation": Method(
        "Source only, augmented", "Source only with images whose light, colours, sharpness and noise are changed at "
        "random.", "the alternative that needs no target image", "nothing", SourceOnly,
        recipe={"augmentation": "photographic"}),
    "no_augmentation": Method(
        "Source only, as it comes", "Source only with images as they are, where other rows learn from changed ones.",
        "what the recipe's augmentation is worth", "nothing", SourceOnly, recipe={"augmentation": "none"}),
    "adabn": Method(
        "AdaBN", "The source-only network with batch statistics taken anew from unlabelled target images.",
        "Li et al., 2016 (1603.04779)", "images", AdaBN, starts_from=SOURCE_ONLY),
    "dann": Method(
        "DANN", "Features that hide from a second head, behind a gradient reversal, which domain they are of.",
        "Ganin et al., JMLR 2016 (1505.07818)", "images", Dann),
    "dann_joint": Method(
        "DANN, joint statistics", "DANN with batch statistics that both domains share.",
        "Ganin et al., JMLR 2016 (1505.07818)", "images", Dann, recipe={"batch_norm": "joint"}),
    "dann_frozen": Method(
        "DANN, frozen statistics", "DANN from the source-only weights, whose batch statistics stay as they are.",
        "Ganin et al., JMLR 2016 (1505.07818)", "images", Dann, SOURCE_ONLY, {"batch_norm": "frozen"}),
    "augmentation_adabn": Method(
        "AdaBN, augmented", "The augmented source-only network with batch statistics taken anew from unlabelled target "
        "images.", "after Li et al., 2016 (1603.04779)", "images", AdaBN, starts_from="augmentation"),
    "dann_adabn": Method(
        "DANN + AdaBN", "The DANN network with the exact statistics of the target's images.",
        "1505.07818 and 1603.04779", "images", AdaBN, starts_from="dann"),
    "dann_refined": Method(
        "DANN, refined", "The DANN network, taught on by its own moving average on target images in other colours and "
        "places.", "1802.08735, 1706.05208, 2001.07685, 1912.01805; see docs/methods", "images", Refine,
        starts_from="dann"),
    "cdan": Method(
        "CDAN", "DANN whose domain head sees features times predicted classes, and trusts sure images more.",
        "Long et al., NeurIPS 2018 (1705.10667)", "images", Cdan),
    "coral": Method(
        "Deep CORAL", "Features of both domains with equal covariance.",
        "Sun and Saenko, 2016 (1607.01719)", "images", Coral),
    "mmd": Method(
        "MMD (DAN)", "Features of both domains with equal means under five Gaussian kernels.",
        "Long et al., ICML 2015 (1502.02791)", "images", Mmd),
    "minent": Method(
        "MinEnt", "Predictions on the target that are sure of themselves.",
        "Grandvalet and Bengio, NIPS 2004; Vu et al., CVPR 2019 (1811.12833)", "images", MinEnt),
    "output_space": Method(
        "Output-space adversary", "Predictions on the target that a discriminator takes for the source's.",
        "AdaptSegNet: Tsai et al., CVPR 2018 (1802.10349)", "images", OutputSpace),
    "advent": Method(
        "AdvEnt", "The same for the uncertainty of the predictions, class by class.",
        "Vu et al., CVPR 2019 (1811.12833)", "images", AdvEnt),
    "fda": Method(
        "FDA", "Learns from source images that are given the target's low frequencies: its colours and light.",
        "Yang and Soatto, CVPR 2020 (2004.05498)", "images", Fda),
    "dacs": Method(
        "Mean teacher (DACS)", "Learns the labels that its own moving average gives mixed or perturbed target images.",
        "Tranheden et al., WACV 2021 (2007.08702)", "images", Dacs),
    "self_training": Method(
        "Self-training after AdaBN", "The AdaBN network, taught on by its own moving average on target images that are "
        "mixed with one another.", "after ClassMix (2007.07936) and FreeMatch (2205.07246)", "images", SelfTraining,
        starts_from="adabn"),
    "infomax": Method(
        "Information maximisation", "Predictions on the target that are sure each and diverse together.",
        "after Hu et al., ICML 2017 (1702.08720)", "images", InfoMax),
    "shot": Method(
        "SHOT", "The source-only network, whose features move under its classifier; the source is not needed again.",
        "Liang et al., ICML 2020 (2002.08546)", "images", Shot, starts_from=SOURCE_ONLY),
    "vat": Method(
        "VADA", "DANN with predictions that hold still around every image.",
        "Shu et al., ICLR 2018 (1802.08735)", "images", Vat),
    "mixed": Method(
        "Mixed", "Learns from source and target images, both with their labels.",
        "the upper baseline of all", "labels", Mixed),
    ON_TARGET: Method(
        "Trained on target", "Learns from the target's training images with their labels: what the same network and "
        "budget can reach.", "the ceiling of all", "labels", OnTarget),
    "on_target_longer": Method(
        "Trained on target, twice the steps", "The network trained on the target, trained on as it was; what begins on "
        "source images and goes on with target labels has to beat it.", "the control of fine-tuning", "labels",
        OnTarget, starts_from=ON_TARGET),
}  # fmt: skip
