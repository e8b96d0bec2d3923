"""Textures of assets: from encoded bytes to pixels, with a look at the header first."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image

from datasets.errors import BadSample
from datasets.images import read_header
from rendering.assets.folder import BadAsset, Limits

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TGA")


def checked_image(data: bytes, limits: Limits) -> np.ndarray:
    """`(height, width, 4)` uint8 R, G, B, A as stored (sRGB-encoded where the texture is a colour).

    Raises:
        BadAsset: no image, damaged, or of more pixels than `limits.texture_pixels`; told from the header where
            that is the reason, before memory is taken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                if image.width * image.height > limits.texture_pixels:
                    raise BadAsset(
                        f"the image announces {image.width}x{image.height} pixels; "
                        f"at most {limits.texture_pixels:,} are read"
                    )
                if image.mode in ("I;16", "I;16B", "I"):
                    values = (np.asarray(image, np.uint32) >> 8).clip(0, 255).astype(np.uint8)
                    return np.asarray(Image.fromarray(values).convert("RGBA")).copy()
                return np.asarray(image.convert("RGBA")).copy()
    except BadAsset:
        raise
    except (Image.DecompressionBombError, *_DECODER_ERRORS) as error:
        raise BadAsset(_reason(data, error)) from None


_DECODER_ERRORS = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, RuntimeError,
                   ArithmeticError)  # fmt: skip


def _reason(data: bytes, error: Exception) -> str:
    """What the header says about it, if that already tells; else the decoder's own words."""
    try:
        read_header(data)
    except BadSample as said:
        return said.reason
    return f"the image is damaged: {str(error) or type(error).__name__}"
