/* The inner loops that reading label maps and counting pixels spend their time in. datasets/kernels.py says what each
   does and calls them.

   Label maps are areas of one id: sixteen bytes are looked at together, and only where an outline passes through them
   one by one. Plain C11 without Python's headers: GCC or Clang is all that building it takes. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the first byte of a number is taken for its lowest, and samples are swapped; others do without these loops"
#endif

enum filter { NONE, LEFT, UP, AVERAGE, PAETH }; /* PNG, 9.2 */
enum { BLOCK = 16 };

/* A bit for each byte of a block, the lowest for the first, set where two blocks differ. */
#if defined __SSE2__ && !defined PORTABLE
#include <emmintrin.h>

static inline uint32_t differences(const uint8_t *one, const uint8_t *other)
{
    __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)one), _mm_loadu_si128((const __m128i *)other));
    return (uint32_t)_mm_movemask_epi8(equal) ^ 0xFFFF;
}
#else
static inline uint32_t half_of_differences(const uint8_t *one, const uint8_t *other)
{
    const uint64_t low_bits = UINT64_C(0x7F7F7F7F7F7F7F7F);
    uint64_t a, b;
    memcpy(&a, one, 8), memcpy(&b, other, 8);
    a ^= b;
    a = (((a & low_bits) + low_bits) | a) & ~low_bits;                 /* the highest bit of each byte that is not 0 */
    return (uint32_t)((a >> 7) * UINT64_C(0x0102040810204080) >> 56); /* all eight side by side */
}

static inline uint32_t differences(const uint8_t *one, const uint8_t *other)
{
    return half_of_differences(one, other) | half_of_differences(one + 8, other + 8) << 8;
}
#endif

/* Compiled anew for every size of a pixel that label maps have: what depends on it is decided then. */
#define FOR_EACH_PIXEL static inline __attribute__((always_inline))

/* Of the bits of bytes those of the pixels, of 1 or 2 bytes, that have one: the bit of the first byte. */
FOR_EACH_PIXEL uint64_t by_pixel(uint64_t bits, size_t pixel)
{
    return pixel == 1 ? bits : (bits | bits >> 1) & UINT64_C(0x5555555555555555);
}

/* A pixel of 1 or 2 bytes, its first byte the lowest, eight or four times side by side. */
FOR_EACH_PIXEL uint64_t repeated(uint64_t value, size_t pixel)
{
    return value * (pixel == 1 ? UINT64_C(0x0101010101010101) : UINT64_C(0x0001000100010001));
}

/* The one that a row begins with, side by side. */
FOR_EACH_PIXEL uint64_t first_pixel(const uint8_t *row, size_t pixel)
{
    return repeated(pixel == 1 ? row[0] : row[0] | (uint64_t)row[1] << 8, pixel);
}

static inline void fill(uint8_t *block, uint64_t pixels)
{
    memcpy(block, &pixels, 8);
    memcpy(block + 8, &pixels, 8);
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

static const uint8_t nothing[64];

/* Where nothing is added, a pixel is as the one to its left. That one is kept in a register: a block that waited for the
   one before it to be written would take twice as long. */
FOR_EACH_PIXEL void undo_left(const uint8_t *change, uint8_t *row, size_t size, size_t pixel)
{
    size_t i = pixel;
    memcpy(row, change, pixel);
    uint64_t left = first_pixel(row, pixel);
    if (pixel <= 2)
        for (; i + 2 * BLOCK <= size; i += BLOCK) { /* a block may be filled from its last pixel on */
            fill(row + i, left);
            for (uint64_t bits = by_pixel(differences(change + i, nothing), pixel); bits; bits &= bits - 1) {
                size_t place = i + (size_t)__builtin_ctzll(bits);
                uint64_t value = 0;
                for (size_t j = 0; j < pixel; j++)
                    value |= (uint64_t)(uint8_t)(change[place + j] + (left >> 8 * j)) << 8 * j;
                left = repeated(value, pixel);
                fill(row + place, left);
            }
        }
    for (; i < size; i++)
        row[i] = change[i] + row[i - pixel];
}

static void undo_up(const uint8_t *change, const uint8_t *above, uint8_t *row, size_t size)
{
    for (size_t i = 0; i < size; i++)
        row[i] = change[i] + above[i];
}

/* Where nothing is added and the row above does not change, a pixel that is as the one above stays so. */
FOR_EACH_PIXEL void undo_average(const uint8_t *change, const uint8_t *above, uint8_t *row, size_t size, size_t pixel)
{
    for (size_t i = 0; i < pixel; i++)
        row[i] = change[i] + (above[i] >> 1);
    for (size_t i = pixel; i < size;) {
        if (pixel <= 2 && i + BLOCK <= size && memcmp(row + i - pixel, above + i, pixel) == 0 &&
            !(differences(change + i, nothing) | differences(above + i, above + i - pixel))) {
            memcpy(row + i, above + i, BLOCK);
            i += BLOCK;
            continue;
        }
        for (size_t stop = i + BLOCK < size ? i + BLOCK : size; i < stop; i++)
            row[i] = change[i] + ((row[i - pixel] + above[i]) >> 1);
    }
}

/* Where nothing is added and the row above does not change, a pixel is as the one to its left. */
FOR_EACH_PIXEL void undo_paeth(const uint8_t *change, const uint8_t *above, uint8_t *row, size_t size, size_t pixel)
{
    size_t i = pixel;
    for (size_t j = 0; j < pixel; j++)
        row[j] = change[j] + above[j];
    uint64_t left = first_pixel(row, pixel);
    if (pixel <= 2)
        for (; i + 2 * BLOCK <= size; i += BLOCK) {
            uint64_t bits = differences(change + i, nothing) | differences(above + i, above + i - pixel);
            fill(row + i, left);
            for (bits = by_pixel(bits, pixel); bits; bits &= bits - 1) {
                size_t place = i + (size_t)__builtin_ctzll(bits);
                uint64_t value = 0;
                for (size_t j = 0; j < pixel; j++) {
                    const uint8_t *up = above + place + j;
                    uint8_t byte = change[place + j] + nearest((uint8_t)(left >> 8 * j), *up, *(up - pixel));
                    value |= (uint64_t)byte << 8 * j;
                }
                left = repeated(value, pixel);
                fill(row + place, left);
            }
        }
    for (; i < size; i++)
        row[i] = change[i] + nearest(row[i - pixel], above[i], above[i - pixel]);
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

/* 0, or 1 where there is no such filter. */
FOR_EACH_PIXEL int undo_row(uint8_t filter, const uint8_t *change, const uint8_t *above, uint8_t *row, size_t size,
                            size_t pixel)
{
    switch (filter) {
    case NONE: memcpy(row, change, size); return 0;
    case LEFT: undo_left(change, row, size, pixel); return 0;
    case UP: undo_up(change, above, row, size); return 0;
    case AVERAGE: undo_average(change, above, row, size, pixel); return 0;
    case PAETH: undo_paeth(change, above, row, size, pixel); return 0;
    default: return 1;
    }
}

FOR_EACH_PIXEL int undo(const uint8_t *filtered, uint8_t *pixels, size_t height, size_t size, size_t pixel, int deep)
{
    uint8_t *before = calloc(size, 1), *row = pixels; /* the first row has one of zeros above it */
    const uint8_t *above = before;
    int fault = before ? 0 : 2;
    for (size_t y = 0; y < height && !fault; y++) {
        fault = undo_row(*filtered, filtered + 1, above, row, size, pixel);
        if (deep && y)
            swap_bytes(row - size, size); /* which no other row is told from any more */
        above = row;
        row += size;
        filtered += 1 + size;
    }
    if (deep && height && !fault)
        swap_bytes(row - size, size);
    free(before);
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

/* The same of four blocks: a bit for each pixel of 1 or 2 bytes that differs, that of its first byte. */
FOR_EACH_PIXEL uint64_t differing(const uint8_t *one, const uint8_t *other, size_t pixel)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i += BLOCK)
        bits |= (uint64_t)differences(one + i, other + i) << i;
    return by_pixel(bits, pixel);
}

/* Counts ids of one byte, or marks those of two that occur. */
struct tally {
    int64_t *counts; /* 256, or */
    uint8_t *seen;   /* 65536 */
};

static inline void mark(struct tally tally, const uint8_t *pixel)
{
    tally.seen[pixel[0] << 8 | pixel[1]] = 1; /* as PNG stores them, the higher byte first */
}

/* What was counted from here on belongs to this pixel and not to the one before, which is another. */
FOR_EACH_PIXEL void tally_outline(struct tally tally, const uint8_t *row, size_t i, size_t pixel, int64_t rows)
{
    if (pixel == 1) {
        tally.counts[row[i - 1]] += rows * (int64_t)i;
        tally.counts[row[i]] -= rows * (int64_t)i;
    } else
        mark(tally, row + i);
}

/* A row that comes so many times. */
FOR_EACH_PIXEL void tally_row(struct tally tally, const uint8_t *row, size_t size, size_t pixel, int64_t rows)
{
    size_t i = pixel;
    if (pixel == 2)
        mark(tally, row);
    for (; i + 64 <= size; i += 64)
        for (uint64_t bits = differing(row + i, row + i - pixel, pixel); bits; bits &= bits - 1)
            tally_outline(tally, row, i + (size_t)__builtin_ctzll(bits), pixel, rows);
    for (; i + BLOCK <= size; i += BLOCK)
        for (uint64_t bits = by_pixel(differences(row + i, row + i - pixel), pixel); bits; bits &= bits - 1)
            tally_outline(tally, row, i + (size_t)__builtin_ctzll(bits), pixel, rows);
    for (; i < size; i += pixel)
        if (memcmp(row + i, row + i - pixel, pixel))
            tally_outline(tally, row, i, pixel, rows);
    if (pixel == 1)
        tally.counts[row[size - 1]] += rows * (int64_t)size;
}

/* What this pixel changes to is so in as many rows. */
FOR_EACH_PIXEL void tally_change(struct tally tally, const uint8_t *change, uint8_t *row, size_t i, size_t pixel,
                                 int64_t rows)
{
    if (pixel == 1)
        tally.counts[row[i]] -= rows;
    for (size_t j = 0; j < pixel; j++)
        row[i + j] += change[i + j];
    if (pixel == 1)
        tally.counts[row[i]] += rows;
    else
        mark(tally, row + i);
}

/* A row that was tallied becomes the next one, which comes so many times. */
FOR_EACH_PIXEL void tally_changes(struct tally tally, const uint8_t *change, uint8_t *row, size_t size, size_t pixel,
                                  int64_t rows)
{
    size_t i = 0;
    for (; i + 64 <= size; i += 64)
        for (uint64_t bits = differing(change + i, nothing, pixel); bits; bits &= bits - 1)
            tally_change(tally, change, row, i + (size_t)__builtin_ctzll(bits), pixel, rows);
    for (; i + BLOCK <= size; i += BLOCK)
        for (uint64_t bits = by_pixel(differences(change + i, nothing), pixel); bits; bits &= bits - 1)
            tally_change(tally, change, row, i + (size_t)__builtin_ctzll(bits), pixel, rows);
    for (; i < size; i += pixel)
        if (memcmp(change + i, nothing, pixel))
            tally_change(tally, change, row, i, pixel, rows);
}

/* Most rows say only where they differ from the one above, and this is all that is looked at. A row is tallied as often
   as such rows follow, and each of their changes for the rows from it on. */
FOR_EACH_PIXEL int tally_rows(struct tally tally, const uint8_t *filtered, size_t height, size_t size, size_t pixel)
{
    uint8_t *rows = calloc(2, size), *row = rows, *above = rows ? rows + size : rows;
    int fault = rows ? 0 : 2;
    for (size_t y = 0; y < height && !fault; y++, filtered += 1 + size) {
        size_t changed = 0; /* rows below that say where they differ */
        while (y + changed + 1 < height && filtered[(changed + 1) * (1 + size)] == UP)
            changed++;
        fault = undo_row(*filtered, filtered + 1, above, row, size, pixel);
        tally_row(tally, row, size, pixel, (int64_t)changed + 1);
        for (; changed; changed--) {
            y++, filtered += 1 + size;
            tally_changes(tally, filtered + 1, row, size, pixel, (int64_t)changed);
        }
        uint8_t *next = above;
        above = row, row = next;
    }
    free(rows);
    return fault;
}

/* Like undo_filters, of ids of one byte; the pixels are not kept. */
int count_filtered_ids(const uint8_t *filtered, size_t height, size_t size, int64_t counts[256])
{
    return tally_rows((struct tally){.counts = counts}, filtered, height, size, 1);
}

/* The same for ids of two bytes. */
int mark_filtered_ids(const uint8_t *filtered, size_t height, size_t size, uint8_t seen[65536])
{
    return tally_rows((struct tally){.seen = seen}, filtered, height, size, 2);
}

void count_ids(const uint8_t *ids, size_t size, int64_t counts[256])
{
    size_t i = 1, start = 0;
    for (; i + 64 <= size; i += 64)
        for (uint64_t bits = differing(ids + i, ids + i - 1, 1); bits; bits &= bits - 1) {
            size_t stop = i + (size_t)__builtin_ctzll(bits);
            counts[ids[start]] += (int64_t)(stop - start);
            start = stop;
        }
    if (size) /* the run that has begun goes on to what was looked at; what is left is counted one by one */
        counts[ids[start]] += (int64_t)(i - start);
    for (; i < size; i++)
        counts[ids[i]]++;
}

void mark_ids(const uint16_t *ids, size_t size, uint8_t seen[65536])
{
    size_t i = 1;
    if (size)
        seen[ids[0]] = 1;
    for (; i + 32 <= size; i += 32)
        for (uint64_t bits = differing((const uint8_t *)(ids + i), (const uint8_t *)(ids + i - 1), 2); bits; bits &= bits - 1)
            seen[ids[i + (size_t)__builtin_ctzll(bits) / 2]] = 1;
    for (; i < size; i++)
        seen[ids[i]] = 1;
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

/* CRC-32 as PNG has it (annex D): the remainder of the bytes as one polynomial, lowest bit first. Both give and take the
   remainder as it is, before it is inverted. */
static uint32_t crc32_by_bits(uint32_t crc, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xEDB88320) & -(crc & 1));
    }
    return crc;
}

#if defined __x86_64__ && !defined PORTABLE
#include <smmintrin.h>
#include <wmmintrin.h>

#define WITH_FOLDING __attribute__((target("pclmul,sse4.1")))
enum { LANES = 4 };

/* A block moved on by as many bits as the two factors stand for, and added to the one that lies there. */
WITH_FOLDING static inline __m128i fold(__m128i block, __m128i factors, __m128i there)
{
    __m128i low = _mm_clmulepi64_si128(block, factors, 0x00), high = _mm_clmulepi64_si128(block, factors, 0x11);
    return _mm_xor_si128(there, _mm_xor_si128(low, high));
}

/* Of 64 bytes or more, a multiple of 16: Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ,
   Intel 2009, with the constants that it gives for this polynomial. */
WITH_FOLDING static uint32_t crc32_by_folding(uint32_t crc, const uint8_t *data, size_t size)
{
    const __m128i by_four_blocks = _mm_set_epi64x(0x1C6E41596, 0x154442BD4);
    const __m128i by_one_block = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0);
    const __m128i by_half_a_block = _mm_set_epi64x(0, 0x163CD6124);
    const __m128i polynomial_and_inverse = _mm_set_epi64x(0x1F7011641, 0x1DB710641);
    const __m128i low_words = _mm_setr_epi32(-1, 0, -1, 0);
    const __m128i *blocks = (const __m128i *)data, *end = (const __m128i *)(data + size);
    __m128i lanes[LANES];
    for (int i = 0; i < LANES; i++)
        lanes[i] = _mm_loadu_si128(blocks++);
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128((int)crc));
    for (; blocks + LANES <= end; blocks += LANES)
        for (int i = 0; i < LANES; i++)
            lanes[i] = fold(lanes[i], by_four_blocks, _mm_loadu_si128(blocks + i));
    __m128i rest = lanes[0];
    for (int i = 1; i < LANES; i++)
        rest = fold(rest, by_one_block, lanes[i]);
    for (; blocks < end; blocks++)
        rest = fold(rest, by_one_block, _mm_loadu_si128(blocks));
    rest = _mm_xor_si128(_mm_srli_si128(rest, 8), _mm_clmulepi64_si128(rest, by_one_block, 0x10)); /* 96 bits are left */
    rest = _mm_xor_si128(_mm_srli_si128(rest, 4),
                         _mm_clmulepi64_si128(_mm_and_si128(rest, low_words), by_half_a_block, 0x00)); /* 64 */
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(rest, low_words), polynomial_and_inverse, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_words), polynomial_and_inverse, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(rest, quotient), 1);
}

static int can_fold(void)
{
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}
#else
static uint32_t crc32_by_folding(uint32_t crc, const uint8_t *data, size_t size)
{
    return crc32_by_bits(crc, data, size);
}

static int can_fold(void)
{
    return 0;
}
#endif

static uint32_t crc32(const uint8_t *data, size_t size)
{
    size_t folded = size < 64 ? 0 : size / BLOCK * BLOCK;
    uint32_t crc = folded ? crc32_by_folding(UINT32_MAX, data, folded) : UINT32_MAX;
    return ~crc32_by_bits(crc, data + folded, size - folded);
}

static uint32_t number_at(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

/* 1 if every chunk of a PNG to the last is there and has its CRC (5.3). 0 if not, or if this processor cannot tell fast
   enough to be asked. */
int chunks_are_whole(const uint8_t *data, size_t size)
{
    enum { SIGNATURE = 8, LENGTH = 4, KIND = 4, CRC = 4 };
    if (!can_fold())
        return 0;
    for (size_t i = SIGNATURE; i + LENGTH + KIND + CRC <= size;) {
        const uint8_t *kind = data + i + LENGTH;
        size_t covered = KIND + (size_t)number_at(data + i);
        if (covered > size - i - LENGTH - CRC || crc32(kind, covered) != number_at(kind + covered))
            return 0;
        if (memcmp(kind, "IEND", KIND) == 0)
            return 1;
        i += LENGTH + covered + CRC;
    }
    return 0;
}
