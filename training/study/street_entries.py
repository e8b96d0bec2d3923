"""The grid of the street study: what learns from synthetic images, from real ones, from both, and how many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from training.study.domains import StreetDomains
from training.study.entries import CEILING, FLOOR, Entry, in_order, main_entry
from training.study.options import StudyOptions

_MIXED, _ADAPTED = "mixed", "self_training"
_THIRD = 0.333  # as in the default of real_shares, so that the counts are the same


@dataclass(frozen=True)
class Ablation:
    """A set rendered without a factor: the factor, the set's name, its images to learn from, how it differs."""

    factor: str
    synthetic: str
    images: int
    changes: tuple[str, ...]


@dataclass(frozen=True)
class _Variant:
    """A method with a part of the real images, or from other weights."""

    method: str
    share: float
    starts_from: str | None
    title: str


_VARIANTS = {
    "mixed_third": _Variant(_MIXED, _THIRD, None, "Mixed with a third of the real"),
    "finetune_third": _Variant(CEILING, _THIRD, FLOOR, "Synthetic, then a third of the real"),
    "finetune_mixed_third": _Variant(_MIXED, _THIRD, FLOOR, "Synthetic, then both with a third of the real"),
    "adapted_mixed_third": _Variant(_MIXED, _THIRD, _ADAPTED, "Synthetic, adapted, then both with a third of the real"),
    "finetune_full": _Variant(CEILING, 1.0, FLOOR, "Synthetic, then all of the real"),
    "on_target_third": _Variant(CEILING, _THIRD, None, "A third of the real"),
}


def street_entries(
    options: StudyOptions,
    domains: StreetDomains,
    synthetic: str,
    synthetic_images: int,
    real_images: int,
    ablations: Sequence[Ablation] = (),
) -> tuple[Entry, ...]:
    """All entries: the main table, then the learning curves, saturation and ablations, which have seeds of their own.

    What one section needs and another has already runs once: the report takes it from there.

    Args:
        options: of the study.
        domains: for the shares.
        synthetic: name of the set that all but ablations learn from.
        synthetic_images: how many there are to learn from.
        real_images: how many labelled ones there are to learn from.
        ablations: the sets rendered without something.

    Raises:
        UsageError: an unknown method, an entry without the one that it starts from.
    """
    sets = (synthetic, synthetic_images, real_images)
    seeds = domains.curve_seeds or options.seeds[:2]
    more = [name for name in domains.more_methods if name not in options.methods]
    wanted = [*((name, options.seeds) for name in options.methods), *((name, seeds) for name in more)]
    found = [replace(_main_entry(name, *sets), seeds=own) for name, own in wanted]
    counts = [_part(share, real_images) for share in domains.real_shares]
    further = [*_learning_curve(counts, *sets), *_ablations(ablations, main_entry(FLOOR, *sets))]
    sizes = {_part(share, synthetic_images) for share in domains.synthetic_shares}
    # An ablation is held against source only with as many images.
    sizes |= {ablation.images for ablation in ablations if ablation.images < synthetic_images}
    further += _saturation(sizes - {synthetic_images}, main_entry(FLOOR, *sets))
    known = {_contents(entry) for entry in found}
    for entry in further:
        if _contents(entry) not in known:
            known.add(_contents(entry))
            found.append(replace(entry, seeds=seeds))
    return in_order(found)


def _main_entry(name: str, synthetic: str, synthetic_images: int, real_images: int) -> Entry:
    kind = _variant if name in _VARIANTS else main_entry
    return kind(name, synthetic, synthetic_images, real_images)


def _variant(name: str, synthetic: str, synthetic_images: int, real_images: int) -> Entry:
    variant = _VARIANTS[name]
    count = _part(variant.share, real_images)
    if variant.starts_from:
        return _fine_tuned(name, variant, synthetic, synthetic_images, count)
    entry = main_entry(variant.method, synthetic, synthetic_images, count)
    about = f"{entry.about.rstrip('.')}; {count} labelled real images."
    return replace(entry, name=name, title=variant.title, about=about)


def _fine_tuned(name: str, variant: _Variant, synthetic: str, synthetic_images: int, count: int) -> Entry:
    first = "self-trained" if variant.starts_from == _ADAPTED else "source-only"
    besides = " beside the synthetic ones" if variant.method == _MIXED else ""
    about = (
        f"The {first} network, trained on with {count} labelled real images{besides} for as many steps again as a row "
        "of one stage has."
    )
    entry = main_entry(variant.method, synthetic, synthetic_images, count)
    sets = {"synthetic": synthetic, "synthetic_images": synthetic_images}
    named = {"name": name, "title": variant.title, "about": about, "starts_from": variant.starts_from}
    return replace(entry, **named, **sets)  # type: ignore[arg-type]


def _learning_curve(counts: Iterable[int], synthetic: str, synthetic_images: int, real_images: int) -> Iterable[Entry]:
    for count in sorted(set(counts)):
        entry = main_entry(CEILING, synthetic, synthetic_images, count)
        about = f"Learns from {count} real images with their labels."
        yield replace(entry, name=f"real_{count}", title=f"{count} real", about=about, section="learning_curve")
        variant = _Variant(CEILING, 1.0, FLOOR, f"Synthetic, then {count} real")
        tuned = _fine_tuned(f"finetune_{count}", variant, synthetic, synthetic_images, count)
        yield replace(tuned, section="learning_curve")


def _saturation(counts: Iterable[int], floor: Entry) -> Iterable[Entry]:
    for count in sorted(counts):
        yield replace(
            floor,
            name=f"synthetic_{count}",
            title=f"{count} synthetic",
            about=f"Source only with {count} synthetic images.",
            section="saturation",
            synthetic_images=count,
        )


def _ablations(ablations: Sequence[Ablation], floor: Entry) -> Iterable[Entry]:
    for ablation in ablations:
        yield replace(
            floor,
            name=f"without_{ablation.factor}",
            title=f"Without {ablation.factor.replace('_', ' ')}",
            about=f"Source only with images rendered without {ablation.factor.replace('_', ' ')}"
            + (f" ({', '.join(ablation.changes)})." if ablation.changes else "."),
            section="ablation",
            synthetic=ablation.synthetic,
            synthetic_images=ablation.images,
            ablates=ablation.factor,
        )


def _part(share: float, count: int) -> int:
    return max(1, round(share * count))


def _contents(entry: Entry) -> tuple[object, ...]:
    """What two entries with the same results have in common."""
    return (entry.method, entry.synthetic, entry.synthetic_images, entry.real_images, entry.starts_from, entry.ablates)
