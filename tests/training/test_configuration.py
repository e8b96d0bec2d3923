from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import realitygap
from datasets.errors import UsageError
from training.augmentation_options import Augmentation
from training.configuration import from_document, merged, read_yaml, to_document, yaml_text
from training.study.domains import StreetDomains
from training.train_options import TrainOptions

OPTIONS = TrainOptions(
    Path("data/été"), Path("run 1"), "unet", size=(96, 128), class_weights="log_inverse", label_space="camvid11",
    augmentation=Augmentation(flip=True, scale=(0.5, 2.0), noise=3.0), cache=Path("/cache"), learning_rate=1e-5,
)  # fmt: skip


@pytest.mark.parametrize(
    "options", [OPTIONS, TrainOptions(Path("a"), Path("b")), replace(OPTIONS, label_space=None, cache=None)]
)
def test_options_survive_yaml(options: TrainOptions, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(yaml_text(to_document(options)), "utf-8")
    assert from_document(TrainOptions, read_yaml(file)) == options


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("epoch: 3", "run.yaml: epoch: there is no such option; did you mean 'epochs'?"),
        ("augmentation: {scal: [1, 2]}", "run.yaml: augmentation.scal: there is no such option; did you mean 'scale'?"),
        ("augmentation: {scale: 2}", "run.yaml: augmentation.scale: wanted a list of 2 numbers, got 2"),
        ("augmentation: {scale: [1, 2, 3]}", "augmentation.scale: wanted a list of 2 numbers, got [1, 2, 3]"),
        ("augmentation: true", "run.yaml: augmentation: wanted options by name, got True"),
        ("epochs: many", "run.yaml: epochs: wanted a whole number, got 'many'"),
        ("epochs: 2.5", "epochs: wanted a whole number, got 2.5"),
        ("epochs: true", "epochs: wanted a whole number, got True"),
        ("deterministic: 1", "deterministic: wanted true or false, got 1"),
        ("optimizer: adamm", "optimizer: wanted one of adam, adamw, sgd, got 'adamm'; did you mean 'adam'?"),
        ("size: 96", "size: wanted WIDTHxHEIGHT in pixels such as 640x480, got 96"),
        ("network: [a]", "network: wanted a word, got ['a']"),
        ("network: null", "network: wanted a word, got None"),
        ("zzz: 1", "zzz: there is no such option; there are data, out, network"),
        ("- 1", "run.yaml must hold options by name, got list"),
        ("{", "run.yaml is no YAML"),
        ("learning_rate: -1", "learning_rate must be greater than 0, got -1.0"),
        ("augmentation: {crop: [0.5, 3]}", "augmentation.crop must be shares of at most 1, got 3.0"),
        ("a: !!python/object/apply:os.system [echo]", "is no YAML"),
    ],
)
def test_complaints_name_file_key_and_what_was_wanted(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_text(text)
    assert realitygap.main(["train", "data", "out", "--config", str(tmp_path / "run.yaml")]) == 2
    assert complaint in capsys.readouterr().err


def test_a_missing_file_and_missing_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert realitygap.main(["train", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml cannot be read" in capsys.readouterr().err
    assert realitygap.main(["train"]) == 2
    assert "data: must be given" in capsys.readouterr().err


def test_flags_go_before_the_file_and_the_file_before_defaults() -> None:
    document = merged(merged({"a": 1, "b": {"c": 1, "d": 1}}, {"b": {"c": 2, "d": 2}}), {"b": {"d": 3}})
    assert document == {"a": 1, "b": {"c": 2, "d": 3}}


@pytest.mark.parametrize("flag", ["--print-config", "--print_config"])
def test_print_config_shows_what_would_run_and_can_be_read_back(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("epochs: 7\naugmentation: {scale: [0.5, 2], noise: 4}\nlearning_rate: 1e-4\n")
    words = [
        "train",
        "D",
        "R",
        "--config",
        str(file),
        "--augmentation.noise",
        "9",
        "--no_augmentation.flip",
        "--size",
        "64x32",
    ]
    assert realitygap.main([*words, flag]) == 0
    printed = capsys.readouterr().out
    options = from_document(TrainOptions, yaml.safe_load(printed))
    wanted = Augmentation(scale=(0.5, 2.0), noise=9.0)
    assert options == TrainOptions(
        Path("D"), Path("R"), epochs=7, augmentation=wanted, size=(32, 64), learning_rate=1e-4
    )
    assert realitygap.main(["train", flag]) == 0
    assert "data: null" in capsys.readouterr().out
    with pytest.raises(UsageError, match="size: wanted WIDTHxHEIGHT"):
        from_document(TrainOptions, {"size": "0x4"})


def test_a_list_of_nothing_is_an_empty_word() -> None:
    given = {"synthetic": "a", "real": "b", "more_methods": "", "real_shares": "0.5,1"}
    domains = from_document(StreetDomains, given, "")
    assert domains == StreetDomains(Path("a"), Path("b"), more_methods=(), real_shares=(0.5, 1.0))
    with pytest.raises(UsageError, match="size"):
        from_document(StreetDomains, given | {"size": ""}, "")
