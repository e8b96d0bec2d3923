"""Every source that can be converted, by the name the command uses."""

from __future__ import annotations

from typing import Any

from datasets.camvid import CamVid
from datasets.cityscapes import Cityscapes
from datasets.digits import Digits
from datasets.mnist import Mnist
from datasets.mnistm import MnistM
from datasets.pets import Pets
from datasets.synthia import Synthia

SOURCES: dict[str, type[Any]] = {
    "cityscapes": Cityscapes,
    "synthia": Synthia,
    "pets": Pets,
    "camvid": CamVid,
    "mnist": Mnist,
    "mnistm": MnistM,
    "digits": Digits,
}
"""The class of each; the first argument of every one is the folder, `splits` is an option of all."""
