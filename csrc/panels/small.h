/* Products with a small right operand, read where they lie, for one float type and vector width.
 *
 * Included once a type, behind tile.h. The right operand stays in the first-level caches whatever
 * is done, so nothing is gained by laying it out: its rows are read as vectors and elements of the
 * left one are broadcast. Only what no vector can read in place is packed: columns that do not fill
 * a panel, and a transposed right operand. One call does a whole stack. Columns that do not fill a
 * panel are left to kernels with narrower vectors, NARROWER, where there are some.
 */

/* The operands of one tile of each of a stack, where they lie; `last` is how many elements of the
 * last vector of c there are. */
typedef struct NAME(tiles_of) {
    int64_t stack, k;
    const TYPE *a;
    int64_t a_next, a_row, a_col;
    const TYPE *b;
    int64_t b_next, b_row;
    TYPE alpha, beta;
    TYPE *c;
    int64_t c_next, c_row, last;
} NAME(tiles_of);

/* As `tile`, for each of a stack. With is_plain beta is 0 and all elements of c are there. */
ALWAYS_INLINE void NAME(direct)(int rows, int vectors, bool is_plain, const NAME(tiles_of) *t)
{
    const TYPE *a = t->a, *b = t->b;
    TYPE *c = t->c;
    const int64_t k = t->k, row = t->a_row, col = t->a_col, b_row = t->b_row, stride = t->c_row;
    for (int64_t s = t->stack; s > 0; s--, a += t->a_next, b += t->b_next, c += t->c_next) {
        NAME(vector) sum[ROWS][VECTORS];
        const TYPE *x = a, *y = b;
        UNROLLED for (int i = 0; i < rows; i++) {
            __builtin_prefetch(c + i * stride, 1);
            UNROLLED for (int v = 0; v < vectors; v++)
                sum[i][v] = (NAME(vector)){0};
        }
        for (int64_t l = 0; l < k; l++, x += col, y += b_row) {
            NAME(vector) right[VECTORS];
            UNROLLED for (int v = 0; v < vectors; v++)
                right[v] = *(const NAME(loose) *)(y + v * LANES);
            UNROLLED for (int i = 0; i < rows; i++) {
                const NAME(vector) left = x[i * row] - (NAME(vector)){0};
                UNROLLED for (int v = 0; v < vectors; v++)
                    sum[i][v] += left * right[v];
            }
        }
        UNROLLED for (int i = 0; i < rows; i++)
            UNROLLED for (int v = 0; v < vectors; v++) {
                TYPE *const to = c + i * stride + v * LANES;
                const int64_t count = is_plain || v < vectors - 1 ? LANES : t->last;
                NAME(vector) result = t->alpha * sum[i][v];
                KEEP_ROUNDED(result); /* as in `tile` */
                if (!is_plain && t->beta != 0)
                    result += t->beta * NAME(part)(to, count);
                if (count == LANES)
                    *(NAME(loose) *)to = result;
                else
                    NAME(put)(to, result, count);
            }
    }
}

#define TILE(r)                                                                                    \
    static void NAME(direct_##r)(bool is_wide, bool is_plain, const NAME(tiles_of) *t)             \
    {                                                                                              \
        if (is_wide && is_plain)                                                                   \
            NAME(direct)(r, VECTORS, true, t);                                                     \
        else if (is_wide)                                                                          \
            NAME(direct)(r, VECTORS, false, t);                                                    \
        else if (is_plain)                                                                         \
            NAME(direct)(r, 1, true, t);                                                           \
        else                                                                                       \
            NAME(direct)(r, 1, false, t);                                                          \
    }
EACH_HEIGHT(TILE)
#undef TILE

/* Have `rows` runs of `count` elements on their way from memory. */
ALWAYS_INLINE void NAME(fetch)(const TYPE *from, int64_t rows, int64_t row, int64_t count)
{
    for (int64_t i = 0; i < rows; i++, from += row)
        for (int64_t q = 0; q < count; q += 64 / (int)sizeof(TYPE))
            __builtin_prefetch(from + q);
}

/* All rows of one panel of c, in tiles of nearly equal heights; is_first: a is read the first time,
 * and a tile's rows are asked for while the one before is multiplied. */
static void NAME(column)(int64_t m, bool is_wide, bool is_plain, bool is_first, NAME(tiles_of) t)
{
#define HEIGHT(r) NAME(direct_##r),
    static void (*const tiles[])(bool, bool, const NAME(tiles_of) *) = {EACH_HEIGHT(HEIGHT)};
#undef HEIGHT
    for (int64_t left = (m + ROWS - 1) / ROWS; left > 0; left--) {
        const int64_t height = (m + left - 1) / left;
        if (is_first && left > 1)
            NAME(fetch)(t.a + height * t.a_row, height, t.a_row, t.k);
        tiles[height - 1](is_wide, is_plain, &t);
        t.a += height * t.a_row;
        t.c += height * t.c_row;
        m -= height;
    }
}

/* Some of a stack, few enough that what a panel of columns needs stays in cache. */
static void NAME(some)(int64_t m, int64_t n, int64_t b_col, NAME(tiles_of) t, TYPE *own)
{
    const NAME(tiles_of) all = t;
    /* What is asked for early must not push out of the cache what is being read. */
    const bool fits = t.k * (2 * ROWS + COLUMNS) * (int64_t)sizeof(TYPE) <= 16 << 10;
    const bool fetches = t.stack == 1 && m > ROWS && fits;
    const bool a_apart = fetches && t.a_col == 1;
    const bool b_apart = fetches && (b_col == 1 ? t.b_row > n : b_col > t.k);
    for (int64_t j = 0; j < n; j += COLUMNS) {
        const int64_t count = n - j < COLUMNS ? n - j : COLUMNS;
#ifdef NARROWER
        if (count < COLUMNS) {
            NARROWER.NAME(stack)(all.stack, m, count, all.k, all.alpha, all.a, all.a_next,
                                 all.a_row, all.a_col, all.b + j * b_col, all.b_next, all.b_row,
                                 b_col, all.beta, all.c + j, all.c_next, all.c_row, 1);
            return;
        }
#endif
        const bool is_wide = count > LANES;
        const int64_t width = is_wide ? COLUMNS : LANES;
        t.b = all.b + j * b_col;
        t.c = all.c + j;
        t.b_row = all.b_row;
        t.b_next = all.b_next;
        t.last = is_wide ? count - LANES : count;
        if (b_col != 1 || count < width) {
            const int64_t laid = all.b_next ? t.stack : 1;
            for (int64_t s = 0; s < laid; s++)
                NAME(lay_out)(t.k, count, width, t.b + s * all.b_next, all.b_row, b_col,
                              own + s * t.k * width);
            t.b = own;
            t.b_row = width;
            t.b_next = all.b_next ? t.k * width : 0;
        }
        if (b_apart) {
            const TYPE *const next = all.b + (j + COLUMNS < n ? (j + COLUMNS) * b_col : all.b_next);
            if (b_col == 1)
                NAME(fetch)(next, t.k, all.b_row, COLUMNS);
            else
                NAME(fetch)(next, COLUMNS, b_col, t.k);
        }
        NAME(column)(m, is_wide, all.beta == 0 && count == width, a_apart && j == 0, t);
    }
}

/* gc_small of abi.h: c = alpha a b + beta c for each of a stack. */
static void NAME(stack)(int64_t stack, int64_t m, int64_t n, int64_t k, TYPE alpha, const TYPE *a,
                        int64_t a_next, int64_t a_row, int64_t a_col, const TYPE *b, int64_t b_next,
                        int64_t b_row, int64_t b_col, TYPE beta, TYPE *c, int64_t c_next,
                        int64_t c_row, int64_t c_col)
{
    enum { NEAREST = (8 << 10) / (int)sizeof(TYPE) }; /* elements that surely stay in cache */
    TYPE own[GC_SMALL_DEPTH * COLUMNS] __attribute__((aligned(VECTOR_BYTES)));
    const bool by_rows = c_col == 1 || n == 1; /* else c' = b' a' */
    NAME(tiles_of) t = {
        .k = k, .alpha = alpha, .beta = beta, .c = c, .c_next = c_next,
        .a = by_rows ? a : b, .a_next = by_rows ? a_next : b_next,
        .a_row = by_rows ? a_row : b_col, .a_col = by_rows ? a_col : b_row,
        .b = by_rows ? b : a, .b_next = by_rows ? b_next : a_next,
        .b_row = by_rows ? b_row : a_col, .c_row = by_rows ? c_row : c_col};
    const int64_t rows = by_rows ? m : n, columns = by_rows ? n : m;
    const int64_t each = rows * k + k * columns + rows * columns;
    const int64_t fitting = each < NEAREST ? NEAREST / each : 1, most = GC_SMALL_DEPTH / k;
    const int64_t room = fitting < most ? fitting : most;
    for (int64_t s = 0; s < stack; s += room) {
        t.stack = stack - s < room ? stack - s : room;
        NAME(some)(rows, columns, by_rows ? b_col : a_row, t, own);
        t.a += t.stack * t.a_next;
        t.b += t.stack * t.b_next;
        t.c += t.stack * t.c_next;
    }
}
