"""Encoded images: what format they really are, their header, their pixels.

Which library reads what, and why: label ids must survive exactly, and several decoders turn 16-bit or palette
labels into other numbers without a word. PNG goes to imagecodecs (exact for 8 and 16 bits), palettes to Pillow
(keeps the index), JPEG to simplejpeg, everything else to Pillow.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

from datasets.errors import BadSample
from datasets.jpeg import pixels_start
from datasets.png import CHANNELS, PALETTE, SIGNATURE, decode_png, png_fault, png_header

MAX_PIXELS = 100_000_000
"""Larger images are refused from their header, before any memory is taken for them."""


# What the decoders were seen to raise on damaged bytes (found by generated ones); none of it is a fault of ours.
_DECODER_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class ImageHeader:
    """Facts that an encoded image states about itself before its pixels are decoded.

    Attributes:
        format: `jpeg`, `png`, `gif`, `bmp`, `tiff` or `webp`, by content and never by file name.
        height: rows, in pixels.
        width: columns, in pixels.
        channels: samples a pixel, as stored (a palette index is one).
        bits: bits a sample.
        palette: whether samples are indices into a colour table.
    """

    format: str
    height: int
    width: int
    channels: int
    bits: int
    palette: bool = False


def sniff_format(data: bytes) -> str | None:
    """The image format that the first bytes announce, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(SIGNATURE):
        return "png"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data.startswith(b"BM"):
        return "bmp"
    if data[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return None


def read_header(data: bytes) -> ImageHeader:
    """The header of an encoded image; nothing is decoded.

    Raises:
        BadSample: not an image, a damaged header, no pixels, or more than `MAX_PIXELS`.
    """
    if not data:
        raise BadSample("the file is empty")
    format_ = sniff_format(data)
    if format_ is None:
        raise BadSample(f"not an image: the file begins with {data[:8]!r}")
    try:
        header = _HEADER_READERS.get(format_, _read_other_header)(data, format_)
    except _DECODER_ERRORS as error:
        raise BadSample(f"the {format_.upper()} header cannot be read: {_words(error)}") from None
    pixels = header.height * header.width
    if pixels == 0:
        raise BadSample(f"the image has no pixels: {header.width}x{header.height}")
    if pixels > MAX_PIXELS:
        raise BadSample(f"the header announces {header.width}x{header.height} pixels; at most {MAX_PIXELS:,} are read")
    return header


def decode_pixels(data: bytes, header: ImageHeader | None = None) -> np.ndarray:
    """Pixels as stored, `(height, width, channels)` uint8 or uint16; palette images give their indices.

    Colours are in R, G, B order. EXIF orientation is not applied: labels are stored for the pixels as they lie.

    Raises:
        BadSample: the image is damaged or cut short.
    """
    header = header or read_header(data)
    try:
        pixels = _decode(data, header)
    except _DECODER_ERRORS as error:
        raise BadSample(f"the {header.format.upper()} is damaged: {_words(error)}") from None
    return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]


def decode_colours(data: bytes) -> np.ndarray:
    """Pixels as `(height, width, 3)` uint8 colours from any mode: palette looked up, alpha dropped, grey repeated.

    Of an animation the first frame is taken. 16-bit samples keep their upper byte.

    Raises:
        BadSample: the image is damaged or cut short.
    """
    header = read_header(data)
    if header.bits == 16:
        pixels = (decode_pixels(data) >> 8).astype(np.uint8)
        colours = pixels[:, :, :3] if pixels.shape[2] >= 3 else np.repeat(pixels[:, :, :1], 3, axis=2)
        return np.ascontiguousarray(colours)
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
            warnings.simplefilter("ignore")
            return np.asarray(image.convert("RGBA" if _has_alpha(image) else "RGB"))[:, :, :3].copy()
    except _DECODER_ERRORS as error:
        raise BadSample(f"the {header.format.upper()} is damaged: {_words(error)}") from None


def exif_orientation(data: bytes) -> int:
    """The EXIF orientation of an encoded image, 1 (upright) when it states none."""
    metadata = _metadata(data)
    if not (b"Exif" in metadata or b"eXIf" in metadata or b"rientation" in metadata):  # what states one has one of them
        return 1
    try:
        with Image.open(io.BytesIO(data)) as image:
            return int(image.getexif().get(0x0112, 1))
    except _DECODER_ERRORS:
        return 1


def _metadata(data: bytes) -> bytes:
    """The part of a file in which an orientation would stand; of a damaged or unknown one all of it."""
    try:
        return data[: pixels_start(data)] if sniff_format(data) == "jpeg" else data
    except ValueError:
        return data


def _words(error: BaseException) -> str:
    plain = isinstance(error, ValueError | OSError | RuntimeError) and str(error)
    return str(error) if plain else "what it says cannot be true"


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _decode(data: bytes, header: ImageHeader) -> np.ndarray:
    if header.format == "jpeg":
        return _decode_jpeg(data, header)
    if header.format == "png":
        if not header.palette and header.bits >= 8:
            return decode_png(data)
        fault = png_fault(data)
        if fault:
            raise ValueError(fault)
    with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
        warnings.simplefilter("ignore")
        if image.mode == "1":
            return np.asarray(image).astype(np.uint8)
        return np.asarray(image)


def _decode_jpeg(data: bytes, header: ImageHeader) -> np.ndarray:
    if header.channels == 4:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    # Photos with stray bytes between their segments are common and harmless; a cut file still raises.
    space = "GRAY" if header.channels == 1 else "RGB"
    return simplejpeg.decode_jpeg(data, colorspace=space, strict=False)


def _read_png_header(data: bytes, format_: str) -> ImageHeader:
    width, height, bits, colour_type = png_header(data)
    return ImageHeader(format_, height, width, CHANNELS[colour_type], bits, colour_type == PALETTE)


def _read_jpeg_header(data: bytes, format_: str) -> ImageHeader:
    height, width, space, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    channels = {"Gray": 1, "CMYK": 4, "YCCK": 4}.get(space, 3)
    return ImageHeader(format_, height, width, channels, 8)


def _read_other_header(data: bytes, format_: str) -> ImageHeader:
    with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
        warnings.simplefilter("ignore")
        bits = 16 if image.mode.startswith("I;16") else 8
        return ImageHeader(format_, image.height, image.width, len(image.getbands()), bits, image.mode == "P")


_HEADER_READERS: dict[str, Any] = {"png": _read_png_header, "jpeg": _read_jpeg_header}
