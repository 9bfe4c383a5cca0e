/* Two 64-bit lanes of SSE2, which every x86-64 has. See vector.h for what each name means. */
#include <emmintrin.h>

#define V_LANES 2
typedef __m128i td_vector;

#define v_set1(value) _mm_set1_epi64x((long long)(value))
#define v_load(from) _mm_loadu_si128((const __m128i *)(from))
#define v_store(to, x) _mm_storeu_si128((__m128i *)(to), x)
#define v_add(x, y) _mm_add_epi64(x, y)
#define v_multiply(x, y) _mm_mul_epu32(x, y)
#define v_high(x) _mm_srli_epi64(x, 32)
#define v_xor3(x, y, z) _mm_xor_si128(_mm_xor_si128(x, y), z)
#define v_join(even, odd) \
    _mm_or_si128(_mm_and_si128(even, _mm_set1_epi64x(0xFFFFFFFF)), _mm_slli_epi64(odd, 32))
#define v_unpack32(x, y, low, high) \
    (*(low) = _mm_unpacklo_epi32(x, y), *(high) = _mm_unpackhi_epi32(x, y))
#define v_unpack64(x, y, low, high) \
    (*(low) = _mm_unpacklo_epi64(x, y), *(high) = _mm_unpackhi_epi64(x, y))

static const int64_t v_even[] = {0, 2}, v_odd[] = {1, 3};

/* x >= limit where max(x, limit) == x: bytes have no unsigned comparison here. */
static inline uint64_t v_compare(td_vector digits, td_vector limits, uint8_t *masks)
{
    __m128i not_below = _mm_cmpeq_epi8(_mm_max_epu8(digits, limits), digits);
    v_store(masks, _mm_xor_si128(not_below, _mm_set1_epi8((char)0xFF)));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(digits, limits));
}
