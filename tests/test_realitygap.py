"""The command line as a user meets it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import data_commands
import realitygap
from datasets.dataset import Dataset
from datasets.tfrecord import read_records
from tests.fixtures import PetsTree


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = realitygap.main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_help_lists_every_command_and_is_quick(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(name in out for name in ("doctor", "convert", "render", "inspect", "verify", "train", "study", "demo"))
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "realitygap", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.5


def test_choices_are_those_of_the_tables() -> None:
    from rendering.scenes import SCENES

    assert tuple(SCENES) == data_commands.SCENE_NAMES


@pytest.mark.parametrize("command", realitygap.COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        realitygap.main([command, "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert f"usage: realitygap {command}" in out
    assert "<class" not in out
    assert "_" not in "".join(word for word in out.split() if word.startswith("--"))


@pytest.mark.parametrize(
    "words, said",
    [
        (["bogus"], "no command 'bogus'; there are doctor, list, convert"),
        (["convert"], "required: source, path, data_dir"),
        (["convert", "cats", "a", "b"], "invalid choice: 'cats'"),
        (["convert", "pets", "/nowhere", "/tmp/x"], "/nowhere is not Oxford-IIIT Pets"),
        (["convert", "digits", "scikit-learn", "/tmp/x", "--seed", "x"], "--seed: Expected a int. Got value: x"),
        (["convert", "digits", "scikit-learn", "/tmp/x", "--splits", "val"], "no split ['val']"),
        (["render", "digits", "/tmp/x", "--frames", "5", "--size", "64"], "--size must be WIDTHxHEIGHT"),
        (["render", "digits", "/tmp/x", "--frames", "0", "--dry-run"], "--frames must be 1 or more"),
        (
            ["render", "digits", "/tmp/x", "--frames", "1", "--name", "a/b", "--dry-run"],
            "--name must be letters, digits",
        ),
        (["render", "digits", "/tmp/x", "--frames", "1", "--name", "", "--dry-run"], "--name must be letters, digits"),
        (["render", "digits", "/tmp/x", "--frames", "1", "--split", "a.b", "--dry-run"], "--split must be letters"),
        (["inspect", "/nowhere"], "/nowhere is no data set"),
        (["convert", "digits", "scikit-learn", "/tmp/x", "--nonsense", "1"], "--nonsense"),
    ],
)
def test_a_wrong_call_is_one_paragraph_and_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *words)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    "words", [("--objects", "2,3"), ("--objects=2,3",), ("--objects", "[2, 3]"), ("--objects=[2,3]",)]
)
def test_lists_are_written_with_commas(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        realitygap.main(["render", "tabletop", "/tmp/x", "--frames", "2", *words, "--print-config"])
    assert stop.value.code == 0
    assert yaml.safe_load(capsys.readouterr().out)["objects"] == [2, 3]


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = run(capsys, "inspect", "/nowhere", "--debug")
    assert "Traceback" in err
    assert "is no data set" in err.splitlines()[-1]


def test_convert_inspect_verify(pets_tree: PetsTree, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    code, out, _ = run(capsys, "convert", "pets", pets_tree.root, data, "--num-shards", 2, "--workers", 2)
    assert code == 0
    assert "Rejected: none" in out
    assert "1 png-named-jpg: Abyssinian_5" in out
    target = data / "oxford_iiit_pet"

    code, out, _ = run(capsys, "inspect", target, "--json")
    summary = json.loads(out)
    assert summary["splits"]["train"]["examples"] == 6
    assert summary["splits"]["train"]["shards"] == 2
    assert summary["fingerprint"] == Dataset.open(target).fingerprint

    picture = tmp_path / "one.png"
    code, out, _ = run(capsys, "inspect", target, "--show", picture, "--key", "pug_3")
    assert code == 0
    assert "segmentation_label" in out
    assert np.asarray(Image.open(picture)).shape == (180, 2 * 240 + 4, 3)

    assert run(capsys, "inspect", target, "--show", picture)[0] == 0
    assert np.asarray(Image.open(picture)).shape == (180, 2 * 240 + 4, 3)

    code, out, _ = run(capsys, "verify", target)
    assert code == 0
    assert "complete and unchanged, 10 examples" in out


def test_a_damaged_set_fails_verification_with_code_5(pets_set: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    shard = pets_set.split("train").files[1]
    offset = [offset for offset, _ in read_records(shard)][1]
    data = bytearray(shard.read_bytes())
    data[offset + 30] ^= 1
    shard.write_bytes(data)
    code, _, err = run(capsys, "verify", pets_set.directory)
    assert code == 5
    assert f"{shard.name}: record 1 at byte {offset}" in err
    code, out, _ = run(capsys, "verify", pets_set.directory, "--json")
    assert code == 5
    assert not json.loads(out)["ok"]


def test_a_set_without_its_index_and_with_damaged_rejections_fails_with_code_5_and_all_faults(
    pets_set: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    (pets_set.directory / "keys.tsv").unlink()
    (pets_set.directory / "rejected.jsonl").write_text("{")
    code, out, _ = run(capsys, "verify", pets_set.directory, "--json")
    assert code == 5
    assert [fault.partition(":")[0] for fault in json.loads(out)["faults"]] == ["keys.tsv", "rejected.jsonl"]
    code, _, err = run(capsys, "inspect", pets_set.directory)
    assert code == 5
    assert "rejected.jsonl: line 1 is not what was written there" in err


def test_rejections_over_the_limit_give_code_3(
    pets_tree: PetsTree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pets_tree.write("images/pug_3.jpg", b"")
    words = ["convert", "pets", pets_tree.root, tmp_path / "data"]
    code, _, err = run(capsys, *words)
    assert code == 3
    assert "pug_3 (images/pug_3.jpg): the file is empty" in err
    assert "--max-rejected 1" in err
    code, out, _ = run(capsys, *words, "--max-rejected", 1)
    assert code == 0
    assert "Rejected: 1" in out


def test_options_come_from_a_file_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "convert.yaml"
    config.write_text("num_shards: 3\nseed: 4\n")
    words = ["convert", "digits", "scikit-learn", tmp_path / "data", "--config", config]
    code, out, _ = run(capsys, *words, "--dry-run")
    assert code == 0
    assert "adapt: 898 examples in 3 shards" in out
    assert not (tmp_path / "data").exists()
    config.write_text("num_shads: 3\n")
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "num_shads" in err


def test_a_missing_system_component_gives_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rendering import context

    monkeypatch.setattr(context, "probe", lambda: context.GlProbe(False, message="no OpenGL: run apt-get install x"))
    code, _, err = run(capsys, "render", "digits", tmp_path, "--frames", 3)
    assert code == 4
    assert "apt-get install x" in err


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_says_how_to_go_on_and_the_rerun_finishes(sent: signal.Signals, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "realitygap", "render", "digits", str(tmp_path), "--frames", "2000"]
    words += ["--size", "16x16", "--num-shards", "100"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    unfinished = tmp_path / "digits_rendered/.1.0.0.unfinished"
    deadline = time.monotonic() + 60
    while not list(unfinished.glob("*.facts.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(sent)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "run the same command again to go on" in err
    assert "Traceback" not in err
    done = len(list(unfinished.glob("*.facts.json")))
    assert 0 < done < 100
    subprocess.run(words, check=True, capture_output=True)
    assert Dataset.open(tmp_path / "digits_rendered").split("train").examples == 2000
