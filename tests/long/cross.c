/* Prints a checksum of the kernels' output over many calls: the same for every processor and build.
 * `make cross` compares builds, one of them for 64-bit ARM under emulation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int td_available(int build);
int32_t td_masked_scale(int build, int dtype, const void *x, void *y, int64_t n, int64_t start,
                        uint64_t seed, uint64_t threshold, double factor, void *parallel_for,
                        int64_t grain);
int32_t td_masked_activation(int build, int operation, int dtype, const void *x,
                             const void *gradient, void *y, int64_t n, uint64_t seed,
                             uint64_t threshold, double factor, double slope, void *parallel_for,
                             int64_t grain);

int32_t td_step_part(int build, int rule, float *weight, float *first, float *second,
                     const float *gradient, const int64_t *rows, const int64_t *columns,
                     int64_t height, int64_t width, int64_t n_rows, int64_t n_columns,
                     const float *settings, uint32_t *moves, void *parallel_for, int64_t grain);
void td_draw_units(int build, int64_t layers, const int64_t *seeds, const int64_t *units,
                   const int64_t *rules, const double *scales, double *uniform, uint64_t *keys,
                   int64_t *numbers, int64_t *counts, void *factors, int wide);

enum { MOST = 20000, HEIGHT = 7, WIDTH = 1100, ROWS = 3, COLUMNS = 500 };

static uint64_t hash(uint64_t state, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        state = (state ^ bytes[i]) * 0x100000001B3u; /* FNV-1a */
    return state;
}

static void fill(unsigned char *x, int dtype)
{
    for (int i = 0; i < MOST; i++) {
        float single = (float)(i % 977) * 0.37f - 100.0f;
        double wide = single;
        uint16_t half = (uint16_t)(i * 37 % 0x7C00); /* finite in both 16-bit formats */
        if (dtype == 0)
            memcpy(x + 4 * i, &single, 4);
        else if (dtype == 1)
            memcpy(x + 8 * i, &wide, 8);
        else
            memcpy(x + 2 * i, &half, 2);
    }
}

/* Steps of all rules over a part of a small weight. */
static uint64_t hash_steps(uint64_t state, int build)
{
    static const float settings[] = {0.01f, 0.99f, 0.9f, 0.9f, 0.1f, 0.999f, 0.001f, 0.05f};
    static const int64_t rows[] = {0, 2, 6};
    static int64_t columns[COLUMNS];
    static float held[3][HEIGHT * WIDTH], gradient[ROWS * COLUMNS];
    static uint32_t moves[WIDTH];
    for (int i = 0; i < COLUMNS; i++)
        columns[i] = 2 * i + i % 2;
    for (int rule = 0; rule < 4; rule++) {
        for (int i = 0; i < HEIGHT * WIDTH; i++)
            for (int k = 0; k < 3; k++)
                held[k][i] = (float)((i * (k + 3)) % 977) * 0.01f;
        for (int i = 0; i < ROWS * COLUMNS; i++)
            gradient[i] = (float)(i % 89) * 0.3f - 10.0f;
        for (int step = 0; step < 3; step++)
            td_step_part(build, rule, held[0], held[1], held[2], gradient, rows, columns, HEIGHT,
                         WIDTH, ROWS, COLUMNS, settings, moves, NULL, 1);
        state = hash(state, (unsigned char *)held, sizeof held);
    }
    return state;
}

/* Units of layers that keep a number of them, and of some that keep each by itself. */
static uint64_t hash_units(uint64_t state, int build)
{
    static const int64_t seeds[] = {5, 77, 1ll << 61}, units[] = {9, 1000, 4096};
    static const int64_t rules[] = {4, -1 - 3006477107ll, 2048};
    static const double scales[] = {2.25, 1.37, 2.0};
    static double uniform[4096];
    static uint64_t keys[4096];
    static int64_t numbers[5105], counts[3];
    static float factors[5105];
    memset(factors, 0, sizeof factors);
    td_draw_units(build, 3, seeds, units, rules, scales, uniform, keys, numbers, counts, factors,
                  0);
    state = hash(state, (unsigned char *)counts, sizeof counts);
    return hash(state, (unsigned char *)factors, sizeof factors);
}

int main(void)
{
    static const int sizes[] = {4, 8, 2, 2};
    static const int64_t counts[] = {1, 15, 17, 4097, MOST}, starts[] = {0, 5, 68719476000};
    static const uint64_t thresholds[] = {0, 1, 77, 1u << 31, 3006477107u, 4294967295u, 1ull << 32};
    static unsigned char x[8 * MOST], y[8 * MOST];
    for (int build = 0; build < 3; build++) {
        uint64_t state = 0xCBF29CE484222325u;
        if (!td_available(build))
            continue;
        for (int dtype = 0; dtype < 4; dtype++) {
            fill(x, dtype);
            for (int c = 0; c < 5; c++)
                for (int s = 0; s < 3; s++)
                    for (uint64_t t = 0; t < 7; t++) {
                        uint64_t seed = 0x2BCDEF0123456789u + t;
                        td_masked_scale(build, dtype, x, y, counts[c], starts[s], seed,
                                        thresholds[t], 1.37, NULL, 0);
                        state = hash(state, y, (size_t)(counts[c] * sizes[dtype]));
                        for (int rectifier = 1; rectifier < 3; rectifier++) {
                            td_masked_activation(build, rectifier, dtype, x, s ? x : NULL, y,
                                                 counts[c], seed, thresholds[t], 1.37, 0.01, NULL,
                                                 0);
                            state = hash(state, y, (size_t)(counts[c] * sizes[dtype]));
                        }
                    }
        }
        state = hash_units(hash_steps(state, build), build);
        printf("%016" PRIx64 "\n", state);
    }
    return 0;
}
