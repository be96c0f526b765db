/* Matrix products by panels, for one float type and one vector width.
 *
 * Included once a type, with TYPE and SUFFIX defined.
 * The scheme is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication", ACM TOMS 34(3), 2008: b lies in panels of COLUMNS columns, rows of a are laid
 * out in panels of ROWS rows, and a tile of ROWS x COLUMNS results stays in registers while k runs.
 * Every element of c is summed over k in one order, wherever its tile begins.
 */
_Static_assert(GC_PANEL_COLUMNS % COLUMNS == 0, "packing is shared out in whole panels");

/* How much of k is taken at a time: equal stretches, none above DEPTH (docs/performance.md). */
static int64_t NAME(depth)(int64_t k)
{
    const int64_t stretches = (k + DEPTH - 1) / DEPTH;
    return stretches > 1 ? (k + stretches - 1) / stretches : k;
}

/* c = alpha a b + scale from, for `rows` x `vectors * LANES` elements; without `from`, alpha a b.
 * Both counts are constants where this is inlined. */
ALWAYS_INLINE void NAME(tile)(int rows, int vectors, int64_t k, const TYPE *restrict a,
                              const TYPE *restrict b, TYPE alpha, TYPE scale, const TYPE *from,
                              TYPE *c, int64_t stride)
{
    NAME(vector) sum[ROWS][VECTORS];
    for (int i = 0; i < rows; i++) {
        __builtin_prefetch(c + i * stride, 1);
        for (int v = 0; v < vectors; v++)
            sum[i][v] = (NAME(vector)){0};
    }
    for (int64_t l = 0; l < k; l++, a += ROWS, b += COLUMNS) {
        NAME(vector) right[VECTORS];
        for (int v = 0; v < vectors; v++)
            right[v] = *(const NAME(vector) *)(b + v * LANES);
        for (int i = 0; i < rows; i++) {
            const NAME(vector) left = a[i] - (NAME(vector)){0};
            for (int v = 0; v < vectors; v++)
                sum[i][v] += left * right[v];
        }
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) {
            NAME(vector) result = alpha * sum[i][v];
            KEEP_ROUNDED(result); /* else a compiler may fuse either product with the addition */
            if (from)
                result += scale * *(const NAME(loose) *)(from + i * stride + v * LANES);
            *(NAME(loose) *)(c + i * stride + v * LANES) = result;
        }
}

/* A tile of any height up to ROWS, one vector wide or whole. */
static void NAME(tiles)(int64_t rows, bool is_whole, int64_t k, const TYPE *a, const TYPE *b,
                        TYPE alpha, TYPE scale, const TYPE *from, TYPE *c, int64_t stride)
{
#define HEIGHT(r)                                                                                \
    case r:                                                                                      \
        if (is_whole)                                                                            \
            NAME(tile)(r, VECTORS, k, a, b, alpha, scale, from, c, stride);                      \
        else                                                                                     \
            NAME(tile)(r, 1, k, a, b, alpha, scale, from, c, stride);                            \
        break;
    switch (rows) {
        EACH_HEIGHT(HEIGHT)
    }
#undef HEIGHT
}

/* A tile at the right edge: what is wider than c goes through memory of our own. */
static void NAME(edge)(int64_t rows, int64_t cols, int64_t k, const TYPE *a, const TYPE *b,
                       TYPE alpha, TYPE scale, const TYPE *from, TYPE *c, int64_t stride)
{
    if (cols == LANES) {
        NAME(tiles)(rows, false, k, a, b, alpha, scale, from, c, stride);
        return;
    }
    TYPE own[ROWS * COLUMNS] = {0};
    if (from)
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < cols; j++)
                own[i * COLUMNS + j] = from[i * stride + j];
    NAME(tiles)(rows, cols > LANES, k, a, b, alpha, scale, from ? own : NULL, own, COLUMNS);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            c[i * stride + j] = own[i * COLUMNS + j];
}

/* How many of the `left` rows of a the next tile has: ROWS, but what is left for the last two is
 * shared out, since a tile of few rows waits for its sums. */
ALWAYS_INLINE int64_t NAME(height)(int64_t left)
{
    return left <= ROWS ? left : left < ROWS + 4 ? (left + 1) / 2 : ROWS;
}

#define BLOCKS ((ROWS + LANES - 1) / LANES)

/* Up to ROWS rows of a, whose elements follow each other, as a panel: by blocks transposed in
 * registers. What a block writes behind its rows, the next one overwrites. */
static void NAME(pack_rows)(int64_t rows, int64_t k, const TYPE *a, int64_t row, TYPE *to)
{
    int64_t l = 0;
    for (; l + LANES < k; l += LANES, a += LANES, to += LANES * ROWS) {
        NAME(vector) block[BLOCKS][LANES];
        UNROLLED for (int q = 0; q < BLOCKS; q++) {
            UNROLLED for (int i = 0; i < LANES; i++) {
                const int64_t at = q * LANES + i;
                block[q][i] = *(const NAME(loose) *)(a + (at < rows ? at : rows - 1) * row);
            }
            NAME(transpose)(block[q]);
        }
        UNROLLED for (int i = 0; i < LANES; i++)
            UNROLLED for (int q = 0; q < BLOCKS; q++)
                *(NAME(loose) *)(to + i * ROWS + q * LANES) = block[q][i];
    }
    for (; l < k; l++, a++, to += ROWS)
        for (int64_t q = 0; q < rows; q++)
            to[q] = a[q * row];
}

/* Whether a line of the cache has columns of several panels, or a panel parts of several lines. */
#define SIDE_BY_SIDE (VECTOR_BYTES == 64 || 2 * ROWS * (int)sizeof(TYPE) <= 64)

/* Whole panels of rows of a, whose columns follow each other: some side by side, so that a line of
 * the cache is read once. */
static void NAME(pack_columns)(int64_t panels, int64_t k, const TYPE *a, int64_t col, TYPE *to)
{
    for (int64_t l = 0; l < k; l++, a += col, to += ROWS) {
        for (int64_t p = 0; p < panels * ROWS; p += 64 / (int)sizeof(TYPE))
            __builtin_prefetch(a + AHEAD * col + p);
        for (int64_t p = 0; p < panels; p++)
            memcpy(to + p * ROWS * k, a + p * ROWS, ROWS * sizeof(TYPE));
    }
}

/* Rows of a in panels: element (i, l) of a panel of up to ROWS rows at l * ROWS + i. */
static void NAME(pack_left)(int64_t m, int64_t k, const TYPE *a, int64_t row, int64_t col, TYPE *to)
{
    for (int64_t i = 0, rows; i < m; i += rows, to += (rows + ROWS - 1) / ROWS * ROWS * k) {
        const TYPE *from = a + i * row;
        const int64_t whole = (m - i) / ROWS, panels = whole < BESIDE ? whole : BESIDE;
        rows = NAME(height)(m - i);
        if (col == 1) {
            NAME(pack_rows)(rows, k, from, row, to);
        } else if (row == 1 && rows == ROWS && SIDE_BY_SIDE) {
            rows *= panels > 1 ? panels - 1 : 1; /* the last two may be lower */
            NAME(pack_columns)(rows / ROWS, k, from, col, to);
        } else if (row == 1 && rows == ROWS) {
            NAME(pack_columns)(1, k, from, col, to);
        } else {
            TYPE *own = to;
            for (int64_t l = 0; l < k; l++, own += ROWS, from += col)
                for (int64_t q = 0; q < rows; q++)
                    own[q] = from[q * row];
        }
    }
}

/* Columns first .. last - 1 of b, which has n, in panels: stretch by stretch of k, and in it panel
 * by panel, element (l, j) at l * COLUMNS + j. What is missing in the last panel is 0. */
static void NAME(pack)(int64_t first, int64_t last, int64_t n, int64_t k, const TYPE *b,
                       int64_t row, int64_t col, TYPE *panels)
{
    const int64_t depth = NAME(depth)(k), width = (n + COLUMNS - 1) / COLUMNS * COLUMNS;
    for (int64_t start = 0; start < k; start += depth) {
        const int64_t length = start + depth < k ? depth : k - start;
        for (int64_t j = first; j < last; j += COLUMNS) {
            const TYPE *from = b + start * row + j * col;
            TYPE *to = panels + start * width + j * length;
            const int64_t count = last - j < COLUMNS ? last - j : COLUMNS;
            NAME(lay_out)(length, count, COLUMNS, from, row, col, to);
        }
    }
}

/* c = alpha a b + beta source for m rows of c; b in panels. With beta = 0 `source` is not read. */
static void NAME(rows)(int64_t m, int64_t n, int64_t k, TYPE alpha, const TYPE *a, int64_t row,
                       int64_t col, const TYPE *panels, TYPE beta, const TYPE *source, TYPE *c,
                       int64_t stride, TYPE *scratch)
{
    const int64_t depth = NAME(depth)(k), width = (n + COLUMNS - 1) / COLUMNS * COLUMNS;
    /* Half of a second-level cache; more rows where b is read from memory for them. */
    const int64_t bytes = n * k <= GC_PANEL_NEAR ? GC_PANEL_SCRATCH / 4 : GC_PANEL_SCRATCH;
    const int64_t room = bytes / (int64_t)sizeof(TYPE) / depth / ROWS * ROWS;
    for (int64_t top = 0; top < m; top += room) {
        const int64_t height = m - top < room ? m - top : room;
        for (int64_t start = 0; start < k; start += depth) {
            const int64_t length = start + depth < k ? depth : k - start;
            const TYPE scale = start ? 1 : beta;
            const TYPE *const from = start ? c : beta == 0 ? NULL : source;
            NAME(pack_left)(height, length, a + top * row + start * col, row, col, scratch);
            for (int64_t j = 0; j < n; j += COLUMNS) {
                const TYPE *const b = panels + start * width + j * length;
                const TYPE *left = scratch;
                for (int64_t i = 0, rows; i < height; i += rows, left += ROWS * length) {
                    rows = NAME(height)(height - i);
                    const int64_t at = (top + i) * stride + j;
                    const TYPE *const own = from ? from + at : NULL;
                    if (n - j >= COLUMNS)
                        NAME(tiles)(rows, true, length, left, b, alpha, scale, own, c + at, stride);
                    else
                        NAME(edge)(rows, n - j, length, left, b, alpha, scale, own, c + at, stride);
                }
            }
        }
    }
}
