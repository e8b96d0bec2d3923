from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from datasets.errors import UsageError
from training.networks import digits, pets
from training.networks.catalogue import NETWORKS

PETS_LAYERS = [
    1792, 36928, 73856, 147584, 295168, 590080, 590080, 590080, 295040, 147584, 73792, 36928, 1731,
]  # fmt: skip


def test_pets_network_has_the_lectures_weights_layer_by_layer() -> None:
    model = pets.build((200, 200), 3)
    assert [layer.count_params() for layer in model.layers if layer.count_params()] == PETS_LAYERS
    assert model.count_params() == 2_880_643
    strides = [layer.strides[0] for layer in model.layers if hasattr(layer, "strides")]
    assert strides == [2, 1, 2, 1, 2, 1, 1, 2, 1, 2, 1, 2, 1]


def test_pets_network_gives_probabilities_at_the_size_of_the_image_and_scales_it_itself() -> None:
    keras.utils.set_random_seed(0)
    model = pets.build((16, 24), 3)
    image = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3)).astype(np.uint8)
    probabilities = np.asarray(model(image))
    assert probabilities.shape == (2, 16, 24, 3)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-6)
    first = model.layers[2]
    assert isinstance(first, keras.layers.Conv2D)
    seen = keras.Model(model.input, first.input)(image)
    np.testing.assert_allclose(seen, image / 255, atol=1e-7)


def test_pets_network_refuses_a_size_that_would_come_back_changed() -> None:
    with pytest.raises(UsageError, match="divisible by 8, got 200x100"):
        pets.build((200, 100), 3)


def test_digit_network_sees_the_domain_only_in_its_statistics() -> None:
    keras.utils.set_random_seed(1)
    model = digits.build((32, 32), 10)
    image = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)

    def logits(domain: int) -> np.ndarray:
        return np.asarray(model({"image": image, "domain": np.full(3, domain, np.int32)})["label"])

    np.testing.assert_array_equal(logits(0), logits(1))
    for layer in model.layers:
        if hasattr(layer, "moving_mean"):
            layer.moving_mean.assign(np.asarray(layer.moving_mean) + np.array([[0.0], [0.3]]))
    assert np.abs(logits(0) - logits(1)).max() > 0.01


def test_domain_head_shares_the_classifiers_layers() -> None:
    model = digits.build((32, 32), 10)
    adversarial = digits.with_domain_head(model, 10, 1.0)
    shared = {id(weight) for weight in model.weights}
    assert shared <= {id(weight) for weight in adversarial.weights}
    head = adversarial.count_params() - model.count_params()
    assert head == (100 * 100 + 100) + (100 + 1) + 1  # two dense layers and the reversal's step counter


@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_network_survives_saving(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    model = NETWORKS[name].build((32, 32), 4)
    image = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    given = {"image": image, "domain": np.array([0, 1], np.int32)} if name == "digits" else image
    before = model(given)
    model.save(tmp_path / "model.keras")
    after = keras.models.load_model(tmp_path / "model.keras")(given)
    for left, right in zip(keras.tree.flatten(before), keras.tree.flatten(after), strict=True):
        np.testing.assert_array_equal(left, right)
