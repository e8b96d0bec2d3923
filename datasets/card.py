"""The dataset card: `README.md` inside a dataset directory, for whoever finds it later."""

from __future__ import annotations

from collections.abc import Iterator

from datasets.labels import LABEL_SPACES
from datasets.manifest import Manifest, SplitFacts
from datasets.schema import Column
from datasets.statistics import colour_moments

CARD_NAME = "README.md"
_NAMES_SHOWN = 20


def card(manifest: Manifest) -> str:
    """The card's Markdown; equal manifests give equal text."""
    parts = [
        f"# {_plain(manifest.name)} {manifest.version}\n\n{_plain(manifest.about)}",
        f"**Terms of the source:** {_plain(manifest.licence)}",
        "\n".join(_splits(manifest)),
        "\n".join(_fields(manifest)),
        *("\n".join(_classes(manifest, column)) for column in manifest.schema.columns if column.label_space),
        "\n".join(_oddities(manifest)),
        "\n".join(_provenance(manifest)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _splits(manifest: Manifest) -> Iterator[str]:
    yield "## Splits\n\n| split | in the source | examples | shards | bytes | image sizes | mean colour | deviation |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    for name, facts in sorted(manifest.splits.items()):
        mean, deviation = _moments(facts)
        yield (
            f"| {name} | {_plain(facts.source_name)} | {facts.examples:,} | {len(facts.shards)} | {facts.bytes:,} "
            f"| {len(facts.statistics['sizes'])} | {mean} | {deviation} |"
        )


def _moments(facts: SplitFacts) -> tuple[str, str]:
    if facts.statistics["colours"] is None:
        return "not measured", "not measured"
    mean, deviation = colour_moments(facts.statistics["colours"])
    return ", ".join(f"{value:.1f}" for value in mean), ", ".join(f"{value:.1f}" for value in deviation)


def _fields(manifest: Manifest) -> Iterator[str]:
    yield "## Fields\n\n| feature | type | label space | meaning |"
    yield "|---|---|---|---|"
    for column in manifest.schema.columns:
        kind = column.dtype
        yield f"| `{column.field.feature}` | {kind} | {column.label_space or ''} | {column.field.about} |"


def _classes(manifest: Manifest, column: Column) -> Iterator[str]:
    kind = "pixels" if column.field.kind == "raster" else "labels"
    splits = dict(sorted(manifest.splits.items()))
    counts = {name: facts.statistics[kind].get(column.path, {}) for name, facts in splits.items()}
    if not any(counts.values()):
        return
    images = {name: facts.statistics["images"].get(column.path, {}) for name, facts in splits.items()}
    titles = [f"{name}: {title}" for name in splits for title in ((kind, "images") if kind == "pixels" else (kind,))]
    yield (
        f"## Classes of `{column.field.feature}` ({column.label_space})\n\n| id | class | " + " | ".join(titles) + " |"
    )
    yield "|--:|---|" + "--:|" * len(titles)
    for entry in LABEL_SPACES[str(column.label_space)].classes:
        cells = []
        for name in splits:
            cells.append(f"{counts[name].get(str(entry.id), 0):,}")
            if kind == "pixels":
                cells.append(f"{images[name].get(str(entry.id), 0):,}")
        yield f"| {entry.id} | {entry.name} | " + " | ".join(cells) + " |"


def _oddities(manifest: Manifest) -> Iterator[str]:
    yield "## What was converted, left out or rejected\n"
    yield f"* {manifest.rejected} samples were rejected" + (" (`rejected.jsonl`)." if manifest.rejected else ".")
    for kind, names in sorted(manifest.findings.items()):
        yield f"* {len(names)} {_plain(kind)}: {_names(names)}"
    for split, facts in sorted(manifest.splits.items()):
        for note, keys in facts.statistics["notes"].items():
            yield f"* {split}: {len(keys)} {_plain(note)}: {_names(keys)}"
        for index, pixels in facts.statistics["unmapped"].items():
            yield f"* {split}: {pixels:,} pixels of source id {index} became ignore"


def _provenance(manifest: Manifest) -> Iterator[str]:
    yield "## Where it comes from\n"
    yield f"* fingerprint of the source: `{manifest.fingerprint}`"
    for name, value in manifest.configuration.items():
        yield f"* {_plain(name)}: `{_plain(str(value))}`"
    for name, value in sorted({**manifest.versions, **manifest.origin}.items()):
        yield f"* {_plain(name)} {_plain(value)}"


def _names(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(_plain(name) for name in names[:_NAMES_SHOWN]) + more


def _plain(text: str) -> str:
    """Text that can neither break a table nor become markup: file names come from anywhere."""
    return "".join(f"\\{mark}" if mark in "|<>`*_[]\\" else mark if mark.isprintable() else "�" for mark in text)
