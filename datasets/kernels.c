/* The inner loops that reading label maps and counting pixels spend their time in. datasets/kernels.py says what each
   does and calls them.

   Label maps are areas of one id: eight bytes are looked at together, and only where an outline passes through them one
   by one. Plain C11 without Python's headers: GCC or Clang is all that building it takes. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "runs are measured and samples swapped for little-endian machines; others do without these loops"
#endif

enum filter { NONE, LEFT, UP, AVERAGE, PAETH }; /* PNG, 9.2 */
enum { BLOCK = 8 };

static inline uint64_t load(const void *place)
{
    uint64_t block;
    memcpy(&block, place, BLOCK);
    return block;
}

/* Compiled anew for every size of a pixel that label maps have: what depends on it is decided then. */
#define FOR_EACH_PIXEL static inline __attribute__((always_inline))

/* The pixel of 1 or 2 bytes that ends before `end`, repeated to a block. */
FOR_EACH_PIXEL uint64_t repeat(const uint8_t *end, size_t pixel)
{
    uint16_t wide;
    if (pixel == 1)
        return end[-1] * UINT64_C(0x0101010101010101);
    memcpy(&wide, end - 2, 2);
    return wide * UINT64_C(0x0001000100010001);
}

/* PNG, 9.4: which of the bytes to the left, above, and above to the left is nearest to left + above - corner. */
static inline uint8_t nearest(int left, int above, int corner)
{
    int to_left = above - corner, to_above = left - corner, to_corner = to_left + to_above;
    to_left = abs(to_left), to_above = abs(to_above), to_corner = abs(to_corner);
    if (to_left <= to_above && to_left <= to_corner)
        return (uint8_t)left;
    return (uint8_t)(to_above <= to_corner ? above : corner);
}

FOR_EACH_PIXEL void undo_left(const uint8_t *change, uint8_t *row, size_t size, size_t pixel)
{
    memcpy(row, change, pixel);
    for (size_t i = pixel; i < size;) {
        if (pixel <= 2 && i + BLOCK <= size && load(change + i) == 0) {
            uint64_t block = repeat(row + i, pixel);
            memcpy(row + i, &block, BLOCK);
            i += BLOCK;
            continue;
        }
        for (size_t stop = i + BLOCK < size ? i + BLOCK : size; i < stop; i++)
            row[i] = change[i] + row[i - pixel];
    }
}

static void undo_up(const uint8_t *change, const uint8_t *above, uint8_t *row, size_t size)
{
    for (size_t i = 0; i < size; i++)
        row[i] = change[i] + above[i];
}

FOR_EACH_PIXEL void undo_average(const uint8_t *change, const uint8_t *above, uint8_t *row, size_t size, size_t pixel)
{
    for (size_t i = 0; i < pixel; i++)
        row[i] = change[i] + (above[i] >> 1);
    for (size_t i = pixel; i < size; i++)
        row[i] = change[i] + ((row[i - pixel] + above[i]) >> 1);
}

FOR_EACH_PIXEL void undo_paeth(const uint8_t *change, const uint8_t *above, uint8_t *row, size_t size, size_t pixel)
{
    for (size_t i = 0; i < pixel; i++)
        row[i] = change[i] + above[i];
    for (size_t i = pixel; i < size;) {
        if (i + BLOCK <= size && load(change + i) == 0) {
            uint64_t block = load(above + i);
            /* Above it nothing changes: all is as what lies to the left. */
            int repeats = pixel <= 2 && block == load(above + i - pixel);
            /* To the left it is as above: so it is here, and on. */
            if (repeats || memcmp(row + i - pixel, above + i - pixel, pixel) == 0) {
                if (repeats)
                    block = repeat(row + i, pixel);
                memcpy(row + i, &block, BLOCK);
                i += BLOCK;
                continue;
            }
        }
        for (size_t stop = i + BLOCK < size ? i + BLOCK : size; i < stop; i++)
            row[i] = change[i] + nearest(row[i - pixel], above[i], above[i - pixel]);
    }
}

/* Samples of two bytes are stored with the higher one first. */
static void swap_bytes(uint8_t *row, size_t size)
{
    for (size_t i = 0; i + 2 <= size; i += 2) {
        uint16_t sample;
        memcpy(&sample, row + i, 2);
        sample = (uint16_t)(sample << 8 | sample >> 8);
        memcpy(row + i, &sample, 2);
    }
}

FOR_EACH_PIXEL int undo(const uint8_t *filtered, uint8_t *pixels, size_t height, size_t size, size_t pixel, int deep)
{
    uint8_t *nothing = calloc(size, 1), *row = pixels;
    const uint8_t *above = nothing;
    int fault = nothing ? 0 : 2;
    for (size_t y = 0; y < height && !fault; y++) {
        const uint8_t *change = filtered + 1;
        switch (*filtered) {
        case NONE: memcpy(row, change, size); break;
        case LEFT: undo_left(change, row, size, pixel); break;
        case UP: undo_up(change, above, row, size); break;
        case AVERAGE: undo_average(change, above, row, size, pixel); break;
        case PAETH: undo_paeth(change, above, row, size, pixel); break;
        default: fault = 1;
        }
        if (deep && y)
            swap_bytes(row - size, size); /* which no other row is told from any more */
        above = row;
        row += size;
        filtered += 1 + size;
    }
    if (deep && height && !fault)
        swap_bytes(row - size, size);
    free(nothing);
    return fault;
}

/* 0, or 1 where a row names no filter, or 2 where memory is out. */
int undo_filters(const uint8_t *filtered, uint8_t *pixels, size_t height, size_t size, size_t pixel, int deep)
{
    switch (pixel) {
    case 1: return undo(filtered, pixels, height, size, 1, deep);
    case 2: return undo(filtered, pixels, height, size, 2, deep);
    default: return undo(filtered, pixels, height, size, pixel, deep);
    }
}

/* Where the run of a block's bytes that begins at `i` ends: at the first byte that differs. */
static inline size_t run_end(const uint8_t *bytes, size_t i, size_t size, uint64_t block)
{
    for (; i + BLOCK <= size; i += BLOCK) {
        uint64_t change = load(bytes + i) ^ block;
        if (change)
            return i + (size_t)__builtin_ctzll(change) / 8; /* the first byte is the lowest: little-endian */
    }
    while (i < size && bytes[i] == (uint8_t)(block >> 8 * (i % 2)))
        i++;
    return i;
}

void count_ids(const uint8_t *ids, size_t size, int64_t counts[256])
{
    for (size_t i = 0, start = 0; i < size; start = i) {
        i = run_end(ids, i, size, ids[i] * UINT64_C(0x0101010101010101));
        counts[ids[start]] += (int64_t)(i - start);
    }
}

void mark_ids(const uint16_t *ids, size_t size, uint8_t seen[65536])
{
    for (size_t i = 0; i < size;) {
        seen[ids[i]] = 1;
        i = run_end((const uint8_t *)ids, 2 * i, 2 * size, ids[i] * UINT64_C(0x0001000100010001)) / 2;
    }
}

void sum_bands(const uint8_t *rows, size_t stride, size_t size, const size_t *edges, size_t bands, uint16_t *sums,
               uint32_t *squares)
{
    for (size_t band = 0; band < bands; band++, sums += size)
        for (size_t y = edges[band]; y < edges[band + 1]; y++) {
            const uint8_t *row = rows + y * stride;
            for (size_t i = 0; i < size; i++)
                sums[i] += row[i];
            if (squares)
                for (size_t i = 0; i < size; i++)
                    squares[i] += (uint32_t)row[i] * row[i];
        }
}
