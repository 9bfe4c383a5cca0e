/* The mask stream, version 1, in C. The specification is ../_stream.py.
 *
 * The kernel works on chunks of elements. For each chunk it first fills an array of one byte per
 * element, 0xFF (kept) or 0x00 (dropped), then applies it to the data. The first step is the same
 * for every dtype; the second is plain C that compilers turn into vector code.
 */
#ifndef TORCHDROP_STREAM_H
#define TORCHDROP_STREAM_H

#include <stdint.h>

#define LANES 16          /* elements that share a Philox block: one byte of it each */
#define CHUNK_BLOCKS 256  /* blocks of a chunk: 4,096 elements, whose masks fit in 4 KiB */
#define CHUNK (CHUNK_BLOCKS * LANES)

#define PHILOX_ROUNDS 10
#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

/* Which elements are kept: those whose 32 bits are below `threshold`, for one seed. */
typedef struct {
    uint64_t keys[PHILOX_ROUNDS][2]; /* of each round, 32 bits each */
    uint64_t threshold;              /* K, from 0 to 2^32 */
} td_stream;

static inline td_stream td_stream_of(uint64_t seed, uint64_t threshold)
{
    td_stream stream = {.threshold = threshold};
    for (uint32_t round = 0; round < PHILOX_ROUNDS; round++) {
        stream.keys[round][0] = (uint32_t)seed + round * PHILOX_W0;
        stream.keys[round][1] = (uint32_t)(seed >> 32) + round * PHILOX_W1;
    }
    return stream;
}

static inline void td_philox(const td_stream *stream, const uint32_t counter[4], uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p = (uint64_t)a * PHILOX_M0, q = (uint64_t)c * PHILOX_M1;
        a = (uint32_t)(q >> 32) ^ b ^ (uint32_t)stream->keys[round][0];
        b = (uint32_t)q;
        c = (uint32_t)(p >> 32) ^ d ^ (uint32_t)stream->keys[round][1];
        d = (uint32_t)p;
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

/* The digit of one element at one level: a byte of the Philox block. */
static inline uint32_t td_digit(const td_stream *stream, uint64_t block, int lane, uint32_t level)
{
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), level, 0}, words[4];
    td_philox(stream, counter, words);
    return (words[lane / 4] >> (8 * (lane % 4))) & 0xFF;
}

/* The mask of an element whose first digit equals the threshold's, given its second digit; in one
 * case of 256 that ties too, and the next ones decide. */
static inline uint8_t td_second_digit(const td_stream *stream, uint64_t block, int lane,
                                      uint32_t digit)
{
    for (uint32_t level = 1; level < 4; level++) {
        uint32_t limit = (uint32_t)(stream->threshold >> (24 - 8 * level)) & 0xFF;
        if (level > 1)
            digit = td_digit(stream, block, lane, level);
        if (digit != limit)
            return digit < limit ? 0xFF : 0x00;
    }
    return 0x00; /* equal to the threshold, hence not below it */
}

#endif
