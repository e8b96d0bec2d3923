"""The variational autoencoder: Kingma and Welling, ICLR 2014 (1312.6114), with the lecture's layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from training.networks.fitting import Size, cropped, image_input, padded, require_size

LATENT = 2


def build(size: Size, channels: int = 1) -> keras.Model:
    """Images `(n, height, width, channels)` with values 0 to 255 -> the same in 0 to 1, through two random numbers.

    51,627 weights for 28x28x1: 31,364 in its inner model `encoder`, 20,263 in `decoder`. The divergence from the
    standard normal is added to whatever loss the model is compiled with, which should sum over an image's pixels.

    Raises:
        UsageError: a side is open.
    """
    require_size("vae", size, 1)
    image = image_input(size, channels)
    scaled = padded(layers.Rescaling(1 / 255)(image), 4)
    height, width = (side // 4 for side in scaled.shape[1:3])

    given = maps = keras.Input(scaled.shape[1:])
    for filters in (32, 64):
        maps = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(maps)
    encoder = keras.Model(given, layers.Dense(2 * LATENT)(layers.Flatten()(maps)), name="encoder")

    latent = keras.Input((LATENT,))
    maps = layers.Dense(height * width * 2, activation="relu")(latent)
    maps = layers.Reshape((height, width, 2))(maps)
    for filters in (64, 32):
        maps = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(maps)
    restored = layers.Conv2D(channels, 3, padding="same", activation="sigmoid", dtype="float32")(maps)
    decoder = keras.Model(latent, restored, name="decoder")

    drawn = NormalSample(dtype="float32", name="sample")(encoder(scaled))
    return keras.Model(image, cropped(decoder(drawn), image), name="vae")


@keras.saving.register_keras_serializable("realitygap")
class NormalSample(layers.Layer):
    """Means and logarithms of variances `(n, 2 d)` -> in training a draw `(n, d)`, else the means.

    In both it adds to the losses the divergence of these normal distributions from the standard one, summed over the
    dimensions and averaged over the images.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The draw, or the means."""
        mean, log_variance = ops.split(inputs, 2, axis=-1)
        divergence = 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1 - log_variance, axis=-1)
        self.add_loss(ops.mean(divergence))
        if not training:
            return mean
        # The deviation is exp(log variance / 2), not exp(log variance).
        return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.draws)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Half of the last axis."""
        return (*input_shape[:-1], input_shape[-1] // 2)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "seed": self.seed}
