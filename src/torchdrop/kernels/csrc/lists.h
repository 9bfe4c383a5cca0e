/* Lists of rows or columns: NULL stands for all. */
#ifndef TORCHDROP_LISTS_H
#define TORCHDROP_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether numbers ascend strictly inside [0, size). */
static inline bool fits(const int64_t *numbers, int64_t n, int64_t size)
{
    if (numbers == NULL)
        return n == size;
    int64_t before = -1;
    bool ascending = true;
    for (int64_t i = 0; i < n; i++) {
        ascending &= numbers[i] > before;
        before = numbers[i];
    }
    return ascending && before < size;
}

#endif
