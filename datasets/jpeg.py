"""The segments of a JPEG file, by ITU-T T.81, annex B; no pixel is decoded."""

from __future__ import annotations

_FILL = 0xFF
_WITHOUT_LENGTH = frozenset({_FILL, 0x01, *range(0xD0, 0xD8)})  # fill bytes (B.1.1.2), TEM and RSTn (table B.1)
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, b"\xff\xd9"


def jpeg_fault(data: bytes) -> str | None:
    """What is wrong with the segments of a JPEG, or None; a changed byte among the pixels is not found."""
    try:
        start = pixels_start(data)
    except ValueError as fault:
        return str(fault)
    return None if data.rfind(_END_OF_IMAGE, start) > 0 else "cut short: no end marker"


def pixels_start(data: bytes) -> int:
    """Where the first scan's pixels begin; all metadata stand before.

    Raises:
        ValueError: the file ends before, or a segment announces more than there is.
    """
    position, size = 2, len(data)
    while position + 4 <= size:
        if data[position] != 0xFF:  # stray bytes between segments, which decoders skip too
            position = data.find(b"\xff", position)
            if position < 0:
                break
            continue
        marker = data[position + 1]
        if marker in _WITHOUT_LENGTH:
            position += 1 if marker == _FILL else 2
            continue
        length = data[position + 2] << 8 | data[position + 3]
        position += 2 + length
        if length < 2 or position > size:
            raise ValueError(f"cut short inside segment {marker:#04x}")
        if marker == _START_OF_SCAN:
            return position
    raise ValueError("cut short: no pixels")
