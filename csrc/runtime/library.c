/* Generated libraries: open, check against the Interface, close. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int32_t *copy_numbers(const int32_t *numbers, int32_t count)
{
    size_t bytes = (size_t)count * sizeof *numbers;
    int32_t *copy = malloc(bytes + 1);
    if (copy && bytes)
        memcpy(copy, numbers, bytes);
    return copy;
}

static int64_t sum(const int32_t *numbers, int32_t count)
{
    int64_t total = 0;
    for (int32_t i = 0; i < count; i++)
        total += numbers[i];
    return total;
}

/* Say what differs between the library and the Interface, or return true. */
static bool has_border(const gc_library *entry, const gcr_function *function, char *message,
                       size_t size)
{
    const gcr_spec *spec = &function->spec;
    const struct {
        const char *what;
        int64_t found, wanted;
    } rows[] = {
        {"ABI", entry->abi, GC_ABI},
        {"arguments", entry->args, spec->args},
        {"outputs", entry->outs, spec->outs},
        {"output lengths", entry->out_lengths, function->out_axes},
        {"sizes", entry->sizes, spec->sizes},
        {"segments", entry->segments, spec->segments},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].found != rows[i].wanted) {
            snprintf(message, size, "%s: the library has %" PRId64 ", expected %" PRId64,
                     rows[i].what, rows[i].found, rows[i].wanted);
            return false;
        }
    return true;
}

static bool copy_spec(gcr_function *function, const gcr_spec *spec)
{
    gcr_spec *own = &function->spec;
    *own = *spec;
    own->arg_ndims = copy_numbers(spec->arg_ndims, spec->args);
    own->out_ndims = copy_numbers(spec->out_ndims, spec->outs);
    if (!own->arg_ndims || !own->out_ndims)
        return false;
    function->arg_axes = sum(spec->arg_ndims, spec->args);
    function->out_axes = sum(spec->out_ndims, spec->outs);
    return true;
}

static bool open_library(gcr_function *function, const char *path, char *message, size_t size)
{
    function->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!function->library) {
        snprintf(message, size, "%s", dlerror());
        return false;
    }
    function->entry = dlsym(function->library, "gradc_library");
    if (!function->entry) {
        snprintf(message, size, "%s exports no gradc_library", path);
        return false;
    }
    return has_border(function->entry, function, message, size);
}

gcr_function *gcr_open(const char *path, const gcr_spec *spec, const gcr_blas *blas,
                       char *message, int64_t size)
{
    gcr_function *function = calloc(1, sizeof *function);
    if (!function || !copy_spec(function, spec)) {
        snprintf(message, (size_t)size, "out of memory");
        gcr_close(function);
        return NULL;
    }
    function->table = (gc_table){
        .abi = GC_ABI,
        .parallel = gcr_parallel,
        .poll = gcr_poll,
        .fail = gcr_fail,
        .callback = gcr_callback,
        .clock = gcr_clock,
    };
    if (blas) {
        function->table.blas = blas->routines;
        function->table.panels = blas->panels;
        function->table.small = blas->small;
        function->table.lapack = blas->lapack;
    }
    function->blas = blas;
    atomic_store(&function->fail_at, -1);
    if (!open_library(function, path, message, (size_t)size)) {
        gcr_close(function);
        return NULL;
    }
    return function;
}

void gcr_close(gcr_function *function)
{
    if (!function)
        return;
    gcr_free_calls(function);
    if (function->library)
        dlclose(function->library);
    free((void *)(uintptr_t)function->spec.arg_ndims);
    free((void *)(uintptr_t)function->spec.out_ndims);
    free(function->profile);
    free(function);
}

int32_t gcr_fail_points(const gcr_function *function) { return function->entry->fail_points; }

void gcr_set_fail_at(gcr_function *function, int64_t step)
{
    atomic_store(&function->fail_at, step);
}

int32_t gcr_keep_profile(gcr_function *function, int64_t steps)
{
    size_t count = (size_t)steps, sizes = (size_t)function->spec.sizes;
    struct profile *profile = calloc(1, sizeof *profile + count * sizeof(double) +
                                            sizes * sizeof(int64_t));
    if (!profile)
        return 0;
    profile->steps = steps;
    profile->sizes = (int64_t *)(void *)(profile->seconds + steps);
    function->profile = profile;
    return 1;
}

int64_t gcr_profile(const gcr_function *function, double *seconds, int64_t *sizes)
{
    const struct profile *profile = function->profile;
    gcr_lists_lock();
    *seconds++ = profile->plan;
    *seconds++ = profile->run;
    memcpy(seconds, profile->seconds, (size_t)profile->steps * sizeof *seconds);
    if (function->spec.sizes)
        memcpy(sizes, profile->sizes, (size_t)function->spec.sizes * sizeof *sizes);
    int64_t calls = profile->calls;
    gcr_lists_unlock();
    return calls;
}

int64_t gcr_allocations(const gcr_function *function)
{
    return atomic_load(&function->allocations);
}
