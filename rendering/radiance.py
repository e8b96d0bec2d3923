"""Radiance pictures (`.hdr`): Ward, "Real pixels", Graphics Gems II, 1991."""

from __future__ import annotations

import re

import numpy as np

_SIZE = re.compile(rb"^-Y (\d{1,5}) \+X (\d{1,5})$")
_LARGEST = 16384


def decode_radiance(data: bytes) -> np.ndarray:
    """`(height, width, 3)` float32 linear R, G, B of the bytes of a `.hdr` file, top row first.

    Raises:
        ValueError: the bytes are no Radiance picture, are cut short, or lie in another order than top to bottom.
    """
    head, separator, rest = data.partition(b"\n\n")
    size_line, _, body = rest.partition(b"\n")
    size = _SIZE.match(size_line)
    if not head.startswith(b"#?") or not separator or size is None:
        raise ValueError("this is no Radiance picture in the usual order (-Y height +X width)")
    height, width = int(size[1]), int(size[2])
    if not 1 <= min(height, width) <= max(height, width) <= _LARGEST:
        raise ValueError(f"the picture is {width}x{height}, larger than {_LARGEST}x{_LARGEST} or empty")
    rgbe = _pixels(np.frombuffer(body, np.uint8), height, width)
    # The shared exponent has a bias of 128, the mantissas 8 fractional bits.
    scale = np.where(rgbe[:, :, 3:] > 0, np.ldexp(np.float32(1), rgbe[:, :, 3:].astype(np.int32) - 136), 0)
    return (rgbe[:, :, :3] * scale).astype(np.float32)


def _pixels(body: np.ndarray, height: int, width: int) -> np.ndarray:
    """`(height, width, 4)` uint8, from plain or run-length encoded rows."""
    coded = 8 <= width < 32768 and len(body) >= 4 and body[:3].tolist() == [2, 2, width >> 8]
    if not coded:
        if len(body) < height * width * 4:
            raise ValueError(f"{height * width * 4} bytes of pixels were expected, got {len(body)}")
        return body[: height * width * 4].reshape(height, width, 4)
    pixels, values, place = np.empty((height, 4, width), np.uint8), body.tobytes(), 0
    for row in pixels:
        if values[place : place + 4] != bytes((2, 2, width >> 8, width & 255)):
            raise ValueError("a row does not begin as run-length encoded rows do")
        place += 4
        for channel in row:
            place = _unpack(values, place, channel)
    return pixels.transpose(0, 2, 1)


def _unpack(values: bytes, place: int, channel: np.ndarray) -> int:
    """Fill one channel of a row from its runs; where the next one begins."""
    filled = 0
    while filled < len(channel):
        if place + 1 >= len(values):
            raise ValueError("the pixels are cut short")
        count = values[place]
        run, step = (values[place + 1 : place + 2] * (count - 128), 2) if count > 128 else (
            values[place + 1 : place + 1 + count], 1 + count)  # fmt: skip
        if not run or filled + len(run) > len(channel) or len(run) != (count - 128 if count > 128 else count):
            raise ValueError("a run of pixels is cut short or leaves its row")
        channel[filled : filled + len(run)] = np.frombuffer(run, np.uint8)
        filled, place = filled + len(run), place + step
    return place
