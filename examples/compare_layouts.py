"""Compare where classes lie in two data sets: python compare_layouts.py RENDERED REAL [--split SPLIT] [--space SPACE].

Prints each class's share of all labelled pixels, and of the pixels of each of 12 bands of rows from top to bottom, in
both sets, and half the sum of absolute differences (total variation: 0 is equal, 1 disjoint). Rendering is steered
by the training split alone; look at no split that scores are reported on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from datasets.dataset import Dataset
from datasets.label_lookups import lookup
from datasets.labels import IGNORE, LABEL_SPACES

BANDS = 12


def band_counts(directory: Path, split: str, space: str) -> np.ndarray:
    """`(bands, 256)` int64 pixels of each class of a label space in each band of rows of a split."""
    dataset = Dataset.open(directory)
    source = dataset.schema["semantic"].label_space
    way = lookup(str(source), space)
    counts = np.zeros((BANDS, 256), np.int64)
    for sample in dataset.samples(split):
        if sample.semantic is None:
            raise SystemExit(f"{directory}: sample '{sample.key}' has no semantic map")
        ids = way(sample.semantic.array[:, :, 0])
        for band, rows in enumerate(np.array_split(ids, BANDS)):
            counts[band] += np.bincount(rows.ravel(), minlength=256)
    counts[:, IGNORE] = 0
    return counts


def report(rendered: np.ndarray, real: np.ndarray, space: str) -> str:
    """The table of two sets' counts `(bands, 256)`."""
    lines = [f"{'class':>14} {'set':>9} {'share %':>8}  per cent of each band of rows, top to bottom"]
    for row in LABEL_SPACES[space].classes:
        for name, counts in (("rendered", rendered), ("real", real)):
            share = 100 * counts[:, row.id].sum() / counts.sum()
            bands = 100 * counts[:, row.id] / np.maximum(counts.sum(axis=1), 1)
            lines.append(f"{row.name:>14} {name:>9} {share:8.2f}  " + " ".join(f"{value:5.1f}" for value in bands))
    whole = [counts.sum(axis=0) / counts.sum() for counts in (rendered, real)]
    bands = [counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) for counts in (rendered, real)]
    lines.append(f"total variation of the shares: {np.abs(whole[0] - whole[1]).sum() / 2:.3f}")
    lines.append(f"mean total variation within a band: {np.abs(bands[0] - bands[1]).sum(axis=1).mean() / 2:.3f}")
    return "\n".join(lines)


def main() -> None:
    """Read the words and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rendered", type=Path, help="a data set with a semantic map")
    parser.add_argument("real", type=Path, help="another")
    parser.add_argument("--split", default="train", help="of both")
    parser.add_argument("--space", default="camvid11", help="label space to compare in")
    parsed = parser.parse_args()
    counts = [band_counts(path, parsed.split, parsed.space) for path in (parsed.rendered, parsed.real)]
    print(report(counts[0], counts[1], parsed.space))


if __name__ == "__main__":
    main()
