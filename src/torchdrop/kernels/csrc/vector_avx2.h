/* Four 64-bit lanes of AVX2. See vector.h for what each name means. */
#include <immintrin.h>

#define V_LANES 4
typedef __m256i td_vector;

#define v_set1(value) _mm256_set1_epi64x((long long)(value))
#define v_load(from) _mm256_loadu_si256((const __m256i *)(from))
#define v_store(to, x) _mm256_storeu_si256((__m256i *)(to), x)
#define v_add(x, y) _mm256_add_epi64(x, y)
#define v_multiply(x, y) _mm256_mul_epu32(x, y)
#define v_high(x) _mm256_srli_epi64(x, 32)
#define v_xor3(x, y, z) _mm256_xor_si256(_mm256_xor_si256(x, y), z)
#define v_join(even, odd) _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA)
#define v_unpack32(x, y, low, high) \
    (*(low) = _mm256_unpacklo_epi32(x, y), *(high) = _mm256_unpackhi_epi32(x, y))
#define v_unpack64(x, y, low, high) \
    (*(low) = _mm256_unpacklo_epi64(x, y), *(high) = _mm256_unpackhi_epi64(x, y))

static const int64_t v_even[] = {0, 4, 1, 5}, v_odd[] = {2, 6, 3, 7};

/* x >= limit where max(x, limit) == x: bytes have no unsigned comparison here. */
static inline uint64_t v_compare(td_vector digits, td_vector limits, uint8_t *masks)
{
    __m256i not_below = _mm256_cmpeq_epi8(_mm256_max_epu8(digits, limits), digits);
    v_store(masks, _mm256_xor_si256(not_below, _mm256_set1_epi8((char)0xFF)));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(digits, limits));
}
