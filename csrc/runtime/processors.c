/* The processors that threads run on.
 *
 * Linux wakes a thread on the processor of whoever wakes it, if it ran there last and the search
 * for an idle one is cut short, as it is on machines with few processors: then both chunks of a
 * step run one after the other on one processor while the other is idle (a step of 2 x 200 us took
 * 550 us instead of 300; Linux 6.18, 2 processors). So a worker found on the caller's processor is
 * told to stay off it.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "internal.h"

#ifdef __linux__

/* The kernel refuses masks shorter than its own; cpu_set_t stops at 1024 processors. */
typedef union mask {
    cpu_set_t set;
    unsigned char bytes[1024];
} mask;

static bool read_mask(mask *allowed)
{
    return sched_getaffinity(0, sizeof *allowed, &allowed->set) == 0;
}

int64_t gcr_processors(void)
{
    mask allowed = {.bytes = {0}};
    return read_mask(&allowed) ? CPU_COUNT_S(sizeof allowed, &allowed.set) : MAX_PROCESSORS;
}

int gcr_this_processor(void) { return sched_getcpu(); }

void gcr_keep_off(pthread_t thread, int processor)
{
    mask allowed = {.bytes = {0}};
    if (processor < 0 || !read_mask(&allowed))
        return;
    CPU_CLR_S((size_t)processor, sizeof allowed, &allowed.set);
    if (CPU_COUNT_S(sizeof allowed, &allowed.set) > 0)
        pthread_setaffinity_np(thread, sizeof allowed, &allowed.set);
}

void gcr_name(pthread_t thread, const char *name) { pthread_setname_np(thread, name); }

#else

int64_t gcr_processors(void) { return MAX_PROCESSORS; }

int gcr_this_processor(void) { return -1; }

void gcr_keep_off(pthread_t thread, int processor) { (void)thread, (void)processor; }

void gcr_name(pthread_t thread, const char *name) { (void)thread, (void)name; }

#endif
