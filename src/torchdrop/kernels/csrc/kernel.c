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
#include "activation.h"
#include "half.h"

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
        y[i] = (uint16_t)(narrow_bf16(widen_bf16(x[i]) * factor) &
                          (uint16_t)(int16_t)(int8_t)masks[i]);
}

static inline void apply_f16(const uint16_t *x, uint16_t *y, const uint8_t *masks, int64_t n,
                             double by)
{
    const float factor = (float)by;
    int64_t i = 0;
#if defined(__F16C__) /* compilers do not turn scalar conversions into vector code */
    for (; i + 8 <= n; i += 8) {
        __m256 wide = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i)));
        wide = _mm256_mul_ps(wide, _mm256_set1_ps(factor));
        __m128i narrow = _mm256_cvtps_ph(wide, _MM_FROUND_TO_NEAREST_INT);
        __m128i keep = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(masks + i)));
        _mm_storeu_si128((__m128i *)(y + i), _mm_and_si128(narrow, keep));
    }
#endif
    for (; i < n; i++)
        y[i] = (uint16_t)(narrow_f16(widen_f16(x[i]) * factor) &
                          (uint16_t)(int16_t)(int8_t)masks[i]);
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

/* Do n elements from `at` on, whose masks are given. */
static inline void work(const td_call *call, int64_t at, const uint8_t *masks, int64_t n)
{
    static const int sizes[] = {4, 8, 2, 2};
    const int64_t offset = at * sizes[call->dtype];
    const char *x = call->x + offset, *g = call->gradient ? call->gradient + offset : NULL;
    char *y = call->y + offset;
    if (call->operation == TD_SCALE)
        apply(call->dtype, x, y, masks, n, call->factor);
    else if (call->dtype == TD_F32)
        activate_f32(call, (const float *)x, (const float *)g, (float *)y, masks, n);
    else if (call->dtype == TD_F64)
        activate_f64(call, (const double *)x, (const double *)g, (double *)y, masks, n);
    else
        activate_narrow(call, (const uint16_t *)x, (const uint16_t *)g, (uint16_t *)y, masks, n);
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

/* The numbers of elements [begin, end), each (u + 1/2) / 2^32, in the open interval (0, 1). */
void NAME(td_uniform_)(const td_stream *stream, double *y, int64_t begin, int64_t end)
{
    uint8_t digits[4][CHUNK];
    while (begin < end) {
        int skip = (int)(begin % LANES);
        int64_t n = end - begin < CHUNK - skip ? end - begin : CHUNK - skip;
        int blocks = (int)((skip + n + LANES - 1) / LANES);
        for (uint32_t level = 0; level < 4; level++)
            write_digits(stream, (uint64_t)begin / LANES, blocks, level, digits[level]);
        for (int64_t i = 0; i < n; i++) {
            uint32_t u = (uint32_t)digits[0][skip + i] << 24 | (uint32_t)digits[1][skip + i] << 16 |
                         (uint32_t)digits[2][skip + i] << 8 | (uint32_t)digits[3][skip + i];
            y[begin + i] = ((double)u + 0.5) * 0x1p-32;
        }
        begin += n;
    }
}
