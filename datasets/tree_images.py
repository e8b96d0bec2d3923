"""Reading the images of a file tree: bytes kept where they can be, label maps proved whole, every conversion named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from datasets.errors import BadSample
from datasets.file_tree import FileTree
from datasets.images import ImageHeader, decode_colours, decode_pixels, png_fault, read_header
from datasets.raster import Raster

Noted = tuple[Raster, tuple[str, ...]]
"""A pixel map and notes on what had to be done to it."""


def read_colours(tree: FileTree, name: str) -> Noted:
    """A colour image. An 8-bit RGB PNG or JPEG keeps its bytes, anything else becomes a lossless RGB PNG.

    Kept bytes are not proved here (`datasets.proof`).

    Raises:
        BadSample: missing, no image, or damaged where it must be decoded.
    """
    data = tree.read(name)
    with blaming(name):
        header = read_header(data)
        ending = name.rpartition(".")[2].lower()
        named = {"jpg": "jpeg"}.get(ending, ending)
        notes = () if named == header.format else (f"{header.format}-named-{ending}",)
        if header.format in ("jpeg", "png") and not header.palette and (header.channels, header.bits) == (3, 8):
            return Raster.from_bytes(data), notes
        return Raster.from_array(decode_colours(data)), (*notes, f"re-encoded-{_words(header)}")


def read_ids(tree: FileTree, name: str) -> Noted:
    """A map of 8-bit class ids, decoded once; a grey PNG keeps its bytes, a palette PNG its indices.

    Raises:
        BadSample: missing, damaged, or colours where ids should be.
    """
    data = tree.read(name)
    with blaming(name):
        header = read_header(data)
        if header.channels != 1 or (header.bits != 8 and not header.palette):
            raise BadSample(f"labels must be one channel of 8 bits, got {header.channels} of {header.bits}")
        if _is_png(header, 1, 8):
            raster = Raster.from_bytes(data)
            _ = raster.array  # proves it whole, and stays for whoever counts the classes
            return raster, ()
        return Raster.from_array(decode_pixels(data)), (f"label-re-encoded-{_words(header)}",)


def read_numbers(tree: FileTree, name: str) -> Noted:
    """A map of 16-bit numbers. A grey 16-bit PNG keeps its bytes; one of 8 bits holds the same numbers and is widened.

    Raises:
        BadSample: missing, damaged, or of another form.
    """
    data = tree.read(name)
    with blaming(name):
        header = read_header(data)
        if _is_png(header, 1, 16):
            _prove_png(data)
            return Raster.from_bytes(data), ()
        if _is_png(header, 1, 8):
            return Raster.from_array(decode_pixels(data).astype(np.uint16)), ("8-bit-numbers-widened",)
        raise BadSample(f"wanted a grey PNG of 16 bits, got {_words(header)}, {header.channels} of {header.bits} bits")


def read_json(tree: FileTree, name: str) -> tuple[str, Any]:
    """The text of a JSON file and its value.

    Raises:
        BadSample: missing, not UTF-8, broken, or nested too deeply.
    """
    try:
        text = tree.read(name).decode("utf-8-sig")
        return text, json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSample(f"the JSON is broken: {error}", name) from None


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """Name the file in every `BadSample` that does not name one."""
    try:
        yield
    except BadSample as error:
        raise BadSample(error.reason, error.file or name) from None


def _is_png(header: ImageHeader, channels: int, bits: int) -> bool:
    return (header.format, header.palette, header.channels, header.bits) == ("png", False, channels, bits)


def _prove_png(data: bytes) -> None:
    fault = png_fault(data)
    if fault:
        raise BadSample(f"the PNG is damaged: {fault}")


def _words(header: ImageHeader) -> str:
    kinds = {1: "grey", 2: "grey-alpha", 3: "colour", 4: "cmyk" if header.format == "jpeg" else "alpha"}
    depth = "" if header.bits == 8 else f"-{header.bits}-bit"
    return f"{header.format}-{'palette' if header.palette else kinds.get(header.channels, 'other')}{depth}"
