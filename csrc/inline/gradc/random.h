/* Random bits by counting, and the laws that are one formula of them.
 *
 * Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011):
 * ten rounds encipher 128 bits of a counter under 64 bits of a key.  Here the counter is the number
 * of the block (low half) and the stream (high half).  Element k of 64 bits is half k % 2 of block
 * k / 2, element k of 32 bits word k % 4 of block k / 4; so what an element is depends on nothing but
 * key, stream and place.
 *
 * The normal law is its inverse distribution function at the middle of one of 2^64 (2^32) cells, so
 * tails reach 9.1 (6.3) standard deviations.  With c = 2 min(p, 1 - p) and L = -log c the result is
 * L R(sqrt(L + k)), R a rational interpolant at Chebyshev nodes in 200-bit arithmetic, made for this
 * file: within 2^-53.8 for L < 44.8 (float64, k = 0.72), 2^-26.2 for L < 22.3 (float32, k = ln 2,
 * where z is logarithmic).
 */
#ifndef GRADC_RANDOM_H
#define GRADC_RANDOM_H

#include "bits.h"
#include "log.h"

typedef struct gc_block {
    uint32_t w0, w1, w2, w3;
} gc_block;

GC_INLINE uint32_t gc_high_product(uint32_t x, uint32_t y) {
    return (uint32_t)(((uint64_t)x * y) >> 32);
}

/* One round after the other; the key grows by the golden ratio and by sqrt(3) - 1. */
GC_INLINE gc_block gc_philox(uint64_t key, uint64_t stream, uint64_t number) {
    gc_block b = {(uint32_t)number, (uint32_t)(number >> 32), (uint32_t)stream,
                  (uint32_t)(stream >> 32)};
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint32_t h0 = gc_high_product(b.w0, UINT32_C(0xD2511F53));
        const uint32_t l0 = b.w0 * UINT32_C(0xD2511F53);
        const uint32_t h2 = gc_high_product(b.w2, UINT32_C(0xCD9E8D57));
        const uint32_t l2 = b.w2 * UINT32_C(0xCD9E8D57);
        b.w0 = h2 ^ b.w1 ^ k0;
        b.w1 = l2;
        b.w2 = h0 ^ b.w3 ^ k1;
        b.w3 = l0;
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    return b;
}

/* Element k of 64 bits. */
GC_INLINE uint64_t gc_random_bits_u64(uint64_t key, uint64_t stream, uint64_t k) {
    const gc_block b = gc_philox(key, stream, k >> 1);
    const uint64_t even = (uint64_t)b.w1 << 32 | b.w0;
    const uint64_t odd = (uint64_t)b.w3 << 32 | b.w2;
    return k & 1 ? odd : even;
}

/* Element k of 32 bits. */
GC_INLINE uint32_t gc_random_word_u64(uint64_t key, uint64_t stream, uint64_t k) {
    const gc_block b = gc_philox(key, stream, k >> 2);
    const uint32_t low = k & 1 ? b.w1 : b.w0;
    const uint32_t high = k & 1 ? b.w3 : b.w2;
    return k & 2 ? high : low;
}

/* Blocks number .. number + 7, as 16 elements of 64 bits. */
#if defined(__AVX2__) && defined(__GNUC__)
typedef uint64_t gc_lanes __attribute__((vector_size(32)));

/* Of the low halves of the lanes: one instruction that gcc 12 does not find. */
GC_INLINE gc_lanes gc_low_product(gc_lanes x, gc_lanes y) {
#if defined(__clang__)
    return (x & UINT32_MAX) * (y & UINT32_MAX);
#else
    typedef int gc_halves __attribute__((vector_size(32)));
    return (gc_lanes)__builtin_ia32_pmuludq256((gc_halves)x, (gc_halves)y);
#endif
}

/* Words of four blocks as elements in their order. */
GC_INLINE void gc_put_blocks(const gc_lanes *x, uint64_t *out) {
    const gc_lanes even = (x[0] & UINT32_MAX) | x[1] << 32;
    const gc_lanes odd = (x[2] & UINT32_MAX) | x[3] << 32;
#if defined(__clang__)
    const gc_lanes low = __builtin_shufflevector(even, odd, 0, 4, 1, 5);
    const gc_lanes high = __builtin_shufflevector(even, odd, 2, 6, 3, 7);
#else
    const gc_lanes low = __builtin_shuffle(even, odd, (gc_lanes){0, 4, 1, 5});
    const gc_lanes high = __builtin_shuffle(even, odd, (gc_lanes){2, 6, 3, 7});
#endif
    memcpy(out, &low, sizeof low);
    memcpy(out + 4, &high, sizeof high);
}

/* Two blocks a lane, so that one's products are under way while the other's words are mixed. */
GC_INLINE void gc_philox_eight(uint64_t key, uint64_t stream, uint64_t number, uint64_t *out) {
    const gc_lanes zero = {0, 0, 0, 0}, count = {0, 1, 2, 3};
    const gc_lanes m0 = zero + 0xD2511F53, m2 = zero + 0xCD9E8D57;
    gc_lanes blocks[2][4];
    for (int half = 0; half < 2; half++) {
        blocks[half][0] = count + (number + 4 * (uint64_t)half);
        blocks[half][1] = blocks[half][0] >> 32;
        blocks[half][2] = zero + stream;
        blocks[half][3] = zero + (stream >> 32);
    }
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        for (int half = 0; half < 2; half++) {
            gc_lanes *const x = blocks[half];
            const gc_lanes p0 = gc_low_product(x[0], m0), p2 = gc_low_product(x[2], m2);
            x[0] = (p2 >> 32) ^ x[1] ^ (zero + k0);
            x[1] = p2;
            x[2] = (p0 >> 32) ^ x[3] ^ (zero + k1);
            x[3] = p0;
        }
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    gc_put_blocks(blocks[0], out);
    gc_put_blocks(blocks[1], out + 8);
}
#else
GC_INLINE void gc_philox_eight(uint64_t key, uint64_t stream, uint64_t number, uint64_t *out) {
    for (uint64_t k = 0; k < 8; k++) {
        const gc_block b = gc_philox(key, stream, number + k);
        out[2 * k] = (uint64_t)b.w1 << 32 | b.w0;
        out[2 * k + 1] = (uint64_t)b.w3 << 32 | b.w2;
    }
}
#endif

/* Elements first .. first + count - 1 of 64 bits. */
GC_CALLED void gc_random_run_u64(uint64_t key, uint64_t stream, uint64_t first, int64_t count,
                                 uint64_t *restrict out) {
    int64_t skip = (int64_t)(first & 1);
    uint64_t number = first >> 1;
    for (int64_t done = 0; done < count; number += 8, skip = 0) {
        uint64_t group[16];
        gc_philox_eight(key, stream, number, group);
        const int64_t left = count - done, whole = 16 - skip;
        const int64_t taken = left < whole ? left : whole;
        memcpy(out + done, group + skip, sizeof *out * (size_t)taken);
        done += taken;
    }
}

/* Elements first .. first + count - 1 of 32 bits. */
GC_CALLED void gc_random_run_u32(uint64_t key, uint64_t stream, uint64_t first, int64_t count,
                                 uint32_t *restrict out) {
    int64_t skip = (int64_t)(first & 3);
    uint64_t number = first >> 2;
    for (int64_t done = 0; done < count; number += 8, skip = 0) {
        uint64_t group[16];
        uint32_t words[32];
        gc_philox_eight(key, stream, number, group);
        for (int64_t k = 0; k < 16; k++) {
            words[2 * k] = (uint32_t)group[k];
            words[2 * k + 1] = (uint32_t)(group[k] >> 32);
        }
        const int64_t left = count - done, whole = 32 - skip;
        const int64_t taken = left < whole ? left : whole;
        memcpy(out + done, words + skip, sizeof *out * (size_t)taken);
        done += taken;
    }
}

/* The whole number u as a float, rounded once: its halves are exact. */
GC_INLINE double gc_uint_f64(uint64_t u) {
    const double high = gc_from_bits_f64(u >> 32 | UINT64_C(0x4530000000000000)); /* 2^84 + */
    const double low = gc_from_bits_f64((u & UINT32_MAX) | UINT64_C(0x4330000000000000));
    return (high - (0x1p84 + 0x1p52)) + low;
}

/* floor(bits * n / 2^64): below n, each as likely as the others but for n in 2^64. */
GC_INLINE uint64_t gc_below_u64(uint64_t bits, uint64_t n) {
    const uint64_t b1 = bits >> 32, b0 = bits & UINT32_MAX;
    const uint64_t n1 = n >> 32, n0 = n & UINT32_MAX;
    const uint64_t middle = b1 * n0 + (b0 * n0 >> 32);
    const uint64_t other = b0 * n1 + (middle & UINT32_MAX);
    return b1 * n1 + (middle >> 32) + (other >> 32);
}

/* In [0, 1): multiples of 2^-53 (2^-24). */
GC_INLINE double gc_unit_u64(uint64_t bits) {
    return gc_uint_f64(bits >> 11) * 0x1p-53;
}

GC_INLINE float gc_unit_u32(uint32_t bits) {
    return (float)(int32_t)(bits >> 8) * 0x1p-24f;
}

/* In (0, 1), all digits near 0: the middle of a cell of width 2^-64 (2^-32), below 1 rounded down. */
GC_INLINE double gc_open_unit_u64(uint64_t bits) {
    const double u = gc_uint_f64(bits) * 0x1p-64 + 0x1p-65;
    return u < 1.0 ? u : 1.0 - 0x1p-53;
}

GC_INLINE float gc_open_unit_u32(uint32_t bits) {
    const float high = (float)(int32_t)(bits >> 16) * 0x1p-16f;
    const float u = high + ((float)(int32_t)(bits & 0xffff) * 0x1p-32f + 0x1p-33f);
    return u < 1.0f ? u : 1.0f - 0x1p-24f;
}

/* R(t) of the head, t * t = v: even and odd powers apart, which need no root. */
GC_INLINE double gc_normal_ratio_f64(double v, double t) {
    double p0 = 0x1.e237ed3ff6573p-1;
    p0 = GC_FMA64(p0, v, 0x1.629174e15d830p+8);
    p0 = GC_FMA64(p0, v, 0x1.8c7bcae8a9334p+12);
    p0 = GC_FMA64(p0, v, 0x1.375dd82d1e2dap+13);
    p0 = GC_FMA64(p0, v, -0x1.1d621f3c0651cp+7);
    p0 = GC_FMA64(p0, v, 0x1.ed770afb42e57p+0);
    double p1 = 0x1.240453451626ap-7;
    p1 = GC_FMA64(p1, v, 0x1.cca18cc4b2543p+4);
    p1 = GC_FMA64(p1, v, 0x1.011311b0ed4d6p+11);
    p1 = GC_FMA64(p1, v, 0x1.5c7236f595a58p+13);
    p1 = GC_FMA64(p1, v, 0x1.7573f235d0785p+11);
    p1 = GC_FMA64(p1, v, -0x1.33c3245392240p+6);
    double q0 = 0x1.9cf8e0a250bf8p-8;
    q0 = GC_FMA64(q0, v, 0x1.45fca75582d2dp+4);
    q0 = GC_FMA64(q0, v, 0x1.72aa6771cc694p+10);
    q0 = GC_FMA64(q0, v, 0x1.15f1f377ee775p+13);
    q0 = GC_FMA64(q0, v, 0x1.146974930ca55p+12);
    q0 = GC_FMA64(q0, v, -0x1.0c912b3d86c9bp+7);
    q0 = GC_FMA64(q0, v, 1.0);
    double q1 = 0x1.54fcecf0b608cp-1;
    q1 = GC_FMA64(q1, v, 0x1.f7f87ed7dbdf7p+7);
    q1 = GC_FMA64(q1, v, 0x1.280b3f4a0f688p+12);
    q1 = GC_FMA64(q1, v, 0x1.1f074f78c2477p+13);
    q1 = GC_FMA64(q1, v, 0x1.1abf72f7960d2p+9);
    q1 = GC_FMA64(q1, v, -0x1.03e2f0be754a3p+4);
    return GC_FMA64(p1, t, p0) / GC_FMA64(q1, t, q0);
}

GC_INLINE float gc_normal_ratio_f32(float v, float t) {
    float p0 = 0x1.02026ep-13f;
    p0 = GC_FMA32(p0, v, 0x1.3a5d3ep+4f);
    p0 = GC_FMA32(p0, v, 0x1.38ad18p+2f);
    float p1 = -0x1.2179a0p-18f;
    p1 = GC_FMA32(p1, v, 0x1.16a4e6p+1f);
    p1 = GC_FMA32(p1, v, 0x1.f09fe0p+4f);
    float q0 = 0x1.8a3b7ap+0f;
    q0 = GC_FMA32(q0, v, 0x1.8659d2p+4f);
    q0 = GC_FMA32(q0, v, 1.0f);
    float q1 = 0x1.bd5bd4p+3f;
    q1 = GC_FMA32(q1, v, 0x1.74f4fep+3f);
    return GC_FMA32(p1, t, p0) / GC_FMA32(q1, t, q0);
}

/* The standard normal number of these bits: the first is the sign.  1 - c is exact too. */
GC_INLINE double gc_normal_u64(uint64_t bits) {
    const uint64_t m = bits & UINT64_C(0x7fffffffffffffff);
    const double c = gc_uint_f64(m) * 0x1p-63 + 0x1p-64;
    const double a = gc_uint_f64(m ^ UINT64_C(0x7fffffffffffffff)) * 0x1p-63 + 0x1p-64;
    gc_split_f64 split = gc_split_pow2_f64(c);
    split.f = split.k == 0.0 ? -a : split.f;
    const double l = -gc_log_sum_f64(split.k, split.f, 0.0);
    const double v = l + 0.72;
    const double z = l * gc_normal_ratio_f64(v, __builtin_sqrt(v));
    return gc_from_bits_f64(gc_bits_f64(z) ^ (bits & UINT64_C(0x8000000000000000)));
}

GC_INLINE float gc_normal_u32(uint32_t bits) {
    const uint32_t m = bits & UINT32_C(0x7fffffff);
    const uint32_t n = m ^ UINT32_C(0x7fffffff);
    const float c = (float)(int32_t)m * 0x1p-31f + 0x1p-32f;
    const float a = (float)(int32_t)n * 0x1p-31f + 0x1p-32f;
    gc_split_f32 split = gc_split_pow2_f32(c);
    split.f = split.k == 0.0f ? -a : split.f;
    const float l = -gc_log_sum_f32(split.k, split.f, 0.0f);
    const float v = l + 0x1.62e430p-1f;
    const float z = l * gc_normal_ratio_f32(v, __builtin_sqrtf(v));
    return gc_from_bits_f32(gc_bits_f32(z) ^ (bits & UINT32_C(0x80000000)));
}

#endif
