/* Masks of a chunk in plain C, one block at a time: for processors without vectors we know. */
#ifndef TORCHDROP_PLAIN_H
#define TORCHDROP_PLAIN_H

#define MOST_TIES CHUNK

/* Write the mask of every element whose first digit decides; list those that tie. */
static int compare_first_digits(const td_stream *stream, uint64_t first_block, int blocks,
                                uint8_t *masks, uint16_t *ties)
{
    const uint8_t limit = (uint8_t)(stream->threshold >> 24);
    int count = 0;
    for (int block = 0; block < blocks; block++) {
        uint64_t at = first_block + (uint64_t)block;
        uint32_t counter[4] = {(uint32_t)at, (uint32_t)(at >> 32), 0, 0}, words[4];
        td_philox(stream, counter, words);
        for (int lane = 0; lane < LANES; lane++) {
            uint8_t digit = (uint8_t)(words[lane / 4] >> (8 * (lane % 4)));
            masks[block * LANES + lane] = digit < limit ? 0xFF : 0x00;
            if (digit == limit)
                ties[count++] = (uint16_t)(block * LANES + lane);
        }
    }
    return count;
}

/* Write the digits of a level, one byte for each element. */
static void write_digits(const td_stream *stream, uint64_t first_block, int blocks, uint32_t level,
                         uint8_t *digits)
{
    for (int block = 0; block < blocks; block++)
        for (int lane = 0; lane < LANES; lane++)
            digits[block * LANES + lane] =
                (uint8_t)td_digit(stream, first_block + (uint64_t)block, lane, level);
}

static void settle_ties(const td_stream *stream, uint64_t first_block, uint8_t *masks,
                        const uint16_t *ties, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t block = first_block + ties[i] / LANES;
        int lane = ties[i] % LANES;
        masks[ties[i]] = td_second_digit(stream, block, lane, td_digit(stream, block, lane, 1));
    }
}

#endif
