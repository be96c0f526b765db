/* Several threads give jobs to the pool at once, for the sanitizers to watch.
 *
 * Jobs as short as these do not pay, so payoff.c would soon keep them from the workers: built with
 * ALWAYS_SHARE this file takes its place, and shares three jobs of four.
 * Arguments: callers, rounds each. Every chunk writes plain memory that its caller reads when the
 * job is done, so a missing order between them is a data race that a sanitizer sees. Fails with a
 * message when a chunk ran not once, a value is wrong, or not the lowest failure is reported.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

enum { MOST = 200, LIMIT = 4 };

typedef struct caller {
    gc_table table;
    gc_frame frame;
    gc_array array;
    pthread_t thread;
    uint64_t random;
    int64_t rounds, number;
    int64_t first_failure; /* of the job under way; -1: none */
    int64_t nested;        /* chunks of the step inside each chunk */
    int64_t ran[MOST];     /* plain: each chunk its own */
    double value[MOST];
    int64_t scratch[LIMIT]; /* plain: one thread each at a time */
} caller;

#ifdef ALWAYS_SHARE
struct gcr_payoff {
    uint64_t jobs;
};

static gcr_payoff account; /* plain: only whoever holds the pool touches it */

gcr_payoff *gcr_payoff_of(gc_chunk step, int64_t count)
{
    (void)step, (void)count;
    account.jobs++;
    return &account;
}

bool gcr_payoff_is_likely(const gcr_payoff *of) { return of->jobs % 4 != 0; }

void gcr_payoff_alone(gcr_payoff *of, double seconds) { (void)seconds, of->jobs++; }

void gcr_payoff_shared(gcr_payoff *of, double seconds, double own, int64_t chunks)
{
    (void)seconds, (void)own, (void)chunks, of->jobs++;
}

void gcr_payoff_forget(void) { account.jobs = 0; }
#endif

static void stop(const char *what, int64_t number)
{
    fprintf(stderr, "%s: %ld\n", what, (long)number);
    exit(1);
}

static int64_t draw(caller *self, int64_t below)
{
    self->random = self->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(self->random >> 33) % below;
}

static int inner(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    (void)table, (void)chunk;
    caller *self = frame->args[0].data;
    self->scratch[worker]++;
    return GC_OK;
}

static int outer(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    caller *self = frame->args[0].data;
    if (worker < 0 || worker >= frame->workers)
        stop("no such worker", worker);
    self->ran[chunk]++;
    self->scratch[worker]++;
    int status = self->nested ? gcr_parallel(table, frame, inner, self->nested) : GC_OK;
    double value = (double)(self->number + chunk);
    for (int i = 0; i < 20; i++)
        value = value * 0.5 + (double)chunk;
    self->value[chunk] = value;
    if (self->first_failure >= 0 && chunk >= self->first_failure) {
        const int64_t values[GC_ERROR_VALUES] = {chunk};
        return gcr_fail(frame, GC_ERR_INDEX, 1, chunk, values);
    }
    return status;
}

static void check(const caller *self, int64_t count, int status)
{
    int64_t fail = self->first_failure;
    if (status != (fail >= 0 ? GC_ERR_INDEX : GC_OK))
        stop("status", status);
    if (fail >= 0 && self->frame.error.values[0] != fail)
        stop("failed chunk", self->frame.error.values[0]);
    for (int64_t chunk = 0; chunk < count; chunk++) {
        if (self->ran[chunk] > 1 || (self->ran[chunk] == 0 && (fail < 0 || chunk <= fail)))
            stop("chunk ran not once", chunk);
        double value = (double)(self->number + chunk);
        for (int i = 0; i < 20; i++)
            value = value * 0.5 + (double)chunk;
        if (self->ran[chunk] && self->value[chunk] != value)
            stop("value of chunk", chunk);
    }
}

static void *call(void *argument)
{
    caller *self = argument;
    for (int64_t round = 0; round < self->rounds; round++) {
        int64_t count = draw(self, 4) ? draw(self, 6) + 1 : draw(self, MOST) + 1;
        self->first_failure = draw(self, 8) ? -1 : draw(self, count);
        self->nested = draw(self, 4) ? 0 : draw(self, 3) + 1;
        self->frame.error = (gc_error){.site = -1};
        for (int64_t chunk = 0; chunk < count; chunk++)
            self->ran[chunk] = 0;
        if (self->number == 0 && round % 16 == 0)
            gcr_set_threads(1 + draw(self, LIMIT), 0);
        if (self->number == 1 && round % 64 == 0)
            gcr_set_own_threads(draw(self, LIMIT + 1));
        check(self, count, gcr_parallel(&self->table, &self->frame, outer, count));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int64_t callers = atol(argv[1]), rounds = atol(argv[2]);
    caller *all = calloc((size_t)callers, sizeof *all);
    gcr_set_threads(LIMIT, 0);
    for (int64_t i = 0; i < callers; i++) {
        caller *self = &all[i];
        self->table.parallel = gcr_parallel;
        self->array.data = self;
        self->frame = (gc_frame){.args = &self->array, .workers = LIMIT};
        self->number = i;
        self->random = (uint64_t)i + 1;
        self->rounds = rounds;
        if (pthread_create(&self->thread, NULL, call, self) != 0)
            return 3;
    }
    for (int64_t i = 0; i < callers; i++)
        pthread_join(all[i].thread, NULL);
    printf("%ld jobs, %ld workers\n", (long)(callers * rounds), (long)gcr_workers());
    return 0;
}
