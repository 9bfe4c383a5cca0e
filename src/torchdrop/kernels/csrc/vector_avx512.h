/* Eight 64-bit lanes of AVX-512. See vector.h for what each name means. */
#include <immintrin.h>

#define V_LANES 8
typedef __m512i td_vector;

#define v_set1(value) _mm512_set1_epi64((long long)(value))
#define v_load(from) _mm512_loadu_si512(from)
#define v_store(to, x) _mm512_storeu_si512(to, x)
#define v_add(x, y) _mm512_add_epi64(x, y)
#define v_multiply(x, y) _mm512_mul_epu32(x, y)
#define v_high(x) _mm512_srli_epi64(x, 32)
#define v_xor3(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0x96)
#define v_join(even, odd) _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32))
#define v_unpack32(x, y, low, high) \
    (*(low) = _mm512_unpacklo_epi32(x, y), *(high) = _mm512_unpackhi_epi32(x, y))
#define v_unpack64(x, y, low, high) \
    (*(low) = _mm512_unpacklo_epi64(x, y), *(high) = _mm512_unpackhi_epi64(x, y))

static const int64_t v_even[] = {0, 8, 1, 9, 2, 10, 3, 11}, v_odd[] = {4, 12, 5, 13, 6, 14, 7, 15};

static inline uint64_t v_compare(td_vector digits, td_vector limits, uint8_t *masks)
{
    _mm512_storeu_si512(masks, _mm512_movm_epi8(_mm512_cmplt_epu8_mask(digits, limits)));
    return _mm512_cmpeq_epu8_mask(digits, limits);
}
