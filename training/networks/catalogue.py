"""The networks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import keras

from training.networks import (
    autoencoders,
    convnets,
    deeplab,
    digits,
    fcn,
    gan,
    pets,
    resnet,
    segformer,
    unet,
    unet_book,
    unet_plus_plus,
    vae,
    xception,
)
from training.networks.parameters import ParameterCounts, count_parameters

NetworkTask = Literal["segmentation", "classification", "localisation", "restoration", "generation"]


@dataclass(frozen=True)
class NetworkEntry:
    """One architecture.

    Attributes:
        name: what options call it.
        task: what it predicts: a class for each pixel, one for the image, a class and a box, a better image, or an
            image of noise.
        about: one line for lists.
        paper: where it comes from.
        build: `(height, width)`, which may be None where any size will do, and number of classes -> an untrained
            model from pixels 0 to 255 to probabilities; for restoration and generation the number is that of the
            image's channels, and values 0 to 1, or -1 to 1, come out. Further arguments have defaults.
        reference_size: height and width of the form that its source describes.
        reference_classes: and its number of classes.
        channels: of the images that it takes.
        reference_options: further arguments of `build` in that form.
    """

    name: str
    task: NetworkTask
    about: str
    paper: str
    build: Callable[..., keras.Model]
    reference_size: tuple[int, int]
    reference_classes: int
    channels: int = 3
    reference_options: Mapping[str, Any] = field(default_factory=dict)

    def reference(self) -> keras.Model:
        """The network in the form of its source."""
        return self.build(self.reference_size, self.reference_classes, **self.reference_options)

    def reference_counts(self) -> ParameterCounts:
        """The weights of that form, counted without making them."""
        return count_parameters(self.reference)


_SEGMENTATION = (
    NetworkEntry("pets", "segmentation", "strided convolutions down, transposed ones up",
                 "the lectures' network for Oxford-IIIT Pets", pets.build, (200, 200), 3),
    NetworkEntry("fcn8s", "segmentation", "VGG16, convolutional to the end, with two skips",
                 "Long et al., CVPR 2015 (1411.4038)", fcn.build, (512, 512), 19),
    NetworkEntry("fcn8s_light", "segmentation", "FCN-8s of a quarter of the width, normalised; for processors",
                 "after Long et al., CVPR 2015 (1411.4038)", fcn.build_light, (180, 240), 11),
    NetworkEntry("unet", "segmentation", "64 to 1024 filters, 3x3, four skips",
                 "Ronneberger et al., MICCAI 2015 (1505.04597)", unet.build, (512, 512), 2),
    NetworkEntry("unet_light", "segmentation", "a quarter of the width of U-Net, normalised; for processors",
                 "after Ronneberger et al., MICCAI 2015 (1505.04597)", unet.build_light, (128, 128), 3),
    NetworkEntry("unet_book", "segmentation", "32 to 512 filters, 4x4, normalised",
                 "Planche and Andres, Hands-On Computer Vision with TensorFlow 2, 2019", unet_book.build,
                 (512, 512), 19),
    NetworkEntry("unet_plus_plus", "segmentation", "nested skips",
                 "Zhou et al., DLMIA 2018 (1807.10165)", unet_plus_plus.build, (512, 512), 2),
    NetworkEntry("unet_plus_plus_deep", "segmentation", "the same with a loss on each of its four heads",
                 "Zhou et al., DLMIA 2018 (1807.10165)", unet_plus_plus.build_deep, (512, 512), 2),
    NetworkEntry("deeplab_v3_plus", "segmentation", "ResNet-34 at stride 16, pyramid of rates, decoder",
                 "Chen et al., ECCV 2018 (1802.02611)", deeplab.build, (512, 512), 19),
    NetworkEntry("deeplab_v3_plus_light", "segmentation", "the same on half a ResNet-18; for processors",
                 "after Chen et al., ECCV 2018 (1802.02611)", deeplab.build_light, (180, 240), 11),
    NetworkEntry("segformer_b0", "segmentation", "transformer of four scales, all-MLP decoder",
                 "Xie et al., NeurIPS 2021 (2105.15203)", segformer.build, (512, 512), 150),
)  # fmt: skip

_OTHERS = (
    NetworkEntry("lenet5", "classification", "two convolutions, tanh; dense output",
                 "LeCun et al., Proc. IEEE 1998", convnets.build_lenet5, (32, 32), 10, channels=1),
    NetworkEntry("lenet5_variant", "classification", "four 3x3 convolutions and linear dense layers",
                 "the lectures' variant of LeNet-5", convnets.build_lenet5_variant, (28, 28), 10, channels=1),
    NetworkEntry("simple_cnn", "classification", "a 7x7 and four 3x3 convolutions",
                 "the lectures' simple network", convnets.build_simple_cnn, (28, 28), 10, channels=1),
    NetworkEntry("alexnet", "classification", "five convolutions and three dense layers",
                 "Krizhevsky et al., NIPS 2012", convnets.build_alexnet, (227, 227), 1000),
    NetworkEntry("resnet34", "classification", "sixteen residual units",
                 "He et al., CVPR 2016 (1512.03385)", resnet.build, (224, 224), 10),
    NetworkEntry("xception", "classification", "Xception's features, frozen, and a new head",
                 "Chollet, CVPR 2017 (1610.02357)", xception.build, (224, 224), 5,
                 reference_options={"frozen": True}),
    NetworkEntry("xception_localisation", "localisation", "the same with a head for one box",
                 "Chollet, CVPR 2017 (1610.02357)", xception.build_localisation, (224, 224), 5,
                 reference_options={"frozen": True}),
    NetworkEntry("digits", "classification", "two 5x5 convolutions, statistics per domain; for studies",
                 "after Ganin et al., JMLR 2016 (1505.07818)", digits.build, (32, 32), 10),
)  # fmt: skip

_GENERATIVE = (
    NetworkEntry("autoencoder", "restoration", "dense, through 32 numbers; denoises when trained to",
                 "Planche and Andres, 2019, chapter 6", autoencoders.build, (28, 28), 1, channels=1),
    NetworkEntry("autoencoder_super_resolution", "restoration", "four times as large, without skips",
                 "Planche and Andres, 2019, chapter 6", autoencoders.build_super_resolution, (64, 64), 3),
    NetworkEntry("unet_super_resolution", "restoration", "four times as large, with skips",
                 "Planche and Andres, 2019, chapter 6", unet_book.build_super_resolution, (64, 64), 3),
    NetworkEntry("vae", "restoration", "through two random numbers",
                 "Kingma and Welling, ICLR 2014 (1312.6114)", vae.build, (28, 28), 1, channels=1),
    NetworkEntry("gan_generator", "generation", "from two random numbers to an image",
                 "Goodfellow et al., NIPS 2014 (1406.2661)", gan.build_generator, (28, 28), 1, channels=1),
    NetworkEntry("gan_discriminator", "classification", "real or made",
                 "Goodfellow et al., NIPS 2014 (1406.2661)", gan.build_discriminator, (28, 28), 2, channels=1),
)  # fmt: skip

NETWORKS: dict[str, NetworkEntry] = {entry.name: entry for entry in _SEGMENTATION + _OTHERS + _GENERATIVE}
