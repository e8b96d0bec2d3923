"""One pixel map: its array, its encoded file, or both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datasets.images import ImageHeader, decode_pixels, read_header
from datasets.png import count_png_ids, distinct_png_ids, encode_png
from datasets.runs import count_distinct, count_ids

_BY_BYTES = ("float32", "uint32")


@dataclass(frozen=True, eq=False)
class Raster:
    """A pixel map that keeps the form it came in and makes the other when first asked for.

    A converted photograph keeps its file's bytes and is never decoded unless someone looks; a rendered frame keeps
    its array and is encoded once, losslessly, when it is stored.

    Attributes:
        shape: `(height, width, channels)`.
        dtype: `uint8`, `uint16`, `uint32` or `float32`. A map of the last two has one channel and is stored as TFDS
            stores floats: its four bytes as the channels of an RGBA PNG, so that it is exact.
    """

    shape: tuple[int, int, int]
    dtype: str
    _source: np.ndarray | bytes

    @classmethod
    def from_array(cls, array: np.ndarray) -> Raster:
        """A map of `(height, width, channels)` pixels; the array must not be changed afterwards."""
        if array.ndim != 3:
            raise ValueError(f"a pixel map must be (height, width, channels), got shape {array.shape}")
        height, width, channels = array.shape
        return cls((height, width, channels), array.dtype.name, array)

    @classmethod
    def from_bytes(cls, data: bytes, dtype: str | None = None, header: ImageHeader | None = None) -> Raster:
        """A map from the bytes of an image file; `float32` and `uint32` for one stored as described above.

        The header may be given where it has been read already.

        Raises:
            BadSample: the bytes are no image or their header is damaged.
        """
        header = header or read_header(data)
        if dtype in _BY_BYTES:
            return cls((header.height, header.width, 1), dtype, data)
        return cls((header.height, header.width, header.channels), "uint16" if header.bits == 16 else "uint8", data)

    @property
    def encoded(self) -> bool:
        """Whether it came as the bytes of an image file."""
        return isinstance(self._source, bytes)

    @property
    def decoded(self) -> bool:
        """Whether its pixels are at hand without decoding."""
        return not self.encoded or "array" in self.__dict__

    @property
    def height(self) -> int:
        """Rows, in pixels."""
        return self.shape[0]

    @property
    def width(self) -> int:
        """Columns, in pixels."""
        return self.shape[1]

    def remember(self, pixels: np.ndarray) -> None:
        """Take over the pixels that somebody decoded from `data`, so that nobody decodes them again."""
        self.__dict__["array"] = pixels

    @cached_property
    def array(self) -> np.ndarray:
        """`(height, width, channels)` pixels.

        Raises:
            BadSample: the encoded image is damaged.
        """
        if isinstance(self._source, np.ndarray):
            return self._source
        pixels = decode_pixels(self._source)
        return pixels.view(self.dtype) if self.dtype in _BY_BYTES else pixels

    @cached_property
    def id_counts(self) -> np.ndarray:
        """`(256,)` int64 pixels of each id of a map of uint8 ids. If it must be decoded, its pixels are not kept.

        Raises:
            BadSample: the encoded map is damaged.
        """
        counts = None if self.decoded else count_png_ids(self.data)
        return count_ids(self.array) if counts is None else counts

    @cached_property
    def instance_count(self) -> int:
        """How many different ids but 0 occur in a map of ids. If it must be decoded, its pixels are not kept.

        Raises:
            BadSample: the encoded map is damaged.
        """
        ids = None if self.decoded or self.dtype != "uint16" else distinct_png_ids(self.data)
        return count_distinct(self.array) if ids is None else int(np.count_nonzero(ids))

    @property
    def data(self) -> bytes:
        """The encoded image: the source's own bytes, or a lossless PNG of the array."""
        return self._source if isinstance(self._source, bytes) else self._png

    @cached_property
    def _png(self) -> bytes:
        assert isinstance(self._source, np.ndarray)
        if self.dtype in _BY_BYTES:
            return encode_png(np.ascontiguousarray(self._source).view(np.uint8))
        return encode_png(self._source)
