"""Frozen dataclasses of options to YAML and back. Reading this module costs nothing.

Every complaint names the file, the path of the key, what was wanted and what came.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from datasets.errors import UsageError

WIDTH_BY_HEIGHT = {"written": "WIDTHxHEIGHT"}
"""Metadata of a field `(height, width)` that people write as `WIDTHxHEIGHT`."""

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word", Path: "a path"}


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Raises:
        UsageError: the file cannot be read, or holds something else.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} must hold options by name, got {type(document).__name__}")
    return document


def yaml_text(document: Mapping[str, Any]) -> str:
    """A document as YAML, in its order."""
    import yaml

    return str(yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, default_flow_style=None))


def to_document(options: Any) -> dict[str, Any]:
    """The plain values of a dataclass of options; `from_document` makes the same options of them."""
    return {entry.name: _plain(getattr(options, entry.name), entry) for entry in fields(options)}


def defaults(kind: type[Any]) -> dict[str, Any]:
    """The plain values of all options that have a default."""
    document = {}
    for entry in fields(kind):
        value = entry.default if entry.default is not MISSING else None
        if entry.default is not MISSING:
            document[entry.name] = _plain(value, entry)
    return document


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what `over` says instead, section by section."""
    result = dict(base)
    for name, value in over.items():
        inner = result.get(name)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        result[name] = merged(inner, value) if both else value  # type: ignore[arg-type]
    return result


def from_document(kind: type[Any], document: Mapping[str, Any], source: str = "", path: str = "") -> Any:
    """The dataclass of plain values; what is missing keeps its default.

    Args:
        kind: the dataclass.
        document: values by name, nested as the dataclass is.
        source: where they come from, for complaints.
        path: of the section within the whole.

    Raises:
        UsageError: a key that does not exist, a value of another type, a missing value.
    """
    entries = {entry.name: entry for entry in fields(kind)}
    hints = get_type_hints(kind)
    for name in document:
        if name not in entries:
            raise UsageError(f"{_at(source, path, name)}: there is no such option{_suggestion(str(name), entries)}")
    values = {
        name: _typed(hints[name], value, entries[name], source, _join(path, name)) for name, value in document.items()
    }
    lacking = [name for name, entry in entries.items() if entry.default is MISSING and name not in values]
    if lacking:
        raise UsageError(f"{_at(source, path, lacking[0])}: must be given")
    return kind(**values)


def _plain(value: Any, entry: Field[Any]) -> Any:
    if is_dataclass(value):
        return to_document(value)
    if entry.metadata.get("written") == "WIDTHxHEIGHT":
        return f"{value[1]}x{value[0]}"
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _typed(hint: Any, value: Any, entry: Field[Any], source: str, path: str) -> Any:
    if is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise UsageError(f"{_at(source, '', path)}: wanted options by name, got {value!r}")
        return from_document(hint, value, source, path)  # type: ignore[arg-type]
    if entry.metadata.get("written") == "WIDTHxHEIGHT":
        return _size(value, source, path)
    try:
        return _convert(hint, value)
    except ValueError:
        wanted = _description(hint)
        close = (
            difflib.get_close_matches(str(value), map(str, get_args(hint)), 1) if get_origin(hint) is Literal else []
        )
        hintful = f"; did you mean {close[0]!r}?" if close else ""
        raise UsageError(f"{_at(source, '', path)}: wanted {wanted}, got {value!r}{hintful}") from None


def _convert(hint: Any, value: Any) -> Any:
    """The value as the hint wants it; words are read as YAML would read them, except that 1e-3 is a number."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None or (value == "none" and NoneType in arguments):
            return None
        return _convert(next(argument for argument in arguments if argument is not NoneType), value)
    if origin is Literal:
        if value not in arguments:
            raise ValueError
        return value
    if origin is tuple:
        parts = (value.split(",") if value else []) if isinstance(value, str) else value
        kinds = [arguments[0]] * len(parts) if arguments[-1] is Ellipsis else list(arguments)
        if not isinstance(parts, list | tuple) or len(parts) != len(kinds):
            raise ValueError
        return tuple(_convert(kind, part) for kind, part in zip(kinds, parts, strict=True))
    if hint is bool and isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    if hint in (int, float) and isinstance(value, str | int | float) and not isinstance(value, bool):
        if hint is int and isinstance(value, float):
            raise ValueError
        return hint(value)
    if hint is Path and isinstance(value, str | Path):
        return Path(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ValueError
    return value


def _size(value: Any, source: str, path: str) -> tuple[int, int]:
    width, _, height = str(value).lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise UsageError(f"{_at(source, '', path)}: wanted WIDTHxHEIGHT in pixels such as 640x480, got {value!r}")
    return int(height), int(width)


def _description(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return f"{_description(next(part for part in arguments if part is not NoneType))} or none"
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        return f"a list of {'' if arguments[-1] is Ellipsis else f'{len(arguments)} '}numbers"
    return _WORDS.get(hint, str(hint))


def _suggestion(name: str, entries: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, entries, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(entries)}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _at(source: str, path: str, name: str) -> str:
    return f"{source}: {_join(path, str(name))}" if source else _join(path, str(name))
