/* What each step of the native kernel costs on one core, in cache: `make phases`. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#define TORCHDROP_ISA phases
#include "../../src/torchdrop/kernels/csrc/kernel.c"

enum { ROUNDS = 4000, REPEATS = 9 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static uint8_t masks[CHUNK];
static uint16_t ties[MOST_TIES];
static float x[CHUNK], y[CHUNK];
static volatile int sink;

static void digits(const td_stream *stream, uint64_t block)
{
    sink += compare_first_digits(stream, block, CHUNK_BLOCKS, masks, ties);
}

static void digits_and_ties(const td_stream *stream, uint64_t block)
{
    fill_masks(stream, block, CHUNK_BLOCKS, masks);
    sink += masks[0];
}

static void apply_masks(const td_stream *stream, uint64_t block)
{
    (void)stream, (void)block;
    apply_f32(x, y, masks, CHUNK, 1.25);
    sink += (int)y[17];
}

/* The least of several repeats: other programs only ever add to it. */
static void report(const char *name, void (*step)(const td_stream *, uint64_t))
{
    const td_stream stream = td_stream_of(12345, 3006477107u); /* p = 0.3 */
    double least = 1e9;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = now();
        for (uint64_t i = 0; i < ROUNDS; i++)
            step(&stream, i * CHUNK_BLOCKS);
        double seconds = now() - start;
        least = seconds < least ? seconds : least;
    }
    printf("%-28s %.4f ns/element\n", name, least / ROUNDS / CHUNK * 1e9);
}

int main(void)
{
    report("first digits", digits);
    report("first digits and ties", digits_and_ties);
    report("masks applied to float32", apply_masks);
    return 0;
}
