from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datasets.errors import UsageError
from training.study.domains import StreetDomains
from training.study.entries import Entry, in_order, main_entry
from training.study.options import StudyOptions
from training.study.rows import Row, plan_rows
from training.study.street_entries import Ablation, street_entries

DOMAINS = StreetDomains(Path("rendered"), Path("real"))
METHODS, MORE = StreetDomains.defaults["methods"], DOMAINS.more_methods


def _entries(**changes: object) -> dict[str, Entry]:
    arguments: dict[str, object] = {
        "options": StudyOptions(Path("out"), METHODS), "domains": DOMAINS, "synthetic": "rendered",
        "synthetic_images": 1000, "real_images": 156, **changes,
    }  # fmt: skip
    listed = street_entries(**arguments)  # type: ignore[arg-type]
    assert len({entry.name for entry in listed}) == len(listed)
    return {entry.name: entry for entry in listed}


def test_the_street_grid_has_every_entry_once_with_what_it_learns_from() -> None:
    found = _entries()
    assert {name: entry.section for name, entry in found.items() if entry.section != "main"} == {
        **dict.fromkeys(("real_13", "finetune_13", "real_26", "finetune_26"), "learning_curve"),
        **dict.fromkeys(("synthetic_125", "synthetic_500"), "saturation"),
    }
    assert {name for name, entry in found.items() if entry.section == "main"} == {*METHODS, *MORE}
    real = {name: entry.real_images for name, entry in found.items() if entry.real_images is not None}
    assert real == {
        "mixed": 156, "mixed_third": 52, "finetune_third": 52, "finetune_mixed_third": 52,
        "adapted_mixed_third": 52, "finetune_full": 156,
        "on_target_third": 52, "on_target": 156, "on_target_longer": 156,
        "real_13": 13, "finetune_13": 13, "real_26": 26, "finetune_26": 26,
    }  # fmt: skip
    assert {name for name, entry in found.items() if entry.starts_from == "source_only"} == {
        "source_only_longer", "adabn", "finetune_third", "finetune_mixed_third", "finetune_full", "finetune_13",
        "finetune_26",
    }  # fmt: skip
    assert {name for name, entry in found.items() if entry.starts_from == "augmentation"} == {"augmentation_adabn"}
    assert {name for name, entry in found.items() if entry.starts_from == "adabn"} == {"self_training"}
    assert {name for name, entry in found.items() if entry.starts_from == "self_training"} == {"adapted_mixed_third"}
    assert {name for name, entry in found.items() if entry.synthetic is None} == {
        "on_target", "on_target_longer", "on_target_third", "real_13", "real_26"
    }  # fmt: skip
    # Target labels are for those entries alone whose row says so.
    assert {name for name, entry in found.items() if entry.sees == "labels"} == set(real)
    assert {entry.sees for entry in found.values() if entry.method in ("source_only", "augmentation")} == {"nothing"}


def test_curves_and_further_methods_have_seeds_of_their_own() -> None:
    assert {name: entry.seeds for name, entry in _entries().items() if entry.seeds == (0, 1, 2)}.keys() == set(METHODS)
    assert {entry.seeds for name, entry in _entries().items() if name not in METHODS} == {(0, 1)}
    chosen = _entries(domains=replace(DOMAINS, curve_seeds=(2,)))
    assert {entry.seeds for name, entry in chosen.items() if name not in METHODS} == {(2,)}
    asked_twice = _entries(options=StudyOptions(Path("out"), (*METHODS, "fda")))
    assert asked_twice["fda"].seeds == (0, 1, 2)
    with pytest.raises(UsageError, match=r"'finetune_13' has the seeds \(7,\), and 'source_only'.* only \(0, 1, 2\)"):
        _entries(domains=replace(DOMAINS, curve_seeds=(7,), more_methods=()))


def test_an_ablation_is_held_against_as_many_synthetic_images() -> None:
    ablation = Ablation("light", "rendered_without_light", 400, ("sun_elevation", "sun_strength"))
    found = _entries(ablations=(ablation, replace(ablation, factor="sensor", synthetic="no_sensor", images=1000)))
    light = found["without_light"]
    assert (light.section, light.ablates, light.synthetic, light.synthetic_images) == (
        "ablation", "light", "rendered_without_light", 400
    )  # fmt: skip
    assert light.about.endswith("without light (sun_elevation, sun_strength).")
    assert {name for name in found if name.startswith("synthetic_")} == {
        "synthetic_125", "synthetic_400", "synthetic_500"
    }  # fmt: skip
    assert found["synthetic_400"].synthetic == "rendered"


def test_entries_follow_those_that_they_start_from() -> None:
    floor, ceiling, adabn = (main_entry(name, "s", 5, 5, (0,)) for name in ("source_only", "on_target", "adabn"))
    dann, later = (main_entry(name, "s", 5, 5, (0,)) for name in ("dann", "dann_adabn"))
    assert [entry.name for entry in in_order([later, adabn, dann, ceiling, floor])] == [
        "on_target", "source_only", "dann", "dann_adabn", "adabn"
    ]  # fmt: skip
    with pytest.raises(UsageError, match="'dann_adabn' starts from the weights of 'dann'; add that to methods"):
        in_order([floor, ceiling, later])
    with pytest.raises(UsageError, match="must not repeat"):
        in_order([floor, floor])


def _rows(**options: object) -> tuple[Row, ...]:
    chosen = StudyOptions(Path("out"), METHODS, **options)  # type: ignore[arg-type]
    entries = street_entries(chosen, DOMAINS, "rendered", 1000, 156)
    return plan_rows(chosen, entries, lambda entry: {"source": entry.synthetic})


def test_all_of_a_seed_runs_before_the_next_and_curves_come_last() -> None:
    """When the time is up early, what stands is a whole table of fewer seeds."""
    rows = _rows()
    assert len(rows) == 16 * 3 + 6 * 2 + 6 * 2
    assert [row.entry.name for row in rows[:2]] == ["source_only", "on_target"]
    assert [row.seed for row in rows] == [0] * 22 + [1] * 22 + [2] * 16 + [0] * 6 + [1] * 6
    assert {row.entry.section for row in rows[60:]} == {"learning_curve", "saturation"}
    assert [row.name for row in rows if row.embedded] == [f"{row.entry.name}-0" for row in rows[:22]]
    done: set[str] = set()
    for row in rows:
        assert row.start is None or row.start.name in done
        assert row.start is None or row.start.seed == row.seed
        done.add(row.name)


def test_a_row_runs_anew_when_what_it_depends_on_changes_and_only_then() -> None:
    before = {row.name: row.digest for row in _rows()}
    assert len(set(before.values())) == len(before)
    assert {row.name: row.digest for row in _rows(seeds=(0, 1))}.items() <= before.items()
    assert {row.name: row.digest for row in _rows(steps=801)}.keys() == before.keys()
    for change in ({"steps": 801}, {"mirror": True}, {"class_weights": "root_median_frequency"}, {"selection": "snd"}):
        changed = {row.name: row.digest for row in _rows(**change)}
        assert not set(changed.values()) & set(before.values()), change
    # A row's start is part of it; what another row starts from is not.
    augmented = {row.name: row.digest for row in _rows(augmentation="photographic")}
    assert augmented["augmentation-0"] == before["augmentation-0"]
    assert augmented["adabn-0"] != before["adabn-0"]
