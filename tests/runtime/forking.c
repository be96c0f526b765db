/* A chunk forks, and while it ends in the child, a new thread of the child gives jobs to the pool.
 *
 * What a signal handler in Python may come to: it is called by a chunk that polls. Argument: how
 * many forks. Fails with a message when the chunk's job does not end as interrupted in the child,
 * or one of the other jobs there does not run each chunk once; an alarm ends a child that hangs.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

enum { COUNT = 40, JOBS = 300, LIMIT = 4 };

typedef struct work {
    gc_table table;
    gc_array array;
    gc_frame frame;
    int64_t ran[COUNT];
} work;

static pthread_t caller, other;
static pid_t child;

static void stop(const char *what, int64_t number)
{
    fprintf(stderr, "%s: %ld\n", what, (long)number);
    _exit(1);
}

static void wait_a_little(void)
{
    for (volatile int i = 0; i < 2000; i++) {
    }
}

static void prepare(work *self)
{
    *self = (work){.table.parallel = gcr_parallel, .array.data = self};
    self->frame = (gc_frame){.args = &self->array, .workers = LIMIT};
}

static int count_up(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    (void)table, (void)worker;
    wait_a_little();
    work *self = frame->args[0].data;
    self->ran[chunk]++;
    return GC_OK;
}

static void *give_jobs(void *unused)
{
    work self;
    prepare(&self);
    for (int64_t job = 1; job <= JOBS; job++) {
        int status = gcr_parallel(&self.table, &self.frame, count_up, COUNT);
        if (status != GC_OK)
            stop("status", status);
        for (int64_t chunk = 0; chunk < COUNT; chunk++)
            if (self.ran[chunk] != job)
                stop("chunk ran not once", chunk);
    }
    return unused;
}

static int fork_once(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    (void)table, (void)frame, (void)chunk, (void)worker;
    wait_a_little();
    if (child >= 0 || !pthread_equal(caller, pthread_self()))
        return GC_OK;
    child = fork();
    if (child != 0)
        return GC_OK;
    alarm(10);
    if (pthread_create(&other, NULL, give_jobs, NULL) != 0)
        stop("no thread", 0);
    usleep(2000); /* now a job is under way there */
    return GC_OK;
}

/* Whether it did: the workers may have taken all chunks. */
static int fork_in_a_chunk(void)
{
    work self;
    prepare(&self);
    child = -1;
    int status = gcr_parallel(&self.table, &self.frame, fork_once, COUNT);
    if (child == 0) {
        if (status != GC_ERR_INTERRUPT)
            stop("status in the child", status);
        give_jobs(NULL);
        pthread_join(other, NULL);
        _exit(0);
    }
    int ended = 0;
    if (child > 0 && (waitpid(child, &ended, 0) != child || ended != 0))
        stop("child ended", ended);
    if (status != GC_OK)
        stop("status in the parent", status);
    give_jobs(NULL);
    return child > 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    caller = pthread_self();
    gcr_set_threads(LIMIT, 0);
    gcr_set_always_share(1);
    for (int64_t left = atol(argv[1]); left > 0;)
        left -= fork_in_a_chunk();
    return 0;
}
