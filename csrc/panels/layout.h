/* Vectors of part of a row, and blocks of vectors transposed, for one float type and vector width.
 *
 * Included once a type, with TYPE and SUFFIX defined, before what lays matrices out.
 */
typedef TYPE NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
typedef TYPE NAME(loose) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(TYPE)), may_alias));

/* `count` elements, the rest of the vector 0; what stands behind them is not touched. */
ALWAYS_INLINE NAME(vector) NAME(part)(const TYPE *from, int64_t count)
{
    if (count >= LANES)
        return *(const NAME(loose) *)from;
#ifdef MASKED_LOAD
    return MASKED_LOAD(from, count);
#else
    NAME(vector) result = {0};
    for (int64_t q = 0; q < LANES; q++)
        if (q < count)
            result[q] = from[q];
    return result;
#endif
}

/* The first `count` elements of a vector, at most LANES - 1: halves, from registers, where storing
 * by a mask is slow or not to be had. */
ALWAYS_INLINE void NAME(put)(TYPE *to, NAME(vector) value, int64_t count)
{
#ifdef MASKED_STORE
    MASKED_STORE(to, value, count);
#else
#define HALF(width, first, rest)                                                                   \
    if (count & (width)) {                                                                         \
        typedef TYPE half __attribute__((vector_size(sizeof(TYPE) * (width))));                    \
        typedef half loose __attribute__((aligned(sizeof(TYPE)), may_alias));                      \
        *(loose *)to = __builtin_shufflevector(value, value, first);                               \
        value = __builtin_shufflevector(value, value, rest);                                       \
        to += (width);                                                                             \
    }
#define LIST(...) __VA_ARGS__
#if LANES_OF_TYPE == 8
    HALF(4, LIST(0, 1, 2, 3), LIST(4, 5, 6, 7, 4, 5, 6, 7))
    HALF(2, LIST(0, 1), LIST(2, 3, 2, 3, 2, 3, 2, 3))
#elif LANES_OF_TYPE == 4
    HALF(2, LIST(0, 1), LIST(2, 3, 2, 3))
#endif
    if (count & 1)
        *to = value[0];
#undef LIST
#undef HALF
#endif
}

/* LANES vectors as rows become columns: blocks of 1, 2, 4, 8 elements change places in turn. */
ALWAYS_INLINE void NAME(transpose)(NAME(vector) v[LANES])
{
#define CHANGE(width, first, second)                                                               \
    UNROLLED for (int i = 0; i < LANES; i++)                                                       \
        if (!(i & (width))) {                                                                      \
            const NAME(vector) x = v[i], y = v[i + (width)];                                       \
            v[i] = __builtin_shufflevector(x, y, first);                                           \
            v[i + (width)] = __builtin_shufflevector(x, y, second);                                \
        }
#define LIST(...) __VA_ARGS__
#if LANES_OF_TYPE == 2
    CHANGE(1, LIST(0, 2), LIST(1, 3))
#elif LANES_OF_TYPE == 4
    CHANGE(1, LIST(0, 4, 2, 6), LIST(1, 5, 3, 7))
    CHANGE(2, LIST(0, 1, 4, 5), LIST(2, 3, 6, 7))
#elif LANES_OF_TYPE == 8
    CHANGE(1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
    CHANGE(2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
    CHANGE(4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
#else
    CHANGE(1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
           LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
    CHANGE(2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
           LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
    CHANGE(4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
           LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
    CHANGE(8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
           LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#endif
#undef LIST
#undef CHANGE
}

/* k rows of `count` columns of b, each row `width` elements (one vector or two, `to` aligned to
 * them) and 0 behind the last. */
static void NAME(lay_out)(int64_t k, int64_t count, int64_t width, const TYPE *b, int64_t row,
                          int64_t col, TYPE *to)
{
    int64_t l = 0;
    if (col == 1) {
        for (; l < k; l++, b += row, to += width)
            for (int64_t q = 0; q < width; q += LANES)
                *(NAME(vector) *)(to + q) = NAME(part)(b + q, count - q);
        return;
    }
    if (row == 1)
        for (; l + LANES <= k; l += LANES, b += LANES, to += LANES * width)
            for (int64_t q = 0; q < width; q += LANES) {
                NAME(vector) block[LANES];
                UNROLLED for (int i = 0; i < LANES; i++)
                    block[i] = NAME(part)(b + (q + i) * col, q + i < count ? LANES : 0);
                NAME(transpose)(block);
                UNROLLED for (int i = 0; i < LANES; i++)
                    *(NAME(vector) *)(to + i * width + q) = block[i];
            }
    for (; l < k; l++, b += row, to += width)
        for (int64_t q = 0; q < width; q++)
            to[q] = q < count ? b[q * col] : 0;
}
