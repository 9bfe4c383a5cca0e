/* Steps of optimizers over the parts of weights that have gradients. */
#ifndef TORCHDROP_STEPS_H
#define TORCHDROP_STEPS_H

#include <stdint.h>

typedef enum { TD_SGD = 0, TD_MOMENTUM = 1, TD_NESTEROV = 2, TD_ADAMW = 3 } td_rule;

typedef struct {
    td_rule rule;
    float *weight, *first, *second; /* the weight, and what the optimizer remembers, like it */
    const float *gradient;          /* of the part */
    const int64_t *rows, *columns;  /* ascending; NULL for all */
    const uint32_t *moves;          /* for each column, whether it is in the part */
    int64_t width, n_columns;       /* of the weight, and of the part */
    const float *settings;          /* in the order in which steps.c reads them */
} td_step;

/* Move rows [begin, end) of the part. */
typedef void (*td_move_rows)(const td_step *step, int64_t begin, int64_t end);

void td_move_rows_baseline(const td_step *step, int64_t begin, int64_t end);
void td_move_rows_avx2(const td_step *step, int64_t begin, int64_t end);
void td_move_rows_avx512(const td_step *step, int64_t begin, int64_t end);

#endif
