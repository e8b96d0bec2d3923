"""`realitygap list`: the tables behind the names that other commands take.

Every import of a room stands inside the function that needs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

Row = dict[str, Any]


def fill(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Add the options of the command."""
    parser.add_argument("what", choices=tuple(KINDS), help="what to list")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(parsed: Any) -> int:
    """Print the table that was asked for."""
    rows = rows_of(parsed.what)
    print(json.dumps(rows, indent=2, ensure_ascii=False) if parsed.json else as_table(rows))
    return 0


def rows_of(kind: str) -> list[Row]:
    """One row a name, with the same columns in each; `kind` is one of `KINDS`."""
    return KINDS[kind]()


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lines of text with the columns under each other, numbers to the right and with separators of thousands."""
    names = list(rows[0])
    cells = [[_shown(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[column]) for line in cells)) for column, name in enumerate(names)]
    right = [all(isinstance(row[name], int) for row in rows) for name in names]

    def line(values: Sequence[str]) -> str:
        placed = (value.rjust(width) if to_right else value.ljust(width)
                  for value, width, to_right in zip(values, widths, right, strict=True))  # fmt: skip
        return "  ".join(placed).rstrip()

    return "\n".join(line(values) for values in (names, *cells))


def _sources() -> list[Row]:
    from datasets.sources import SOURCES

    return [{"name": name, "licence": source.licence, "about": _about(source)} for name, source in SOURCES.items()]


def _scenes() -> list[Row]:
    from rendering.scenes import SCENES

    return [{"name": name, "about": _about(scenes)} for name, scenes in SCENES.items()]


def _networks() -> list[Row]:
    _start_quietly()
    from training.networks.catalogue import NETWORKS

    rows = []
    for entry in NETWORKS.values():
        counts = entry.reference_counts()
        rows.append(
            {
                "name": entry.name,
                "task": entry.task,
                "input": [*entry.reference_size, entry.channels],
                "classes": entry.reference_classes,
                "total": counts.total,
                "trainable": counts.trainable,
                "paper": entry.paper,
                "about": entry.about,
            }
        )
    return rows


def _methods() -> list[Row]:
    _start_quietly()
    from training.adaptation.methods import METHODS

    return [
        {"name": name, "title": method.title, "sees_of_target": method.target_use, "about": method.about}
        for name, method in METHODS.items()
    ]


def _label_spaces() -> list[Row]:
    from datasets.labels import LABEL_SPACES

    return [
        {"name": space.name, "classes": len(space), "names": list(space.names), "source": space.source}
        for space in LABEL_SPACES.values()
    ]


def _losses() -> list[Row]:
    _start_quietly()
    from training.losses.catalogue import LOSSES

    return [
        {"name": name, "task": entry.task, "paper": entry.paper, "about": entry.about} for name, entry in LOSSES.items()
    ]


KINDS: dict[str, Callable[[], list[Row]]] = {
    "sources": _sources,
    "scenes": _scenes,
    "networks": _networks,
    "methods": _methods,
    "label-spaces": _label_spaces,
    "losses": _losses,
}
"""What can be listed."""


def _start_quietly() -> None:
    from training.start import start_quietly

    start_quietly()


def _about(kind: type[Any]) -> str:
    """What a class says of itself; where that depends on its options, the first paragraph of its docstring."""
    about = getattr(kind, "about", None)
    if isinstance(about, str):
        return about
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _shown(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        separator = "x" if all(isinstance(part, int) for part in value) else ", "
        return separator.join(str(part) for part in value)
    return str(value)
