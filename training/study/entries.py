"""The entries of a study: what a row learns from, by which method, and with which seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from datasets.errors import UsageError
from training.study.options import StudyOptions

Section = Literal["main", "learning_curve", "saturation", "ablation"]

FLOOR, CEILING = "source_only", "on_target"
"""The names of the entries that all others are measured between."""


@dataclass(frozen=True)
class Entry:
    """One way to get a network, run once with each seed.

    Attributes:
        name: of its files and in options.
        title: how tables name it.
        about: one sentence for a reader who does not know it.
        sees: what it may see of the target: `nothing`, its `images`, or images with `labels`.
        section: the part of the report that it is for.
        method: a name of `adaptation.methods.METHODS`.
        synthetic: name of the source set that it learns from, or whose weights it starts with; None for none.
        synthetic_images: how many of that set's images; None for none.
        real_images: labelled target images that it learns from; None for none.
        starts_from: the entry whose last weights of the same seed it is given; None for fresh ones.
        ablates: what the set that it learns from was rendered without.
        seeds: of initialisation, batches, dropout and choice of images.
    """

    name: str
    title: str
    about: str
    sees: str
    section: Section
    method: str
    synthetic: str | None
    synthetic_images: int | None
    real_images: int | None
    starts_from: str | None = None
    ablates: str | None = None
    seeds: tuple[int, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Stems of the files of its rows."""
        return tuple(f"{self.name}-{seed}" for seed in self.seeds)


def main_entry(
    name: str, synthetic: str, synthetic_images: int, real_images: int, seeds: tuple[int, ...] = ()
) -> Entry:
    """A method of the table as an entry of the same name, with all images of both domains.

    Raises:
        UsageError: there is no such method.
    """
    from training.adaptation.methods import METHODS

    if name not in METHODS:
        raise UsageError(f"there is no method {name!r}; there are {', '.join(METHODS)}")
    method = METHODS[name]
    learns = CEILING not in (name, method.starts_from)
    return Entry(
        name=name,
        title=method.title,
        about=method.about,
        sees=method.target_use,
        section="main",
        method=name,
        synthetic=synthetic if learns else None,
        synthetic_images=synthetic_images if learns else None,
        real_images=real_images if method.target_use == "labels" else None,
        starts_from=method.starts_from,
        seeds=seeds,
    )


def method_entries(options: StudyOptions, synthetic: str, synthetic_images: int, real_images: int) -> tuple[Entry, ...]:
    """An entry for each method of the options."""
    return in_order(
        main_entry(name, synthetic, synthetic_images, real_images, options.seeds) for name in options.methods
    )


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Floor and ceiling first, then each entry after the one that it starts from, else as they come.

    Raises:
        UsageError: an entry starts from one that is not there, or that lacks one of its seeds; names repeat.
    """
    listed = tuple(entries)
    by_name = {entry.name: entry for entry in listed}
    if len(by_name) < len(listed):
        raise UsageError(f"the names of entries must not repeat, got {[entry.name for entry in listed]}")

    def depth(entry: Entry) -> int:
        if entry.starts_from is None:
            return 0
        start = by_name.get(entry.starts_from)
        if start is None:
            raise UsageError(f"{entry.name!r} starts from the weights of {entry.starts_from!r}; add that to methods")
        if not set(entry.seeds) <= set(start.seeds):
            raise UsageError(
                f"{entry.name!r} has the seeds {entry.seeds}, and {start.name!r}, whose weights it starts from, only "
                f"{start.seeds}"
            )
        return 1 + depth(start)

    return tuple(sorted(listed, key=lambda entry: (depth(entry), entry.name not in (FLOOR, CEILING))))
