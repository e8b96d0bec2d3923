"""A data set in words and tables, for people."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from datasets.dataset import Dataset
from datasets.labels import LABEL_SPACES
from datasets.manifest import Manifest, SplitFacts

_NAMES_SHOWN = 6
_WIDE = 150


def describe(dataset: Dataset, schema: bool = True, width: int = 120) -> RenderableType:
    """Splits, conversions that were needed, rejections, and with `schema` every field and class count.

    Where there are `width` columns enough for it, the meaning of each field stands beside it.
    """
    manifest = dataset.manifest
    parts: list[RenderableType] = [
        Text.assemble((f"{manifest.name} {manifest.version}", "bold"), f"  {dataset.directory}"),
        Text(manifest.about, "dim"),
        _split_table(manifest),
    ]
    if schema:
        parts += [_field_table(manifest, width >= _WIDE), *_class_tables(manifest)]
    parts += [*_listing("Conversions that were needed", _notes(manifest))]
    parts += [*_listing("Found in the source", {kind: list(names) for kind, names in manifest.findings.items()})]
    parts += [*_rejections(dataset)]
    parts.append(Text(f"fingerprint {dataset.fingerprint}", "dim"))
    return Group(*parts)


def summary(dataset: Dataset) -> dict[str, Any]:
    """The same facts as plain values."""
    manifest = dataset.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "directory": str(dataset.directory),
        "fingerprint": dataset.fingerprint,
        "splits": {
            name: {
                "source_name": facts.source_name,
                "examples": facts.examples,
                "shards": len(facts.shards),
                "bytes": facts.bytes,
                "statistics": facts.statistics,
            }
            for name, facts in manifest.splits.items()
        },
        "fields": manifest.schema.to_json(),
        "findings": manifest.findings,
        "rejected": [vars(rejection) for rejection in dataset.rejections()],
        "configuration": manifest.configuration,
        "versions": manifest.versions,
        "origin": manifest.origin,
    }


def human_bytes(count: float) -> str:
    """`57.2 MB` for 57,200,000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _split_table(manifest: Manifest) -> Table:
    table = Table("split", "in the source")
    for title in ("examples", "shards", "size", "image sizes"):
        table.add_column(title, justify="right")
    for name, facts in manifest.splits.items():
        sizes = _sizes(facts)
        table.add_row(
            name, facts.source_name, f"{facts.examples:,}", str(len(facts.shards)), human_bytes(facts.bytes), sizes
        )
    return table


def _sizes(facts: SplitFacts) -> str:
    sizes = facts.statistics["sizes"]
    if len(sizes) == 1:
        return str(next(iter(sizes)))
    pixels = sorted(sizes, key=lambda size: int(size.split("x")[0]) * int(size.split("x")[1]))
    return f"{pixels[0]} to {pixels[-1]} ({len(sizes)} sizes)" if pixels else "none"


def _field_table(manifest: Manifest, meaning: bool) -> Table:
    table = Table("field", "feature in the record", "type", "shape", "label space", *(("meaning",) if meaning else ()))
    for column in manifest.schema.columns:
        words = " x ".join("any" if size is None else str(size) for size in column.shape or column.field.shape)
        kind = column.dtype
        row = [column.path, column.field.feature, kind, words, column.label_space or ""]
        table.add_row(*row, *((column.field.about,) if meaning else ()))
    return table


def _class_tables(manifest: Manifest) -> list[Table]:
    tables = []
    for column in manifest.schema.columns:
        kind = "pixels" if column.field.kind == "raster" else "labels"
        counts = {name: f.statistics[kind].get(column.path, {}) for name, f in manifest.splits.items()}
        if column.label_space is None or not any(counts.values()):
            continue
        table = Table(title=f"{column.path} ({column.label_space})", title_justify="left")
        table.add_column("class")
        for split in counts:
            table.add_column(split, justify="right")
        for entry in LABEL_SPACES[column.label_space].classes:
            row = [int(split_counts.get(str(entry.id), 0)) for split_counts in counts.values()]
            if any(row):
                table.add_row(
                    f"{entry.id} {entry.name}", *(_count(n, counts[s]) for s, n in zip(counts, row, strict=True))
                )
        tables.append(table)
    return tables


def _count(count: int, counts: dict[str, int]) -> str:
    total = sum(counts.values())
    return f"{count:,} ({count / total:.1%})" if total else "0"


def _notes(manifest: Manifest) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for facts in manifest.splits.values():
        for note, keys in facts.statistics["notes"].items():
            notes.setdefault(note, []).extend(keys)
    return notes


def _listing(title: str, kinds: dict[str, list[str]]) -> list[Text]:
    if not kinds:
        return []
    lines = [Text(title, "bold")]
    for kind, names in sorted(kinds.items()):
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        lines.append(Text(f"  {len(names):>5} {kind}: {', '.join(names[:_NAMES_SHOWN])}{more}"))
    return lines


def _rejections(dataset: Dataset) -> list[Text]:
    rejections = dataset.rejections()
    if not rejections:
        return [Text("Rejected: none", "bold green")]
    lines = [Text(f"Rejected: {len(rejections)}", "bold red")]
    lines += [Text(f"  {r.split} {r.key} ({r.file}): {r.reason}") for r in rejections[:_NAMES_SHOWN]]
    if len(rejections) > _NAMES_SHOWN:
        lines.append(Text(f"  and {len(rejections) - _NAMES_SHOWN} more in rejected.jsonl"))
    return lines
