"""What holds for every network of the catalogue, and the totals of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from datasets.errors import UsageError
from training.adaptation import domain_heads
from training.networks import (
    convnets,
    deeplab,
    digits,
    fcn,
    pets,
    resnet,
    segformer,
    street,
    unet,
    unet_book,
    unet_plus_plus,
    xception,
)
from training.networks.catalogue import NETWORKS
from training.networks.fitting import PadToMultiple, Size
from training.networks.parameters import count_parameters, counts_of

Build = Callable[[Size, int], keras.Model]

TOTALS = {
    "pets": (2_880_643, 2_880_643),
    "fcn8s": (134_457_004, 134_457_004),
    "fcn8s_light": (981_500, 979_100),
    "unet": (31_031_810, 31_031_810),
    "unet_light": (1_945_555, 1_942_611),
    "unet_book": (13_304_371, 13_298_483),
    "unet_plus_plus": (9_042_210, 9_042_210),
    "unet_plus_plus_deep": (9_042_210 + 3 * 66, 9_042_210 + 3 * 66),
    "deeplab_v3_plus": (22_470_915, 22_446_019),
    "deeplab_v3_plus_light": (3_014_363, 3_006_107),
    "segformer_b0": (3_753_206, 3_752_694),
    "lenet5": (61_706, 61_706),
    "lenet5_variant": (108_804, 108_804),
    "simple_cnn": (1_413_834, 1_413_834),
    "alexnet": (62_378_344, 62_378_344),
    "resnet34": (21_306_826, 21_289_802),
    "xception": (20_871_725, 10_245),
    "xception_localisation": (20_879_921, 10_245 + 8_196),
    "digits": (172_990, 172_270),
    "autoencoder": (222_384, 222_384),
    "autoencoder_super_resolution": (2_427_427, 2_427_427),
    "unet_super_resolution": (15_354_179, 15_347_331),
    "vae": (51_627, 51_627),
    "gan_generator": (2_813_121, 2_813_121 - 2 * (8192 + 256 + 128 + 64)),
    "gan_discriminator": (666_818, 666_818 - 2 * (64 + 128 + 256)),
}

SMALL: dict[str, Build] = {
    "pets": pets.build,
    "fcn8s": partial(fcn.build, widths=fcn.Widths(((8, 2), (8, 2), (8, 3), (8, 3), (8, 3)), 16)),
    "fcn8s_light": fcn.build_light,
    "unet": partial(unet.build, filters=4),
    "unet_light": partial(unet.build, filters=4, normalise=True),
    "unet_book": partial(unet_book.build, filters=4),
    "unet_plus_plus": partial(unet_plus_plus.build, filters=4, dropout=0.1),
    "deeplab_v3_plus": partial(deeplab.build, units=(1, 1, 1, 1), filters=8, width=16),
    "segformer_b0": partial(segformer.build, stages=segformer.Stages((8, 16, 40, 64), (1, 1, 1, 1), 32)),
}
"""The segmentation networks with fewer filters, for tests of how they are put together."""


def _images(count: int, height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels)).astype(np.uint8)


# --- totals ---------------------------------------------------------------------------------------------------------


def test_every_network_has_a_total_and_every_segmentation_network_a_small_form() -> None:
    assert set(TOTALS) == set(NETWORKS)
    segmentation = {name.removesuffix("_v3_plus_light") for name in NETWORKS if NETWORKS[name].task == "segmentation"}
    assert segmentation - {"deeplab", "unet_plus_plus_deep"} == set(SMALL)
    assert all(name == entry.name for name, entry in NETWORKS.items())


@pytest.mark.parametrize("name", list(TOTALS))
def test_totals_of_the_reference_form(name: str) -> None:
    counts = NETWORKS[name].reference_counts()
    assert (counts.total, counts.trainable) == TOTALS[name]
    assert sum(counts.each) == counts.total


PETS_LAYERS = (
    1792, 36928, 73856, 147584, 295168, 590080, 590080, 590080, 295040, 147584, 73792, 36928, 1731,
)  # fmt: skip
VGG16_LAYERS = (
    1792, 36928, 73856, 147584, 295168, 590080, 590080, 1180160, 2359808, 2359808, 2359808, 2359808, 2359808,
)  # fmt: skip


@pytest.mark.parametrize(
    "name, layers",
    [
        ("pets", PETS_LAYERS),
        # fc6, fc7, score, and from there up: to pool4, its scores, to pool3, its scores, to the image.
        ("fcn8s", (*VGG16_LAYERS, 102_764_544, 16_781_312, 77_843, 5_776, 9_747, 5_776, 4_883, 92_435)),
        ("lenet5", (156, 2416, 48120, 10164, 850)),
        ("lenet5_variant", (60, 330, 880, 2320, 94200, 10164, 850)),
        ("simple_cnn", (3200, 73856, 147584, 295168, 590080, 295040, 8256, 650)),
        ("alexnet", (34944, 614656, 885120, 1327488, 884992, 37752832, 16781312, 4097000)),
    ],
)
def test_totals_of_each_layer(name: str, layers: tuple[int, ...]) -> None:
    assert sorted(NETWORKS[name].reference_counts().each) == sorted(layers)


@pytest.mark.parametrize(
    "build, total",
    [
        (lambda: resnet.build((224, 224), 1000), 21_814_696),
        # U-Net++'s table has both in millions: 7.76 for a U-Net of its widths, 9.04 for itself.
        (lambda: unet.build((96, 96), 1, filters=32), 7_760_097),
        (lambda: unet_plus_plus.build((96, 96), 1), 9_041_601 + 576),
        (lambda: unet_plus_plus.build((96, 96), 1, deep_supervision=True), 9_041_601 + 576 + 3 * 33),
        # torchvision's total, which leaves moving statistics out.
        (lambda: resnet.build((224, 224), 1000, resnet.RESNET18), 11_689_512 + 9_600),
    ],
)
def test_totals_of_other_forms(build: Callable[[], keras.Model], total: int) -> None:
    assert count_parameters(build).total == total


@pytest.mark.parametrize("stages, millions", [(segformer.B0, 3.8), (segformer.B2, 27.5)])
def test_segformers_have_the_papers_millions(stages: segformer.Stages, millions: float) -> None:
    counts = count_parameters(lambda: segformer.build((512, 512), 150, stages))
    assert round(counts.trainable / 1e6, 1) == millions


def test_counting_makes_no_weights_then_or_later() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    before = resident()
    assert NETWORKS["fcn8s"].reference_counts().total == 134_457_004
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])  # Keras now makes what was left to be made
    assert resident() - before < 100e6


def test_counts_of_a_model_are_kerass() -> None:
    model = SMALL["deeplab_v3_plus"]((32, 32), 3)
    counts = counts_of(model)
    assert counts.total == model.count_params()
    made = count_parameters(lambda: SMALL["deeplab_v3_plus"]((32, 32), 3))
    assert (counts.total, counts.trainable, counts.each) == (made.total, made.trainable, made.each)


def test_the_books_network_has_its_layers() -> None:
    model = _layers(partial(unet_book.build, filters=4))
    assert {layer.negative_slope for layer in model if isinstance(layer, keras.layers.LeakyReLU)} == {0.3}
    assert [layer.rate for layer in model if isinstance(layer, keras.layers.Dropout)] == [0.3]
    kernels = [layer.kernel_size for layer in model if hasattr(layer, "kernel_size")]
    assert kernels == [(4, 4)] * 20 + [(1, 1)]
    restored = _layers(lambda size, _: unet_book.build_super_resolution(size, filters=4))
    assert [layer.rate for layer in restored if isinstance(layer, keras.layers.Dropout)] == [0.2] * 4


def _layers(build: Build) -> list[keras.layers.Layer]:
    return list(build((32, 32), 3).layers)


# --- segmentation networks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(SMALL))
def test_any_size_comes_back_as_it_went_in(name: str) -> None:
    keras.utils.set_random_seed(0)
    model = SMALL[name]((None, None), 5)
    for height, width in ((37, 51), (64, 32), (1, 90)):
        probabilities = np.asarray(model(_images(2, height, width)))
        assert probabilities.shape == (2, height, width, 5)
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)
    fixed = SMALL[name]((37, 51), 5)
    fixed.set_weights(model.get_weights())
    assert fixed.output_shape == (None, 37, 51, 5)
    image = _images(1, 37, 51)
    np.testing.assert_allclose(fixed(image), model(image), atol=1e-6)


def test_padding_is_no_more_than_is_wanting() -> None:
    maps = np.random.default_rng(0).normal(size=(1, 16, 9, 2)).astype(np.float32)
    layer = PadToMultiple(8)
    np.testing.assert_array_equal(layer(maps), np.pad(maps, ((0, 0), (0, 0), (0, 7), (0, 0))))
    assert layer.compute_output_shape((None, 17, None, 2)) == (None, 24, None, 2)


@pytest.mark.parametrize("name", list(SMALL))
def test_every_weight_changes_the_output(name: str) -> None:
    keras.utils.set_random_seed(1)
    model = SMALL[name]((64, 64), 4)
    image = tf.constant(_images(2, 64, 64))
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(tf.math.log(model(image, training=False)[..., 1]))
    gradients = tape.gradient(loss, model.trainable_variables)
    still = [variable.path for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
             if gradient is None or not np.any(np.asarray(gradient))]  # fmt: skip
    # The bias of keys moves every score of a softmax alike: it changes nothing by construction.
    assert [path for path in still if "key/bias" not in path] == []


def test_every_layer_of_fcn_stands_in_the_chain() -> None:
    keras.utils.set_random_seed(2)
    model = SMALL["fcn8s"]((64, 96), 3)
    image = _images(1, 64, 96)
    before = np.asarray(model(image))
    weighty = [layer for layer in model.layers if layer.weights]
    assert [layer.name for layer in weighty if layer.name.startswith(("fc", "score"))] == [
        "fc6", "fc7", "score", "score_pool4", "score_pool3",
    ]  # fmt: skip
    assert len(weighty) == 13 + 8
    for layer in weighty:
        kept = layer.get_weights()
        layer.set_weights([kept[0] * 1.5 + 0.01, *kept[1:]])
        assert np.abs(np.asarray(model(image)) - before).max() > 1e-6, layer.name
        layer.set_weights(kept)
    np.testing.assert_array_equal(model(image), before)


@pytest.mark.parametrize("factor", [2, 8])
def test_fcn_starts_with_bilinear_upsampling(factor: int) -> None:
    maps = np.random.default_rng(0).normal(size=(1, 6, 7, 3)).astype(np.float32)
    layer = keras.layers.Conv2DTranspose(3, 2 * factor, strides=factor, padding="same", use_bias=False,
                                         kernel_initializer=fcn.BilinearUpsampling())  # fmt: skip
    expected = tf.image.resize(maps, (6 * factor, 7 * factor), "bilinear")
    inner = slice(factor, -factor)  # beyond the border a convolution sees zeros
    np.testing.assert_allclose(layer(maps)[:, inner, inner], expected[:, inner, inner], atol=1e-5)


@pytest.fixture
def mixed_precision() -> Iterator[None]:
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_dtype_policy("float32")


@pytest.mark.usefixtures("mixed_precision")
@pytest.mark.parametrize("name", list(SMALL))
def test_probabilities_are_float32_under_mixed_precision(name: str) -> None:
    model = SMALL[name]((32, 48), 3)
    assert any(layer.compute_dtype == "bfloat16" for layer in model.layers)
    assert model.output.dtype == "float32"
    assert np.isfinite(np.asarray(model(_images(1, 32, 48)))).all()


def test_deep_supervision_has_four_outputs_that_share_their_weights() -> None:
    keras.utils.set_random_seed(3)
    model = unet_plus_plus.build((33, 40), 3, filters=4, deep_supervision=True)
    image = _images(1, 33, 40)
    outputs = {name: np.asarray(value) for name, value in model(image).items()}
    assert list(outputs) == ["level_1", "level_2", "level_3", "level_4"]
    assert {value.shape for value in outputs.values()} == {(1, 33, 40, 3)}
    np.testing.assert_allclose(unet_plus_plus.accurate(model)(image), sum(outputs.values()) / 4, atol=1e-6)
    sizes = []
    for level in range(1, 5):
        pruned = unet_plus_plus.fast(model, level)
        np.testing.assert_array_equal(pruned(image), outputs[f"level_{level}"])
        sizes.append(pruned.count_params())
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.1 * sizes[3]
    model.compile(loss={name: "sparse_categorical_crossentropy" for name in outputs}, run_eagerly=True)
    labels = np.zeros((1, 33, 40), np.int64)
    losses = model.test_on_batch(image, dict.fromkeys(outputs, labels), return_dict=True)
    assert losses["loss"] == pytest.approx(sum(-np.log(value[..., 0]).mean() for value in outputs.values()), rel=1e-4)


def test_attention_without_reduction_is_that_of_every_place_to_every_place() -> None:
    keras.utils.set_random_seed(4)
    layer = segformer.SpatialAttention(heads=2, reduction=1)
    maps = np.random.default_rng(0).normal(size=(1, 3, 4, 8)).astype(np.float32)
    given = np.asarray(layer(maps))
    query, query_bias, key, key_bias, value, value_bias, out, out_bias = layer.get_weights()
    flat = maps.reshape(12, 8)
    q, k, v = (np.einsum("pc,chd->hpd", flat, kernel) + bias[:, None]
               for kernel, bias in ((query, query_bias), (key, key_bias), (value, value_bias)))  # fmt: skip
    scores = q @ k.transpose(0, 2, 1) / 2
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    expected = np.einsum("hpd,hdc->pc", weights @ v, out) + out_bias
    np.testing.assert_allclose(given.reshape(12, 8), expected, atol=1e-5)


# --- preprocessing and weights from files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build, layer, mode",
    [
        (SMALL["fcn8s"], "caffe_preprocessing", "caffe"),
        (lambda size, classes: resnet.build(size, classes, (1, 1, 1, 1)), "rescaling", "torch"),
        (lambda size, classes: xception.build(size, classes), "rescaling", "tf"),
    ],
)
def test_preprocessing_is_that_of_the_published_weights(build: Build, layer: str, mode: str) -> None:
    model = build((96, 96), 3)
    first = next(each for each in model.layers if each.name.startswith(layer))
    image = _images(2, 96, 96)
    seen = keras.Model(model.input, first.output)(image)
    expected = keras.applications.imagenet_utils.preprocess_input(image.astype(np.float32), mode=mode)
    np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_weights_of_vgg16_come_from_a_file_of_the_user(tmp_path: Path) -> None:
    keras.utils.set_random_seed(5)
    published = keras.applications.VGG16(include_top=False, weights=None)
    published.save_weights(tmp_path / "vgg16.weights.h5")
    narrow = fcn.Widths(dense=4, dense_kernel=1)
    model = fcn.build((64, 64), 3, narrow, weights=tmp_path / "vgg16.weights.h5")
    image = _images(1, 64, 64)
    expected = published(keras.applications.vgg16.preprocess_input(image.astype(np.float32)))
    pool5 = keras.Model(model.input, model.get_layer("block5_pool").output)
    np.testing.assert_allclose(pool5(image), expected, rtol=1e-4, atol=1e-4)


def test_a_file_that_is_no_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file .*absent.h5; weights must be a file of VGG16's weights"):
        fcn.build((64, 64), 3, fcn.LIGHT, weights=tmp_path / "absent.h5")
    (tmp_path / "broken.weights.h5").write_bytes(b"nonsense")
    with pytest.raises(UsageError, match="holds no weights of Xception without top"):
        xception.build((96, 96), 3, weights=tmp_path / "broken.weights.h5")


def test_xception_is_frozen_when_it_comes_from_a_file_and_can_be_unfrozen(tmp_path: Path) -> None:
    keras.utils.set_random_seed(6)
    base = keras.applications.Xception(include_top=False, weights=None, input_shape=(96, 96, 3))
    base.save_weights(tmp_path / "xception.weights.h5")
    model = xception.build_localisation((96, 96), 5, weights=tmp_path / "xception.weights.h5")
    counts = counts_of(model)
    assert (counts.total, counts.trainable) == TOTALS["xception_localisation"]
    image = _images(2, 96, 96)
    features = np.asarray(base(keras.applications.xception.preprocess_input(image.astype(np.float32)))).mean((1, 2))
    kernel, bias = model.get_layer("box").get_weights()
    outputs = model(image, training=True)  # frozen statistics stay what they are in training too
    np.testing.assert_allclose(outputs["box"], features @ kernel + bias, atol=1e-4)
    np.testing.assert_allclose(np.asarray(outputs["label"]).sum(-1), 1, atol=1e-5)
    xception.unfreeze(model)
    assert counts_of(model).trainable > 20_000_000


# --- classifiers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build, size",
    [
        (convnets.build_lenet5, (28, 28)),
        (convnets.build_lenet5, (41, 33)),
        (convnets.build_lenet5_variant, (17, 30)),
        (convnets.build_simple_cnn, (17, 30)),
        (partial(resnet.build, units=(1, 1, 1, 1)), (45, 70)),
        (partial(resnet.build, units=(1, 1, 1, 1)), (None, None)),
    ],
)
def test_classifiers_take_any_size_they_are_built_for(build: Build, size: tuple[int, int]) -> None:
    model = build(size, 7)
    probabilities = np.asarray(model(_images(2, size[0] or 50, size[1] or 60, model.input_shape[-1])))
    assert probabilities.shape == (2, 7)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)


def test_digits_of_28_stand_in_the_middle_of_lenets_field() -> None:
    small, large = convnets.build_lenet5((28, 28), 10), convnets.build_lenet5((32, 32), 10)
    large.set_weights(small.get_weights())
    image = _images(2, 28, 28, 1)
    np.testing.assert_allclose(small(image), large(np.pad(image, ((0, 0), (2, 2), (2, 2), (0, 0)))), atol=1e-6)


@pytest.mark.parametrize(
    "build, size, said",
    [
        (convnets.build_alexnet, (66, 227), "'alexnet' needs a fixed height and width of at least 67, got 66x227"),
        (convnets.build_simple_cnn, (None, 28), "'simple_cnn' needs a fixed height"),
        (xception.build, (70, 224), "'xception' needs sides of at least 71, got 70x224"),
    ],
)
def test_sizes_that_cannot_be_are_refused(build: Build, size: Size, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build(size, 3)


# --- digits, with its domains ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [digits.build, street.build])
def test_networks_of_studies_see_the_domain_only_in_their_statistics(build: Build) -> None:
    keras.utils.set_random_seed(1)
    model = build((32, 32), 10)
    image = _images(3, 32, 32)

    def logits(domain: int) -> np.ndarray:
        return np.asarray(model({"image": image, "domain": np.full(3, domain, np.int32)})["label"])

    np.testing.assert_array_equal(logits(0), logits(1))
    for layer in model.layers:
        if hasattr(layer, "moving_mean"):
            layer.moving_mean.assign(np.asarray(layer.moving_mean) + np.array([[0.0], [0.3]]))
    assert np.abs(logits(0) - logits(1)).max() > 0.01


def test_street_network_classifies_every_pixel_from_maps_of_a_sixteenth() -> None:
    model = street.build((30, 40), 11)
    assert model.output["label"].shape == (None, 30, 40, 11)
    assert model.get_layer(street.FEATURES).output.shape == (None, 2, 3, street.WIDTHS[-1])
    assert street.build((120, 160), 11).count_params() == 614_507


def test_the_domain_head_of_the_paper_has_two_dense_layers_and_the_reversals_step_counter() -> None:
    head = domain_heads.reversed_head((100,), domain_heads.head_on_vectors, 10, 1.0)
    assert head.count_params() == (100 * 100 + 100) + (100 + 1) + 1


# --- saving ---------------------------------------------------------------------------------------------------------

_SMALL_OTHERS: dict[str, Build] = {
    "unet_super_resolution": lambda size, channels: unet_book.build_super_resolution(size, channels - 1, filters=4),
    "gan_generator": lambda size, _: NETWORKS["gan_generator"].build(size, 1),
    "alexnet": lambda _, classes: convnets.build_alexnet((67, 67), classes),
    "resnet34": partial(resnet.build, units=(1, 1, 1, 1)),
    "xception": lambda _, classes: xception.build((71, 71), classes),
    "xception_localisation": lambda _, classes: xception.build_localisation((71, 71), classes),
}


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"deeplab_v3_plus_light", "xception"}))
def test_every_network_survives_saving_in_safe_mode(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    build = SMALL.get(name) or _SMALL_OTHERS.get(name) or NETWORKS[name].build
    model = build((40, 33), 4)
    taken = next(each for each in keras.tree.flatten(model.inputs) if each.name in ("image", "noise"))
    image = np.random.default_rng(0).integers(0, 256, (2, *taken.shape[1:])).astype(np.uint8)
    given = {"image": image, "domain": np.array([0, 1], np.int32)} if name == "digits" else image
    before = model(given)
    model.save(tmp_path / "model.keras")
    after = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)(given)
    for left, right in zip(keras.tree.flatten(before), keras.tree.flatten(after), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SMALL))
def test_every_network_learns_to_tell_two_colours(name: str) -> None:
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    blocks = rng.integers(0, 2, (16, 4, 4)).repeat(8, axis=1).repeat(8, axis=2)
    images = (blocks[..., None] * [120, 20, -60] + [60, 90, 140] + rng.normal(0, 10, (16, 32, 32, 1))).astype(np.uint8)
    model = SMALL[name]((32, 32), 2)
    model.compile(
        keras.optimizers.Adam(1e-3 if name == "pets" else 3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(images, blocks, batch_size=4, epochs=40, verbose=0)
    assert model.evaluate(images, blocks, batch_size=16, verbose=0)[1] > 0.9
