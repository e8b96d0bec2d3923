"""The end of a build: what the workers left becomes the files that describe the data set."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from datasets.card import CARD_NAME, card
from datasets.errors import RealitygapError, RejectedError
from datasets.key_index import INDEX_NAME, Place, index_text
from datasets.leaks import Trace, find_copies, find_near_copies
from datasets.manifest import MANIFEST_NAME, Manifest, ShardFacts, SplitFacts
from datasets.source import Source
from datasets.statistics import Statistics
from datasets.tfds import DATASET_INFO_NAME, FEATURES_NAME, dataset_info_json, features_json, label_files
from pipelines.options import BuildOptions
from pipelines.plan import Build

if TYPE_CHECKING:
    from pipelines.places import AnyWorkspace

_LIBRARIES = ("realitygap", "numpy", "pillow", "imagecodecs")
_SHOWN_REJECTIONS = 5


def configuration(source: Source, build: Build, options: BuildOptions) -> dict[str, Any]:
    """Everything that shapes the output."""
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


def collect(workspace: AnyWorkspace, build: Build) -> dict[str, dict[str, Any]]:
    """What the workers said of every shard, by its name.

    Raises:
        RealitygapError: a shard was not written.
    """
    found = {shard.name: workspace.facts(shard.name) for shard in build.shards}
    missing = [name for name, facts in found.items() if facts is None]
    if missing:
        raise RealitygapError(
            f"{len(missing)} of {len(found)} shards were not written, {missing[0]} the first of them; "
            f"the others are kept: run the same command again to go on"
        )
    return {name: facts for name, facts in found.items() if facts is not None}


def check_rejections(
    workspace: AnyWorkspace, build: Build, facts: Mapping[str, dict[str, Any]], options: BuildOptions
) -> None:
    """Write down what was rejected.

    Raises:
        RejectedError: it is more than was allowed.
    """
    rejected = sorted(
        (line for shard in facts.values() for line in shard["rejected"]), key=lambda r: (r["split"], r["key"])
    )
    path = workspace.save_rejections("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in rejected))
    if len(rejected) <= options.max_rejected:
        return
    shown = "; ".join(f"{line['key']} ({line['file']}): {line['reason']}" for line in rejected[:_SHOWN_REJECTIONS])
    more = f"; and {len(rejected) - _SHOWN_REJECTIONS} more" if len(rejected) > _SHOWN_REJECTIONS else ""
    raise RejectedError(
        f"{len(rejected)} of {build.examples} samples were rejected, {options.max_rejected} allowed: {shown}{more}. "
        f"All of them stand in {path}. Mend the files and run the command again, "
        f"or accept the loss with --max-rejected {len(rejected)}; what is done is kept either way"
    )


def commit(
    source: Source,
    workspace: AnyWorkspace,
    build: Build,
    facts: Mapping[str, dict[str, Any]],
    options: BuildOptions,
    origin: Mapping[str, str],
) -> None:
    """Describe the data set and let it appear."""
    manifest = Manifest(
        name=source.name,
        version=source.version,
        about=source.about,
        licence=source.licence,
        schema=source.schema,
        splits=_splits(build, facts),
        configuration=configuration(source, build, options),
        fingerprint=build.plan.fingerprint,
        findings={**build.plan.findings, **_leaks(build, facts), **_several_origins(facts)},
        rejected=sum(len(shard["rejected"]) for shard in facts.values()),
        versions={name: version(name) for name in _LIBRARIES},
        origin={**origin, **_one_origin(facts)},
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


def _origins(facts: Mapping[str, dict[str, Any]]) -> list[dict[str, str]]:
    """What the workers say that shapes their pixels, each answer once."""
    answers = {json.dumps(shard.get("origin", {}), sort_keys=True) for shard in facts.values()}
    return [json.loads(answer) for answer in sorted(answers)]


def _one_origin(facts: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    return _origins(facts)[0] if len(_origins(facts)) == 1 else {}


def _several_origins(facts: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Different drivers draw pixels that differ in the last bit: then the bytes are not those of one machine."""
    said = tuple(", ".join(origin.values()) or "not said" for origin in _origins(facts))
    return {"workers drew with different drivers": said} if len(said) > 1 else {}


def _places(build: Build, facts: Mapping[str, dict[str, Any]]) -> Iterator[Place]:
    for shard in build.shards:
        for key, offset in facts[shard.name]["offsets"]:
            yield Place(key, shard.split, shard.name, offset)


def _leaks(build: Build, facts: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    traces = [Trace(*trace) for shard in build.shards for trace in facts[shard.name]["traces"]]
    found = {
        "images in more than one split": find_copies(traces),
        "images that look the same in two splits": find_near_copies(traces),
    }
    return {kind: names for kind, names in found.items() if names}


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
