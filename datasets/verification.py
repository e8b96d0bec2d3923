"""Proof that a dataset directory is complete and unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from datasets.card import CARD_NAME
from datasets.dataset import Dataset
from datasets.errors import BadSample, VerificationError
from datasets.key_index import INDEX_NAME, Place, index_text
from datasets.manifest import REJECTED_NAME, ShardFacts
from datasets.records import record_to_sample
from datasets.statistics import Statistics
from datasets.storage import release
from datasets.tfds import DATASET_INFO_NAME, FEATURES_NAME, dataset_info_json, features_json, label_files
from datasets.tfrecord import file_facts, read_records


def verify(dataset: Dataset, on_shard: Callable[[str], None] = lambda name: None) -> tuple[str, ...]:
    """Scan every frame of every shard and hold it against the manifest, and so every file that describes them.

    Of the card only that it is there: its wording is prose, which other versions of this program word otherwise.

    Each fault is one line that names the file and, where there is one, the record, its byte offset and its key.
    `on_shard` is called with each file name as it is begun. An empty result proves the directory.
    """
    return tuple(fault for fault in _faults(dataset, on_shard))


def _faults(dataset: Dataset, on_shard: Callable[[str], None]) -> Iterator[str]:
    listed = {shard.file for split in dataset.manifest.splits.values() for shard in split.shards}
    present = {path.name for path in dataset.directory.glob("*.tfrecord-*-of-*")}
    for extra in sorted(present - listed):
        yield f"{extra}: not in the manifest (readers leave it alone; it may be left over from another build)"
    places: list[Place] = []
    for name, split in dataset.manifest.splits.items():
        for shard in split.shards:
            on_shard(shard.file)
            yield from _shard_faults(dataset, name, shard, places)
            release(dataset.directory / shard.file)
    yield from _repeated_keys(places)
    yield from _text_faults(dataset, INDEX_NAME, index_text(places), "does not name every record at its place")
    yield from _description_faults(dataset)
    yield from _rejection_faults(dataset)


def _shard_faults(dataset: Dataset, split: str, shard: ShardFacts, places: list[Place]) -> Iterator[str]:
    path = dataset.directory / shard.file
    if not path.is_file():
        yield f"{shard.file}: the file is missing"
        return
    try:
        facts = file_facts(path)
    except VerificationError as error:
        yield str(error)
        return
    except OSError as error:
        yield f"{shard.file}: cannot be read: {error.strerror or error}"
        return
    if facts.records != shard.examples:
        yield f"{shard.file}: holds {facts.records} records, the manifest says {shard.examples}"
    if (facts.bytes, facts.sha256) != (shard.bytes, shard.sha256):
        yield f"{shard.file}: is not the file that was written: SHA-256 is {facts.sha256}, wanted {shard.sha256}"
    yield from _record_faults(dataset, split, path, places)


def _record_faults(dataset: Dataset, split: str, path: Path, places: list[Place]) -> Iterator[str]:
    for record, (offset, payload) in enumerate(read_records(path)):
        where = f"{path.name}: record {record} at byte {offset}"
        try:
            sample = record_to_sample(payload, dataset.schema)
            dataset.schema.check(sample)
            Statistics().add(sample, dataset.schema)
        except (ValueError, BadSample) as error:
            yield f"{where}: {error}"
            continue
        places.append(Place(sample.key, split, path.name, offset))


def _description_faults(dataset: Dataset) -> Iterator[str]:
    manifest = dataset.manifest
    wanted = {
        DATASET_INFO_NAME: dataset_info_json(manifest),
        FEATURES_NAME: features_json(manifest),
        **label_files(manifest),
    }
    for name, text in wanted.items():
        yield from _text_faults(dataset, name, text, "is not what the manifest says it must be")
    yield from _text_faults(dataset, CARD_NAME)


def _text_faults(dataset: Dataset, name: str, wanted: str | None = None, what: str = "") -> Iterator[str]:
    try:
        text = dataset.text(name)
    except VerificationError as error:
        yield str(error)
        return
    if wanted is not None and text != wanted:
        yield f"{name}: {what}"


def _rejection_faults(dataset: Dataset) -> Iterator[str]:
    try:
        lines = len(dataset.rejections())
    except VerificationError as error:
        yield str(error)
        return
    if lines != dataset.manifest.rejected:
        yield f"{REJECTED_NAME}: holds {lines} lines, the manifest says {dataset.manifest.rejected}"


def _repeated_keys(places: list[Place]) -> Iterator[str]:
    first: dict[str, Place] = {}
    for place in places:
        other = first.setdefault(place.key, place)
        if other is not place:
            yield f"{place.file}: key {place.key!r} at byte {place.offset} is already in {other.file}"
