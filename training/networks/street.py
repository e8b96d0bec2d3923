"""A small residual U-Net with statistics of each domain, for street scenes on a few processor cores.

Skips and up-sampling after Ronneberger et al., MICCAI 2015 (1505.04597), residual blocks after He et al., CVPR 2016
(1512.03385).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.adaptation.domain_batch_normalization import DomainBatchNormalization
from training.networks.fitting import Size

DOMAINS = 2
FEATURES = "features"
"""The name of the layer whose output the domain head looks at: the deepest maps, 1/16 of the image's size."""

WIDTHS = (16, 32, 64, 96)
"""Filters at 1/2, 1/4, 1/8 and 1/16 of the image's size."""


def build(size: Size, classes: int) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 and their domains `(n,)` -> label logits.

    The logits, `{"label": (n, height, width, classes)}`, are found at half the size and resampled bilinearly. The
    domain (0 source, 1 target) chooses the statistics that normalise an image and nothing else.

    Args:
        size: height and width, both even.
        classes: number of classes.
    """
    image = keras.Input((*size, 3), name="image")
    domain = keras.Input((), dtype="int32", name="domain")
    maps = layers.Rescaling(1 / 64, offset=-2)(image)
    maps = _convolve(maps, domain, WIDTHS[0], side=5, stride=2)
    skips = [maps]
    for width in WIDTHS[1:]:
        maps = _convolve(maps, domain, width, stride=2)
        maps = _residual(maps, domain, width)
        skips.append(maps)
    maps = _residual(maps, domain, WIDTHS[-1], FEATURES)
    for width, skip in zip(WIDTHS[-2::-1], skips[-2::-1], strict=True):
        maps = _as_large_as(skip, layers.Conv2D(width, 1, use_bias=False)(maps))
        maps = _convolve(layers.Concatenate()([maps, skip]), domain, width)
    logits = layers.Conv2D(classes, 1, dtype="float32")(maps)
    logits = layers.UpSampling2D(2, interpolation="bilinear", dtype="float32", name="label_logits")(logits)
    return keras.Model({"image": image, "domain": domain}, {"label": logits}, name="street")


def _convolve(maps: Any, domain: Any, width: int, side: int = 3, stride: int = 1) -> Any:
    maps = layers.Conv2D(width, side, stride, padding="same", use_bias=False)(maps)
    return layers.ReLU()(DomainBatchNormalization(DOMAINS)(maps, domain))


def _residual(maps: Any, domain: Any, width: int, name: str | None = None) -> Any:
    inner = _convolve(maps, domain, width)
    inner = layers.Conv2D(width, 3, padding="same", use_bias=False)(inner)
    inner = DomainBatchNormalization(DOMAINS)(inner, domain)
    return layers.ReLU(name=name)(layers.Add()([maps, inner]))


def _as_large_as(skip: Any, maps: Any) -> Any:
    maps = layers.UpSampling2D(2)(maps)
    excess = [large - small for large, small in zip(maps.shape[1:3], skip.shape[1:3], strict=True)]
    return layers.Cropping2D(((0, excess[0]), (0, excess[1])))(maps) if any(excess) else maps
