/* Masks of a chunk, on vectors of V_LANES 64-bit lanes.
 *
 * The instruction set's header gives the vector type and
 *   v_multiply    products of the lower halves, 64 bits each
 *   v_high        the upper halves, moved down
 *   v_join        lower halves of two vectors, taking turns
 *   v_unpack32/64 the usual interleaving within 128 bits
 *   v_even, v_odd block numbers for the lanes of two vectors that, joined and transposed, come out
 *                 sorted, so that bytes lie in the order of the elements
 *   v_compare     masks of the bytes below the limit, and a bit for each byte that equals it
 */
#ifndef TORCHDROP_VECTOR_H
#define TORCHDROP_VECTOR_H

#if defined(__AVX512BW__) && defined(__AVX512VL__)
#include "vector_avx512.h"
#elif defined(__AVX2__)
#include "vector_avx2.h"
#elif defined(__SSE2__)
#include "vector_sse2.h"
#else
#include "vector_neon.h"
#endif

#define V_BYTES (V_LANES * 8)

/* The words of V_LANES blocks, each in the lower half of a lane. The upper halves hold remains of
 * products, which the next multiplication does not read: so a round needs no blending. */
typedef struct {
    td_vector a, b, c, d;
} td_words;

static inline void v_round(td_words *w, const uint64_t keys[2])
{
    td_vector p = v_multiply(w->a, v_set1(PHILOX_M0)), q = v_multiply(w->c, v_set1(PHILOX_M1));
    w->a = v_xor3(v_high(q), w->b, v_set1(keys[0]));
    w->c = v_xor3(v_high(p), w->d, v_set1(keys[1]));
    w->b = q;
    w->d = p;
}

/* Two sets of blocks at once: their rounds interleave, which hides the latency of the products. */
static inline void v_philox(const td_stream *stream, td_words *first, td_words *second)
{
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        v_round(first, stream->keys[round]);
        v_round(second, stream->keys[round]);
    }
}

static inline td_words v_counters(td_vector blocks, uint32_t level)
{
    td_words words = {blocks, v_high(blocks), v_set1(level), v_set1(0)};
    return words;
}

/* The digits of 2 * V_LANES blocks in the order of the elements. */
static inline void v_digits(const td_stream *stream, uint64_t block, uint32_t level,
                            td_vector digits[4])
{
    td_words even = v_counters(v_add(v_set1(block), v_load(v_even)), level);
    td_words odd = v_counters(v_add(v_set1(block), v_load(v_odd)), level);
    td_vector ab_low, ab_high, cd_low, cd_high;
    v_philox(stream, &even, &odd);
    v_unpack32(v_join(even.a, odd.a), v_join(even.b, odd.b), &ab_low, &ab_high);
    v_unpack32(v_join(even.c, odd.c), v_join(even.d, odd.d), &cd_low, &cd_high);
    v_unpack64(ab_low, cd_low, &digits[0], &digits[1]);
    v_unpack64(ab_high, cd_high, &digits[2], &digits[3]);
}

/* Note which elements tie. Mostly none or one does, so that one is noted without a branch. */
static inline int list_ties(uint64_t tied, int at, uint16_t *ties, int count)
{
    ties[count] = (uint16_t)(at + __builtin_ctzll(tied | 1ULL << 63));
    count += tied != 0;
    for (tied &= tied - 1; tied; tied &= tied - 1)
        ties[count++] = (uint16_t)(at + __builtin_ctzll(tied));
    return count;
}

/* Write the mask of every element whose first digit decides; list those that tie. */
static int compare_first_digits(const td_stream *stream, uint64_t first_block, int blocks,
                                uint8_t *masks, uint16_t *ties)
{
    const uint64_t limit = (stream->threshold >> 24) * 0x0101010101010101u;
    int count = 0;
    for (int done = 0; done < blocks; done += 2 * V_LANES) {
        td_vector digits[4];
        v_digits(stream, first_block + (uint64_t)done, 0, digits);
        for (int j = 0; j < 4; j++) {
            int at = done * LANES + j * V_BYTES;
            uint64_t tied = v_compare(digits[j], v_set1(limit), masks + at);
            count = list_ties(tied, at, ties, count);
        }
    }
    return count;
}

/* Write the digits of a level, one byte for each element. */
static void write_digits(const td_stream *stream, uint64_t first_block, int blocks, uint32_t level,
                         uint8_t *digits)
{
    for (int done = 0; done < blocks; done += 2 * V_LANES) {
        td_vector part[4];
        v_digits(stream, first_block + (uint64_t)done, level, part);
        for (int j = 0; j < 4; j++)
            v_store(digits + done * LANES + j * V_BYTES, part[j]);
    }
}

/* Settle ties by the second digit, 2 * V_LANES blocks at a time. */
static void settle_ties(const td_stream *stream, uint64_t first_block, uint8_t *masks,
                        uint16_t *ties, int count)
{
    enum { BATCH = 2 * V_LANES };
    uint64_t blocks[BATCH], words[4][BATCH];
    for (int i = 0; i < BATCH; i++)
        ties[count + i] = 0; /* fills up the last batch; never written back */
    for (int done = 0; done < count; done += BATCH) {
        for (int i = 0; i < BATCH; i++)
            blocks[i] = first_block + ties[done + i] / LANES;
        td_words first = v_counters(v_load(blocks), 1);
        td_words second = v_counters(v_load(blocks + V_LANES), 1);
        v_philox(stream, &first, &second);
        v_store(words[0], first.a), v_store(words[0] + V_LANES, second.a);
        v_store(words[1], first.b), v_store(words[1] + V_LANES, second.b);
        v_store(words[2], first.c), v_store(words[2] + V_LANES, second.c);
        v_store(words[3], first.d), v_store(words[3] + V_LANES, second.d);
        for (int i = 0; i < BATCH && done + i < count; i++) {
            int tie = ties[done + i], lane = tie % LANES;
            uint32_t word = (uint32_t)words[lane / 4][i];
            masks[tie] = td_second_digit(stream, blocks[i], lane, word >> (8 * (lane % 4)) & 0xFF);
        }
    }
}

#define MOST_TIES (CHUNK + 2 * V_LANES)

#endif
