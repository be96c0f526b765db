/* The product of two float64 matrices, a[m, k] b[k, n], in one block of rows a worker.
 *
 * `gradc doctor` compiles, loads and runs it, to try the whole chain and to measure BLAS. It is
 * also the shortest example of a library: one segment, two arguments, one output.
 */
#include <gradc/abi.h>

static int plan(const gc_table *table, gc_frame *frame)
{
    const gc_array *a = &frame->args[0], *b = &frame->args[1];
    const int64_t lengths[GC_ERROR_VALUES] = {a->shape[1], b->shape[0]};
    if (a->shape[1] != b->shape[0])
        return table->fail(frame, GC_ERR_LENGTH, 0, 0, lengths);
    frame->out_shapes[0] = a->shape[0];
    frame->out_shapes[1] = b->shape[1];
    frame->work_bytes[0] = 0;
    return GC_OK;
}

/* Rows chunk * m / workers and on. BLAS counts by columns: it is asked for c' = b' a'. */
static int block(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    (void)worker;
    const gc_array *a = &frame->args[0], *b = &frame->args[1];
    const int64_t first = chunk * a->shape[0] / frame->workers;
    const int64_t end = (chunk + 1) * a->shape[0] / frame->workers;
    const int32_t m = (int32_t)(end - first);
    const int32_t k = (int32_t)a->shape[1], n = (int32_t)b->shape[1];
    const double one = 1.0, zero = 0.0;
    table->blas.dgemm("N", "N", &n, &m, &k, &one, b->data, &n, (double *)a->data + first * k, &k,
                      &zero, (double *)frame->outs[0].data + first * n, &n);
    return GC_OK;
}

static int run(const gc_table *table, gc_frame *frame)
{
    return table->parallel(table, frame, block, frame->workers);
}

static const gc_stage plans[] = {plan}, runs[] = {run};
extern const gc_library gradc_library;
__attribute__((visibility("default"))) const gc_library gradc_library = {
    .abi = GC_ABI, .args = 2, .outs = 1, .out_lengths = 2, .segments = 1, .plan = plans, .run = runs};
