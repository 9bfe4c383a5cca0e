/* Two 64-bit lanes of NEON, which every 64-bit ARM has. See vector.h for what each name means. */
#include <arm_neon.h>

#define V_LANES 2
typedef uint64x2_t td_vector;

#define v_set1(value) vdupq_n_u64((uint64_t)(value))
#define v_load(from) vld1q_u64((const uint64_t *)(from))
#define v_store(to, x) vst1q_u64((uint64_t *)(to), x)
#define v_add(x, y) vaddq_u64(x, y)
#define v_multiply(x, y) vmull_u32(vmovn_u64(x), vmovn_u64(y))
#define v_high(x) vshrq_n_u64(x, 32)
#define v_xor3(x, y, z) veorq_u64(veorq_u64(x, y), z)
#define v_join(even, odd) vsliq_n_u64(even, odd, 32)
#define v_32(x) vreinterpretq_u32_u64(x)
#define v_unpack32(x, y, low, high)                               \
    (*(low) = vreinterpretq_u64_u32(vzip1q_u32(v_32(x), v_32(y))), \
     *(high) = vreinterpretq_u64_u32(vzip2q_u32(v_32(x), v_32(y))))
#define v_unpack64(x, y, low, high) (*(low) = vzip1q_u64(x, y), *(high) = vzip2q_u64(x, y))

static const int64_t v_even[] = {0, 2}, v_odd[] = {1, 3};

static inline uint64_t v_compare(td_vector words, td_vector limits, uint8_t *masks)
{
    static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t x = vreinterpretq_u8_u64(words), y = vreinterpretq_u8_u64(limits);
    uint8x16_t equal = vandq_u8(vceqq_u8(x, y), vld1q_u8(bits));
    vst1q_u8(masks, vcltq_u8(x, y));
    return (uint64_t)vaddv_u8(vget_low_u8(equal)) | (uint64_t)vaddv_u8(vget_high_u8(equal)) << 8;
}
