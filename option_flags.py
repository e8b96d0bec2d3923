"""Flags for dataclasses of options whose values stay words until a YAML file has been heard, too.

`training.configuration.from_document` makes the options of what was given; nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser


def add_flags(
    parser: ArgumentParser,
    kind: type[Any],
    document: Mapping[str, Any],
    skip: frozenset[str] = frozenset(),
    section: str = "",
) -> None:
    """A flag for every field, without defaults, so that only what was given speaks; values stay words.

    Args:
        parser: gets the flags.
        kind: the dataclass; those inside it become sections with a dot.
        document: plain defaults by name, which the help tells; what it lacks must be given.
        skip: names of fields that get no flag.
        section: what their names begin with.
    """
    from docstring_parser import parse
    from jsonargparse import ActionYesNo

    helps = {param.arg_name: " ".join((param.description or "").split()) for param in parse(kind.__doc__ or "").params}
    hints = get_type_hints(kind)
    for field in fields(kind):
        if field.name in skip:
            continue
        if is_dataclass(hints[field.name]):
            add_flags(parser, hints[field.name], document[field.name], section=f"{section}{field.name}.")
            continue
        known = f" (default: {_text(document[field.name])})" if field.name in document else ""
        about = helps.get(field.name, "").rstrip(".") + known
        flag = f"--{section}{field.name}"
        if hints[field.name] is bool:
            parser.add_argument(flag, action=ActionYesNo, default=None, help=about)
        else:
            parser.add_argument(flag, type=str, default=None, help=about)


def given_flags(parsed: Any, kind: type[Any], section: str = "") -> dict[str, Any]:
    """What was given on the command line, nested as the dataclass is."""
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        if is_dataclass(hint):
            inner = given_flags(parsed, hint, f"{section}{name}.")  # type: ignore[arg-type]
            if inner:
                found[name] = inner
        elif parsed.get(f"{section}{name}") is not None:
            found[name] = parsed[f"{section}{name}"]
    return found


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"  # so that lines can be broken
    return str(value).lower() if value is None else str(value)
