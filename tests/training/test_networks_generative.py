from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from training.networks import autoencoders, gan, unet_book, vae
from training.networks.parameters import count_parameters


@pytest.mark.parametrize(
    "build, encoder, decoder", [(autoencoders.build, 110_816, 111_568), (vae.build, 31_364, 20_263)]
)
def test_weights_of_encoder_and_decoder(build: Callable[..., keras.Model], encoder: int, decoder: int) -> None:
    assert count_parameters(lambda: build((28, 28)).get_layer("encoder")).total == encoder
    assert count_parameters(lambda: build((28, 28)).get_layer("decoder")).total == decoder


def test_a_draw_has_the_deviation_that_was_asked_for_and_the_divergence_is_the_closed_form() -> None:
    mean, log_variance = np.array([1.5, -2.0]), np.log(np.array([0.25, 9.0]))
    layer = vae.NormalSample(seed=0)
    given = np.tile(np.concatenate([mean, log_variance]), (20_000, 1)).astype(np.float32)
    drawn = np.asarray(layer(given, training=True))
    np.testing.assert_allclose(drawn.mean(0), mean, atol=0.07)
    np.testing.assert_allclose(drawn.std(0), [0.5, 3.0], rtol=0.03)
    np.testing.assert_allclose(layer(given), given[:, :2])
    # E[log p - log q] by the draws themselves.
    log_q = -0.5 * (((drawn - mean) ** 2) / np.exp(log_variance) + log_variance).sum(-1)
    log_p = -0.5 * (drawn**2).sum(-1)
    assert float(layer.losses[0]) == pytest.approx((log_q - log_p).mean(), rel=0.03)


def test_the_divergence_is_added_to_the_loss_of_the_model() -> None:
    keras.utils.set_random_seed(0)
    model = vae.build((28, 28))
    model.compile(loss="mse", run_eagerly=True)
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1)).astype(np.uint8)
    encoded = np.asarray(model.get_layer("encoder")(images / np.float32(255)))
    mean, log_variance = encoded[:, :2], encoded[:, 2:]
    divergence = 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(-1).mean()
    plain = np.mean((np.asarray(model(images)) - images / 255) ** 2)
    assert model.test_on_batch(images, images / 255) == pytest.approx(plain + divergence, rel=1e-4)


@pytest.mark.parametrize(
    "build", [autoencoders.build_super_resolution, lambda size: unet_book.build_super_resolution(size, filters=4)]
)
def test_enlarged_images_are_four_times_as_large_whatever_the_size(build: Callable[..., keras.Model]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 7, 11, 3)).astype(np.uint8)
    for size in ((7, 11), (None, None)):
        larger = np.asarray(build(size)(image))
        assert larger.shape == (1, 28, 44, 3)
        assert 0 <= larger.min() < larger.max() <= 1


def test_what_the_generator_makes_the_discriminator_takes() -> None:
    keras.utils.set_random_seed(0)
    made = gan.build_generator((28, 28))(np.random.default_rng(0).normal(size=(3, 2)))
    assert made.shape == (3, 28, 28, 1)
    assert np.abs(np.asarray(made)).max() <= 1
    judged = np.asarray(gan.build_discriminator((28, 28))(127.5 * (made + 1)))
    np.testing.assert_allclose(judged.sum(-1), 1, atol=1e-6)
