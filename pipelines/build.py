"""From a plan to a finished dataset directory: run it on Beam, gather, commit."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from datasets.card import CARD_NAME, card
from datasets.dataset import Dataset
from datasets.errors import RealitygapError, RejectedError, SystemComponentError, UsageError
from datasets.key_index import INDEX_NAME, Place, index_text
from datasets.manifest import MANIFEST_NAME, REJECTED_NAME, Manifest, ShardFacts, SplitFacts
from datasets.shards import Shard
from datasets.source import Source
from datasets.statistics import Statistics
from datasets.tfds import DATASET_INFO_NAME, FEATURES_NAME, dataset_info_json, features_json, label_files
from pipelines.local import WorkerLost, run_local
from pipelines.options import BuildOptions, WorkerKind, check_data_dir
from pipelines.plan import Build
from pipelines.progress import watched
from pipelines.workspace import Workspace

_LIBRARIES = ("realitygap", "numpy", "pillow", "imagecodecs")
_SHOWN_REJECTIONS = 5
_ATTEMPTS = 3  # a driver that crashes now and then must not cost a night; one that always does must not hang it


def run_build(
    source: Source, build: Build, options: BuildOptions, kind: WorkerKind, origin: Mapping[str, str] | None = None
) -> Dataset:
    """Write the data set, or what is missing of an unfinished one, and commit it.

    Raises:
        UsageError: the target is finished already, or another build or other options stand in the way.
        RejectedError: more samples were rejected than allowed; the work done is kept.
        RealitygapError: a worker gave up.
    """
    check_data_dir(build.target.parent.parent)
    workspace = Workspace(build.target)
    with workspace.locked():
        if build.target.exists() and not options.overwrite:
            raise UsageError(f"{build.target} is finished already; use --overwrite to build it anew")
        workspace.begin(_configuration(source, build, options), options.overwrite)
        todo = tuple(shard for shard in build.shards if workspace.done(shard.name) is None)
        _run(source, workspace, build, todo, options, kind)
        facts = _collect(workspace, build)
        _check_rejections(workspace, build, facts, options)
        _commit(source, workspace, build, facts, options, origin or {})
    return Dataset.open(build.target)


def _run(
    source: Source, workspace: Workspace, build: Build, todo: tuple[Shard, ...], options: BuildOptions, kind: WorkerKind
) -> None:
    """Run the pipeline for the shards that are missing; when a worker is lost, again for those still missing."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        if not todo:
            return
        try:
            _run_once(source, workspace, build, todo, options, kind)
            return
        except WorkerLost as error:
            if not attempts_left:
                raise _worker_error({"kind": "", "message": str(error)}) from error
            todo = tuple(shard for shard in todo if workspace.done(shard.name) is None)
            print(f"{source.name}: {error}; going on with the {len(todo)} shards that are missing", file=sys.stderr)


def _run_once(
    source: Source, workspace: Workspace, build: Build, todo: tuple[Shard, ...], options: BuildOptions, kind: WorkerKind
) -> None:
    ready = build.examples - sum(len(shard.items) for shard in todo)
    workers = options.worker_count(len(todo))
    workspace.forget_progress()

    def poll() -> tuple[int, int]:
        done, rejected = workspace.progress()
        return ready + done, rejected

    with watched(source.name, build.examples, poll):
        try:
            run_local(source, workspace, todo, workers, kind, options.verify)
        except WorkerLost:
            raise
        except Exception as error:
            failure = workspace.failure()
            if failure is None:
                raise
            raise _worker_error(failure) from error


def _worker_error(failure: Mapping[str, str]) -> RealitygapError:
    kinds = {"SystemComponentError": SystemComponentError, "UsageError": UsageError}
    words = f"{failure['message']}. The finished shards are kept: run the same command again to go on"
    return kinds.get(failure["kind"], RealitygapError)(words)


def _configuration(source: Source, build: Build, options: BuildOptions) -> dict[str, Any]:
    return {
        "source": source.name,
        "source_version": source.version,
        "seed": options.seed,
        "max_examples_per_split": options.max_examples_per_split,
        "verify": options.verify,
        "shards": dict(sorted(Counter(shard.split for shard in build.shards).items())),
        "fingerprint": build.plan.fingerprint,
        "realitygap": version("realitygap"),
        **build.plan.configuration,
    }


def _collect(workspace: Workspace, build: Build) -> dict[str, dict[str, Any]]:
    found = {shard.name: workspace.facts(shard.name) for shard in build.shards}
    missing = [name for name, facts in found.items() if facts is None]
    if missing:
        raise RealitygapError(
            f"{len(missing)} of {len(found)} shards were not written, {missing[0]} the first of them; "
            f"the others are kept: run the same command again to go on"
        )
    return {name: facts for name, facts in found.items() if facts is not None}


def _check_rejections(
    workspace: Workspace, build: Build, facts: Mapping[str, dict[str, Any]], options: BuildOptions
) -> None:
    rejected = sorted(
        (line for shard in facts.values() for line in shard["rejected"]), key=lambda r: (r["split"], r["key"])
    )
    path = workspace.folder / REJECTED_NAME
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in rejected), "utf-8")
    if len(rejected) <= options.max_rejected:
        return
    shown = "; ".join(f"{line['key']} ({line['file']}): {line['reason']}" for line in rejected[:_SHOWN_REJECTIONS])
    more = f"; and {len(rejected) - _SHOWN_REJECTIONS} more" if len(rejected) > _SHOWN_REJECTIONS else ""
    raise RejectedError(
        f"{len(rejected)} of {build.examples} samples were rejected, {options.max_rejected} allowed: {shown}{more}. "
        f"All of them stand in {path}. Mend the files and run the command again, "
        f"or accept the loss with --max-rejected {len(rejected)}; what is done is kept either way"
    )


def _commit(
    source: Source,
    workspace: Workspace,
    build: Build,
    facts: Mapping[str, dict[str, Any]],
    options: BuildOptions,
    origin: Mapping[str, str],
) -> None:
    manifest = Manifest(
        name=source.name,
        version=source.version,
        about=source.about,
        licence=source.licence,
        schema=source.schema,
        splits=_splits(build, facts),
        configuration=_configuration(source, build, options),
        fingerprint=build.plan.fingerprint,
        findings={**build.plan.findings, **_leaks(build, facts)},
        rejected=sum(len(shard["rejected"]) for shard in facts.values()),
        versions={name: version(name) for name in _LIBRARIES},
        origin=origin,
    )
    texts = {
        DATASET_INFO_NAME: dataset_info_json(manifest),
        FEATURES_NAME: features_json(manifest),
        **label_files(manifest),
        CARD_NAME: card(manifest),
        INDEX_NAME: index_text(_places(build, facts)),
        MANIFEST_NAME: manifest.to_json(),
    }
    workspace.commit(texts, facts)


def _places(build: Build, facts: Mapping[str, dict[str, Any]]) -> Iterator[Place]:
    for shard in build.shards:
        for key, offset in facts[shard.name]["offsets"]:
            yield Place(key, shard.split, shard.name, offset)


def _leaks(build: Build, facts: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Images that stand, byte for byte, in more than one split: a score on them is worth less than it seems."""
    places: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for shard in build.shards:
        for key, length, crc in facts[shard.name]["images"]:
            places.setdefault((length, crc), []).append((shard.split, key))
    leaks = sorted(
        " = ".join(f"{split}/{key}" for split, key in sorted(found))
        for found in places.values()
        if len({split for split, _ in found}) > 1
    )
    return {"images in more than one split": tuple(leaks)} if leaks else {}


def _splits(build: Build, facts: Mapping[str, dict[str, Any]]) -> dict[str, SplitFacts]:
    splits: dict[str, SplitFacts] = {}
    for split in sorted({shard.split for shard in build.shards}):
        names = [shard.name for shard in build.shards if shard.split == split]
        shards = tuple(
            ShardFacts(name, facts[name]["records"], facts[name]["bytes"], facts[name]["sha256"]) for name in names
        )
        total = Statistics.total(facts[name]["statistics"] for name in names)
        splits[split] = SplitFacts(build.plan.split_names.get(split, split), shards, total.to_json())
    return splits
