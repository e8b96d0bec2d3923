"""The loops in C against the words of the PNG specification and numpy. They are built by `make setup`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.kernels import Kernels, kernels
from datasets.png import SIGNATURE
from tests.fixtures import chunk
from tests.test_rules import ROOT


@pytest.fixture(scope="module", params=["as built", "portable"])
def loops(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """The loops as this machine has them, and as one has them whose processor they know no instructions of."""
    found = kernels()
    if found is None:
        pytest.skip("the loops in C are not built here: `make setup` builds them where there is a C compiler")
    if request.param == "as built":
        return found
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no cc here to compile the loops with")
    library = tmp_path_factory.mktemp("loops") / "portable.so"
    words = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-DPORTABLE", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([compiler, *words, str(ROOT / "datasets/kernels.c")], check=True)
    return Kernels(str(library))


def _filtered(rows: np.ndarray, filters: list[int], pixel: int) -> bytes:
    """What an encoder stores for `(height, bytes)` rows: PNG, second edition, 9.2, byte by byte."""
    out = bytearray()
    above = np.zeros(rows.shape[1], np.uint8)
    for row, kind in zip(rows, filters, strict=True):
        out.append(kind)
        for place, byte in enumerate(row.tolist()):
            left, up = (int(row[place - pixel]) if place >= pixel else 0), int(above[place])
            corner = int(above[place - pixel]) if place >= pixel else 0
            estimate = left + up - corner
            nearest = min((left, up, corner), key=lambda value: abs(estimate - value))
            out.append((byte - (0, left, up, (left + up) // 2, nearest)[kind]) % 256)
        above = row
    return bytes(out)


@st.composite
def _maps(draw: st.DrawFn, pixel: int = 1) -> np.ndarray:
    """`(height, bytes)` rows like those of label maps: a few different pixels, each many times, a little aslant."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 150))
    byte = st.sampled_from([0, 1, 2, 254, 255]) if pixel > 1 else st.integers(0, 255)  # pixels that differ in part
    runs = draw(st.lists(st.tuples(st.lists(byte, min_size=pixel, max_size=pixel), st.integers(1, 40)), min_size=1))
    line = np.repeat(np.array([value for value, _ in runs], np.uint8), [length for _, length in runs], axis=0)
    shift = draw(st.integers(0, 9))
    rows = [np.resize(np.roll(line, shift * y, axis=0), (width, pixel)) for y in range(height)]
    return np.array(rows).reshape(height, width * pixel)


@pytest.mark.parametrize("pixel", [1, 2, 3, 4, 6, 8])
@given(data=st.data())
def test_filters_are_undone_as_the_specification_says(loops: Kernels, pixel: int, data: st.DataObject) -> None:
    rows = data.draw(_maps(pixel))
    filters = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    deep = pixel % 2 == 0
    shape = (len(rows), rows.shape[1] // pixel, pixel // 2 if deep else pixel)
    pixels = loops.undo_filters(_filtered(rows, filters, pixel), shape, np.uint16 if deep else np.uint8)
    wanted = rows.view(">u2").astype(np.uint16) if deep else rows
    np.testing.assert_array_equal(pixels, wanted.reshape(shape))


@given(data=st.data())
def test_ids_are_counted_without_keeping_the_pixels(loops: Kernels, data: st.DataObject) -> None:
    rows = data.draw(_maps())
    filters = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    counts = loops.count_filtered_ids(_filtered(rows, filters, 1), *rows.shape)
    np.testing.assert_array_equal(counts, np.bincount(rows.ravel(), minlength=256))


@given(data=st.data())
def test_distinct_ids_are_found_without_keeping_the_pixels(loops: Kernels, data: st.DataObject) -> None:
    rows = data.draw(_maps(2))
    filters = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    ids = loops.distinct_filtered_ids(_filtered(rows, filters, 2), len(rows), rows.shape[1] // 2)
    np.testing.assert_array_equal(ids, np.unique(rows.view(">u2")))


@pytest.mark.parametrize("size", [11, 13])
def test_rows_of_another_size_are_refused(loops: Kernels, size: int) -> None:
    with pytest.raises(ValueError, match=f"2 rows of 5 bytes and their filters, got {size} bytes"):
        loops.undo_filters(bytes(size), (2, 5, 1), np.uint8)
    with pytest.raises(ValueError, match=f"2 rows of 5 bytes and their filters, got {size} bytes"):
        loops.count_filtered_ids(bytes(size), 2, 5)
    with pytest.raises(ValueError, match=f"2 rows of 6 bytes and their filters, got {size} bytes"):
        loops.distinct_filtered_ids(bytes(size), 2, 3)
    with pytest.raises(ValueError, match="2 rows of 0 bytes"):  # the first and the last pixel of a row are looked at
        loops.count_filtered_ids(bytes(2), 2, 0)


@pytest.mark.parametrize("kind", [5, 255])
def test_a_filter_that_does_not_exist_is_refused(loops: Kernels, kind: int) -> None:
    with pytest.raises(ValueError, match="a row names a filter that does not exist"):
        loops.undo_filters(bytes([0, 1, 2, kind, 1, 2]), (2, 2, 1), np.uint8)
    with pytest.raises(ValueError, match="a row names a filter that does not exist"):
        loops.count_filtered_ids(bytes([0, 1, 2, kind, 1, 2]), 2, 2)
    with pytest.raises(ValueError, match="a row names a filter that does not exist"):
        loops.distinct_filtered_ids(bytes([0, 1, 2, kind, 1, 2]), 2, 1)


@given(ids=_maps())
def test_ids_are_counted_as_numpy_counts_them(loops: Kernels, ids: np.ndarray) -> None:
    np.testing.assert_array_equal(loops.count_ids(ids), np.bincount(ids.ravel(), minlength=256))
    np.testing.assert_array_equal(loops.count_ids(ids.T), np.bincount(ids.ravel(), minlength=256))


@given(ids=_maps(), factor=st.sampled_from([1, 256, 257]))
def test_distinct_ids_are_those_of_numpy(loops: Kernels, ids: np.ndarray, factor: int) -> None:
    wide = ids.astype(np.uint16) * factor  # neighbours that differ in their low, high or both bytes
    np.testing.assert_array_equal(loops.distinct_ids(wide), np.unique(wide))


def test_ids_of_another_type_are_refused(loops: Kernels) -> None:
    with pytest.raises(ValueError, match="ids must be uint8, got uint16"):
        loops.count_ids(np.zeros((2, 2), np.uint16))
    with pytest.raises(ValueError, match="ids must be uint16, got uint8"):
        loops.distinct_ids(np.zeros((2, 2), np.uint8))


def _png(bodies: list[bytes]) -> bytes:
    chunks = [(b"IDAT", body) for body in bodies] + [(b"IEND", b"")]
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in chunks)


def _folds(loops: Kernels) -> bool:
    """Whether these loops can take a CRC-32 on this machine; else they only say that they have not looked."""
    return "portable" not in loops.path and "pclmulqdq" in Path("/proc/cpuinfo").read_text()


@given(bodies=st.lists(st.binary(max_size=300), max_size=3), data=st.data())
def test_chunks_are_whole_until_a_bit_is_changed_or_the_end_is_missing(
    loops: Kernels, bodies: list[bytes], data: st.DataObject
) -> None:
    png = _png(bodies)
    assert loops.chunks_are_whole(png) == _folds(loops)
    assert loops.chunks_are_whole(png + b"left over") == _folds(loops)
    assert not loops.chunks_are_whole(png[: data.draw(st.integers(0, len(png) - 1))])
    place, bit = data.draw(st.integers(len(SIGNATURE), len(png) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(png)
    changed[place] ^= 1 << bit
    assert not loops.chunks_are_whole(bytes(changed))


@pytest.mark.parametrize("size", [*range(56, 90), 127, 128, 129, 1000, 8192, 65537])
def test_chunks_of_every_size_have_the_crc_that_zlib_gives(loops: Kernels, size: int) -> None:
    generator = np.random.default_rng(size)
    assert loops.chunks_are_whole(_png([generator.bytes(size), bytes(size), b"\xff" * size])) == _folds(loops)
    for length in (2**31, 2**32 - 1, size + 1):
        lying = bytearray(_png([generator.bytes(size)]))
        lying[8:12] = length.to_bytes(4, "big")
        assert not loops.chunks_are_whole(bytes(lying))


@pytest.mark.parametrize("edges", [(0, 258), (-1, 4), (0, 301), (4, 2), (0, 9, 3)])
def test_bands_that_leave_the_rows_or_overflow_are_refused(loops: Kernels, edges: tuple[int, ...]) -> None:
    rows = np.zeros((300, 5), np.uint8)
    with pytest.raises(ValueError, match="edges must rise from 0 to 300 by at most 257"):
        loops.sum_bands(rows, edges)
    with pytest.raises(ValueError, match="rows must be uint8 whose bytes follow each other"):
        loops.sum_bands(rows[:, ::2], (0, 1))


def test_nothing_is_read_or_written_outside_the_arrays(loops: Kernels) -> None:
    """Every array ends where a page begins that no one may touch, or begins where one ends; in a process of its own."""
    code = """
        import ctypes, mmap, sys, zlib
        import numpy as np
        from datasets.kernels import Kernels

        PAGE = mmap.PAGESIZE
        protect = ctypes.CDLL(None, use_errno=True).mprotect

        def fenced(values, at_end):
            room = mmap.mmap(-1, 3 * PAGE)
            whole = np.frombuffer(room, np.uint8)
            size = values.nbytes
            start = 2 * PAGE - size if at_end else PAGE
            whole[start : start + size] = values.view(np.uint8).ravel()
            for page in (0, 2):
                assert protect(ctypes.c_void_p(whole.ctypes.data + page * PAGE), PAGE, 0) == 0
            return whole[start : start + size].view(values.dtype)

        loops = Kernels(sys.argv[1])
        generator = np.random.default_rng(0)
        for size in (*range(1, 60), *range(60, 166, 7)):
            for at_end in (False, True):
                ids = np.repeat(generator.integers(0, 3, size), 5).astype(np.uint8)[:size]
                assert loops.count_ids(fenced(ids, at_end)).sum() == size
                rows = fenced(np.resize(ids, 4 * size), at_end).reshape(4, size)
                sums, squares = fenced(np.zeros(2 * size, np.uint16), at_end), fenced(np.zeros(size, np.uint32), at_end)
                loops._sum(rows, (0, 1, 4), sums, None)
                loops._sum(rows, (0, 4), sums, squares)
                name = np.frombuffer(b"IDAT", np.uint8)
                crc = np.frombuffer(zlib.crc32(b"IDAT" + ids.tobytes()).to_bytes(4, "big"), np.uint8)
                chunk = [np.zeros(11, np.uint8), np.array([size], np.uint8), name, ids, crc]
                png = fenced(np.concatenate(chunk), at_end)
                assert not loops._chunks_are_whole(png.ctypes.data, png.size)  # no IEND
                wide = fenced(ids.astype(np.uint16), at_end)
                assert len(loops.distinct_ids(wide)) == len(set(ids.tolist()))
                for pixel in (1, 2, 3, 4, 6, 8):
                    for kind in range(5):
                        change = np.zeros((3, 1 + size * pixel), np.uint8)
                        change[:, 0], change[0, 1:] = kind, np.resize(ids, size * pixel)
                        out = fenced(np.zeros(3 * size * pixel, np.uint8), at_end)
                        filtered = fenced(change.ravel(), at_end)
                        rows, deep = (3, size * pixel), pixel % 2 == 0
                        assert loops._undo_filters(filtered.ctypes.data, out.ctypes.data, *rows, pixel, deep) == 0
                        if pixel == 1:
                            counts = fenced(np.zeros(256, np.int64), at_end)
                            assert loops._count_filtered_ids(filtered.ctypes.data, *rows, counts.ctypes.data) == 0
                            assert counts.sum() == 3 * size
        import os
        os._exit(0)  # numpy looks into the fenced memory as it is freed
    """
    lines = [line[8:] for line in code.splitlines()]
    child = subprocess.run([sys.executable, "-c", "\n".join(lines), loops.path], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
