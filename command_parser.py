"""Parsers for the command line, made from dataclasses of options. Nothing heavy is imported before a parser is made."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_origin, get_type_hints

from datasets.errors import UsageError

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser


def make_parser(name: str, about: str) -> ArgumentParser:
    """An empty parser whose complaints are `UsageError`s in plain words, and whose help shows options with hyphens."""
    from jsonargparse import ArgumentParser, DefaultHelpFormatter

    class Formatter(DefaultHelpFormatter):
        """Says the default where there is one, and no Python types."""

        def _get_help_string(self, action: Any) -> str:
            default = getattr(action, "default", None)
            shown = f" (default: {default})" if default not in (None, False, "", "==SUPPRESS==") else ""
            return (action.help or "").rstrip(".") + shown

    class Parser(ArgumentParser):
        """Shows options with hyphens; both spellings are accepted. Lists may be written `0,1,2`."""

        lists: ClassVar[set[str]]

        def parse_args(self, args: Any = None, **more: Any) -> Any:  # type: ignore[override]
            return super().parse_args(_with_brackets(args, self.lists), **more)

        def format_help(self, *words: Any) -> str:
            return _hyphened(super().format_help(*words))

        def error(self, message: str, ex: Exception | None = None) -> Any:
            raise UsageError(f"{_plainly(message)} (`realitygap {name} --help` explains every option)") from ex

    Parser.lists = set()
    return Parser(prog=f"realitygap {name}", description=about, formatter_class=Formatter)


def underscored(word: str) -> str:
    """A word of the command line with underscores in its option's name; both spellings are accepted."""
    if not word.startswith("--"):
        return word
    option, equals, value = word.partition("=")
    return "--" + option[2:].replace("-", "_") + equals + value


def add_options(parser: ArgumentParser, kind: type[Any], skip: frozenset[str] = frozenset()) -> None:
    """A flag for every field of a dataclass of options, with its docstring as help."""
    from docstring_parser import parse
    from jsonargparse import ActionYesNo

    helps = {param.arg_name: " ".join((param.description or "").split()) for param in parse(kind.__doc__ or "").params}
    hints = get_type_hints(kind)
    for field in fields(kind):
        if field.name in skip:
            continue
        if get_origin(hints[field.name]) is tuple:
            parser.lists.add(f"--{field.name}")  # type: ignore[attr-defined]  # of the class in `make_parser`
        words: dict[str, Any] = {"help": helps.get(field.name)}
        if hints[field.name] is bool:
            action = ActionYesNo if field.default is True else "store_true"
            parser.add_argument(
                f"--{field.name}", action=action, **words | ({"default": True} if field.default else {})
            )
            continue
        choices = [hint for hint in get_args(hints[field.name]) if hint is not type(None)]
        optional = len(choices) == 1 and type(None) in get_args(hints[field.name])
        words |= {"required": True} if field.default is MISSING else {"default": field.default}
        parser.add_argument(f"--{field.name}", type=choices[0] if optional else hints[field.name], **words)


def options_of(kind: type[Any], parsed: Any, **more: Any) -> Any:
    """The dataclass made from what was parsed; what was not given keeps its default."""
    given = {field.name: parsed[field.name] for field in fields(kind) if parsed.get(field.name) is not None}
    return kind(**given | more)


def _with_brackets(words: list[str], lists: set[str]) -> list[str]:
    """The words of a command line with the values of lists in brackets, as the parser wants them."""
    bracketed, option = [], ""
    for word in words:
        name, equals, value = word.partition("=")
        if option in lists and not word.startswith(("[", "--")):
            bracketed.append(f"[{word}]")
        elif name in lists and equals and not value.startswith("["):
            bracketed.append(f"{name}=[{value}]")
        else:
            bracketed.append(word)
        option = word
    return bracketed


def _plainly(message: str) -> str:
    """The parser's complaint without its inner names."""
    said = " ".join(_hyphened(message).split())
    said = re.sub(r'Parser key "(\w+)":', lambda match: f"--{match[1].replace('_', '-')}:", said)
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", said)


def _hyphened(text: str) -> str:
    return re.sub(r"--[a-z_]+", lambda match: match.group().replace("_", "-"), text)
