/* Masked scaling of one contiguous range, compiled once for each instruction set.
 *
 * TORCHDROP_ISA names the build; its functions end in that name. What differs between instruction
 * sets is how the masks of a chunk are made (vector*.h, plain.h); the rest is plain C.
 */
#include <string.h>

#include "kernel.h"
#include "stream.h"

#if !defined(TORCHDROP_PLAIN) && (defined(__SSE2__) || defined(__aarch64__))
#include "vector.h"
#else
#include "plain.h"
#endif
#include "half.h"
#include "rectifier.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(name) JOIN(name, TORCHDROP_ISA)

/* Fill the masks of `blocks` whole blocks. */
static void fill_masks(const td_stream *stream, uint64_t first_block, int blocks, uint8_t *masks)
{
    uint16_t ties[MOST_TIES];
    if (stream->threshold == 0 || stream->threshold >> 32) { /* p = 1, or within 2^-33 of 0 */
        memset(masks, stream->threshold ? 0xFF : 0x00, (size_t)blocks * LANES);
        return;
    }
    int count = compare_first_digits(stream, first_block, blocks, masks, ties);
    if (stream->threshold & 0xFFFFFF) /* else a tie means dropped, as it stands */
        settle_ties(stream, first_block, masks, ties, count);
}

static inline void apply_f32(const float *x, float *y, const uint8_t *masks, int64_t n, double by)
{
    const float factor = (float)by;
    for (int64_t i = 0; i < n; i++) {
        float scaled = x[i] * factor;
        uint32_t bits;
        memcpy(&bits, &scaled, 4);
        bits &= (uint32_t)(int32_t)(int8_t)masks[i];
        memcpy(&y[i], &bits, 4);
    }
}

static inline void apply_f64(const double *x, double *y, const uint8_t *masks, int64_t n, double by)
{
    for (int64_t i = 0; i < n; i++) {
        double scaled = x[i] * by;
        uint64_t bits;
        memcpy(&bits, &scaled, 8);
        bits &= (uint64_t)(int64_t)(int8_t)masks[i];
        memcpy(&y[i], &bits, 8);
    }
}

static inline void apply_bf16(const uint16_t *x, uint16_t *y, const uint8_t *masks, int64_t n,
                              double by)
{
    const float factor = (float)by;
    for (int64_t i = 0; i < n; i++)
        y[i] = (uint16_t)(scale_bf16(x[i], factor) & (uint16_t)(int16_t)(int8_t)masks[i]);
}

static inline void apply_f16(const uint16_t *x, uint16_t *y, const uint8_t *masks, int64_t n,
                             double by)
{
    const float factor = (float)by;
    int64_t i = 0;
#ifdef HAVE_SCALE_F16_VECTOR
    for (; i + F16_WIDTH <= n; i += F16_WIDTH)
        scale_f16_vector(x + i, y + i, masks + i, factor);
#endif
    for (; i < n; i++)
        y[i] = (uint16_t)(scale_f16(x[i], factor) & (uint16_t)(int16_t)(int8_t)masks[i]);
}

static inline void apply(td_dtype dtype, const char *x, char *y, const uint8_t *masks, int64_t n,
                         double factor)
{
    switch (dtype) {
    case TD_F32: apply_f32((const float *)x, (float *)y, masks, n, factor); break;
    case TD_F64: apply_f64((const double *)x, (double *)y, masks, n, factor); break;
    case TD_BF16: apply_bf16((const uint16_t *)x, (uint16_t *)y, masks, n, factor); break;
    case TD_F16: apply_f16((const uint16_t *)x, (uint16_t *)y, masks, n, factor); break;
    }
}

#define RECTIFY(type, name)                                                                       \
    static inline void rectify_##name(const td_call *call, int64_t at, const uint8_t *masks,      \
                                      int64_t n)                                                  \
    {                                                                                             \
        const type *x = (const type *)call->x + at;                                               \
        const type *g = call->gradient ? (const type *)call->gradient + at : NULL;                \
        type *y = (type *)call->y + at, factor = (type)call->factor, slope = (type)call->slope;   \
        switch (call->operation) {                                                                \
        case TD_RELU: relu_##name(x, y, masks, n, factor); break;                                 \
        case TD_RELU_BACKWARD: relu_backward_##name(x, g, y, masks, n, factor); break;            \
        case TD_LEAKY: leaky_##name(x, y, masks, n, factor, slope); break;                        \
        case TD_LEAKY_BACKWARD: leaky_backward_##name(x, g, y, masks, n, factor, slope); break;   \
        case TD_SCALE: break;                                                                     \
        }                                                                                         \
    }
RECTIFY(float, f32)
RECTIFY(double, f64)

/* Do n elements from `at` on, whose masks are given. */
static inline void work(const td_call *call, int64_t at, const uint8_t *masks, int64_t n)
{
    static const int sizes[] = {4, 8, 2, 2};
    const int64_t offset = at * sizes[call->dtype];
    if (call->operation == TD_SCALE)
        apply(call->dtype, call->x + offset, call->y + offset, masks, n, call->factor);
    else if (call->dtype == TD_F32)
        rectify_f32(call, at, masks, n);
    else
        rectify_f64(call, at, masks, n);
}

/* Do elements [begin, end); element i has the logical index start + i. */
void NAME(td_range_)(const td_call *call, int64_t begin, int64_t end)
{
    uint8_t masks[CHUNK];
    while (begin < end) {
        uint64_t index = (uint64_t)(call->start + begin);
        int skip = (int)(index % LANES); /* elements of the first block that are not ours */
        int64_t n = end - begin < CHUNK - skip ? end - begin : CHUNK - skip;
        int blocks = (int)((skip + n + LANES - 1) / LANES);
        fill_masks(&call->stream, index / LANES, blocks, masks);
        work(call, begin, masks + skip, n);
        begin += n;
    }
}
