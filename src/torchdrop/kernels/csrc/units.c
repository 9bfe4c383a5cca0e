/* Units of a layer that a whole mini-batch keeps: which they are, and a factor for each. */
#include <stddef.h>

#include "loop.h"

static void swap(uint64_t *a, uint64_t *b)
{
    uint64_t held = *a;
    *a = *b, *b = held;
}

/* The `rank`-th smallest of n different keys, counted from 0; reorders them (Hoare's FIND). */
static uint64_t find(uint64_t *keys, int64_t n, int64_t rank)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        uint64_t pivot = keys[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (keys[i] < pivot)
                i++;
            while (keys[j] > pivot)
                j--;
            if (i <= j)
                swap(&keys[i++], &keys[j--]);
        }
        if (rank <= j)
            high = j;
        else if (rank >= i)
            low = i;
        else
            break;
    }
    return keys[rank];
}

/* Write the numbers of the `kept` units with the least uniform numbers, ascending; of two with the
 * same number the first. `uniform` holds (bits + 1/2) / 2^32; `keys` is room for n. */
EXPORT void td_least_units(const double *uniform, int64_t n, int64_t kept, uint64_t *keys,
                           int64_t *numbers)
{
    if (kept < 1 || kept > n)
        return;
    for (int64_t i = 0; i < n; i++)
        keys[i] = (uint64_t)(uniform[i] * 4294967296.0) << 32 | (uint64_t)i;
    uint64_t last = find(keys, n, kept - 1);
    for (int64_t i = 0, done = 0; i < n; i++) {
        numbers[done] = i;
        done += ((uint64_t)(uniform[i] * 4294967296.0) << 32 | (uint64_t)i) <= last;
        if (done == kept)
            break;
    }
}

/* Write the numbers of the units whose bits lie below `threshold`, ascending, as the mask stream
 * keeps elements; returns how many. `uniform` is as above; `numbers` is room for n. */
EXPORT int64_t td_kept_units(const double *uniform, int64_t n, int64_t threshold, int64_t *numbers)
{
    int64_t done = 0;
    for (int64_t i = 0; i < n; i++) {
        numbers[done] = i;
        done += (int64_t)(uniform[i] * 4294967296.0) < threshold;
    }
    return done;
}

/* Write the uniform numbers of units 0 to n - 1; in torchdrop.c. */
EXPORT int32_t td_uniform_numbers(int build, double *y, int64_t n, uint64_t seed,
                                  td_parallel_for parallel_for, int64_t grain);

/* Draw the kept units of several layers, which lie one behind the other in `numbers` and `factors`.
 *
 * A layer of units[i] units keeps rules[i] of them, if that is not negative; else each unit by
 * itself, with the threshold -1 - rules[i]. counts[i] is how many are kept. `factors`, double with
 * `wide` and else float, is all 0 before: kept units get scales[i] there; NULL wants none.
 * `uniform` and `keys` are room for the largest layer. */
EXPORT void td_draw_units(int build, int64_t layers, const int64_t *seeds, const int64_t *units,
                          const int64_t *rules, const double *scales, double *uniform,
                          uint64_t *keys, int64_t *numbers, int64_t *counts, void *factors,
                          int wide)
{
    int64_t start = 0;
    for (int64_t i = 0; i < layers; start += units[i++]) {
        td_uniform_numbers(build, uniform, units[i], (uint64_t)seeds[i], NULL, 0);
        counts[i] = rules[i] < units[i] ? rules[i] : units[i];
        if (rules[i] >= 0)
            td_least_units(uniform, units[i], counts[i], keys, numbers + start);
        else
            counts[i] = td_kept_units(uniform, units[i], -1 - rules[i], numbers + start);
        for (int64_t j = start; factors != NULL && j < start + counts[i]; j++)
            if (wide)
                ((double *)factors)[start + numbers[j]] = scales[i];
            else
                ((float *)factors)[start + numbers[j]] = (float)scales[i];
    }
}
