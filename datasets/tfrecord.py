"""The TFRecord container: frames of length, payload and masked CRC-32C, written and read without TensorFlow.

Format: tensorflow/core/lib/io/record_writer.h. The reader proves every frame before it hands out a payload, because
a forged length or a file cut inside a header is read in silence, or crashes, elsewhere.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from datasets.errors import VerificationError

HEADER_BYTES = 12
FOOTER_BYTES = 4
_MASK_DELTA = 0xA282EAD8
_LARGE = 1 << 18  # bytes; a smaller record is copied in less time than it takes to write its pieces one by one


class RecordFault(VerificationError):
    """A record file is damaged; the message names the file, the record and the byte offset."""

    def __init__(self, path: Path, record: int, offset: int, what: str) -> None:
        super().__init__(f"{path}: record {record} at byte {offset}: {what}")


@dataclass(frozen=True)
class FileFacts:
    """What was written: number of records, bytes on disk, SHA-256 of the file in hexadecimal."""

    records: int
    bytes: int
    sha256: str


class RecordWriter:
    """Writes payloads as frames to an open binary file and keeps its checksum."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._records = 0
        self._bytes = 0

    def write(self, payload: Sequence[bytes]) -> int:
        """Append one record, given in pieces; gives the byte offset at which it begins."""
        offset, size = self._bytes, sum(map(len, payload))
        length = struct.pack("<Q", size)
        header = length + struct.pack("<I", masked_crc32c(length))
        pieces = (header + payload[0], *payload[1:], struct.pack("<I", masked_crc32c(*payload)))
        for piece in pieces if size >= _LARGE else (b"".join(pieces),):
            self._file.write(piece)
            self._sha256.update(piece)
        self._bytes += HEADER_BYTES + size + FOOTER_BYTES
        self._records += 1
        return offset

    def facts(self) -> FileFacts:
        """The facts of all that was written so far."""
        return FileFacts(self._records, self._bytes, self._sha256.hexdigest())


def masked_crc32c(*pieces: bytes) -> int:
    """CRC-32C of the pieces together, rotated and offset, as stored beside lengths and payloads."""
    crc = 0
    for piece in pieces:
        crc = google_crc32c.extend(crc, piece)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def read_record(path: Path, offset: int) -> bytes:
    """The payload of the record that begins at a byte offset.

    Raises:
        RecordFault: there is no whole record.
    """
    with open(path, "rb") as file:
        file.seek(offset)
        return _read_frame(file, path, 0, offset, os.path.getsize(path) - offset)


def read_records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Byte offset and payload of every record of a file.

    Raises:
        RecordFault: a length that exceeds the file, a wrong CRC, or an end inside a record.
    """
    left = os.path.getsize(path)
    offset = 0
    with open(path, "rb") as file:
        for record in itertools.count():
            if left == 0:
                return
            payload = _read_frame(file, path, record, offset, left)
            yield offset, payload
            size = HEADER_BYTES + len(payload) + FOOTER_BYTES
            offset += size
            left -= size


def _read_frame(file: BinaryIO, path: Path, record: int, offset: int, left: int) -> bytes:
    """The payload of the frame at the file's position, of which `left` bytes are there at most."""
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        raise RecordFault(path, record, offset, f"the file ends inside a header, {left} bytes are left over")
    length, header_crc = struct.unpack("<QI", header)
    if masked_crc32c(header[:8]) != header_crc:
        raise RecordFault(path, record, offset, "the length fails its CRC")
    if HEADER_BYTES + length + FOOTER_BYTES > left:
        raise RecordFault(path, record, offset, f"announces {length} bytes but the file ends {left} bytes on")
    payload = file.read(length)
    footer = file.read(FOOTER_BYTES)
    if len(footer) < FOOTER_BYTES or struct.unpack("<I", footer)[0] != masked_crc32c(payload):
        raise RecordFault(path, record, offset, "the payload fails its CRC")
    return payload


def file_facts(path: Path) -> FileFacts:
    """Scan a file: every frame is proved, the checksum taken.

    Raises:
        RecordFault: the file is damaged.
    """
    records = sum(1 for _ in read_records(path))
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFacts(records, os.path.getsize(path), digest)
