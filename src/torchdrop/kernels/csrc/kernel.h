/* One call of the kernel, and the builds of it that a machine may have. */
#ifndef TORCHDROP_KERNEL_H
#define TORCHDROP_KERNEL_H

#include <stdint.h>

#include "stream.h"

typedef enum { TD_F32 = 0, TD_F64 = 1, TD_BF16 = 2, TD_F16 = 3 } td_dtype;

/* What is done before the mask; backward where a gradient is given. */
typedef enum {
    TD_SCALE = 0,
    TD_RELU = 1,
    TD_LEAKY_RELU = 2, /* float64 knows these three */
    TD_GELU = 3,
    TD_GELU_TANH = 4,
    TD_SILU = 5
} td_operation;

typedef struct {
    td_stream stream;
    td_operation operation;
    td_dtype dtype;
    int64_t start; /* logical index of the first element */
    const char *x;
    const char *gradient; /* of the output, for backward */
    char *y;
    double factor;
    double slope; /* of LeakyReLU */
} td_call;

typedef void (*td_range)(const td_call *call, int64_t begin, int64_t end);

void td_range_baseline(const td_call *call, int64_t begin, int64_t end);
void td_range_avx2(const td_call *call, int64_t begin, int64_t end);
void td_range_avx512(const td_call *call, int64_t begin, int64_t end);

typedef void (*td_uniform)(const td_stream *stream, double *y, int64_t begin, int64_t end);

void td_uniform_baseline(const td_stream *stream, double *y, int64_t begin, int64_t end);
void td_uniform_avx2(const td_stream *stream, double *y, int64_t begin, int64_t end);
void td_uniform_avx512(const td_stream *stream, double *y, int64_t begin, int64_t end);

#endif
