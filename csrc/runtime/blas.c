/* The BLAS library, opened at run time.
 *
 * It is set to one thread: our pool calls it on blocks of a product (design: one thread pool), and
 * set back if somebody changes that: with four threads of its own inside two of ours, products of
 * 1000 rows took 275 ms instead of 46 and had other bits (2 processors, November 2026).
 * Every routine is tried once on small numbers, with the upper half of each 64-bit integer filled
 * with ones: a library that reads 64-bit integers sees negative lengths, and is refused instead of
 * trusted.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { NAME = 128 };

typedef struct opened {
    void *library;
    const char *prefix, *suffix;
    char *message;
    size_t size;
} opened;

static void *find(const opened *from, const char *name)
{
    char symbol[NAME];
    snprintf(symbol, sizeof symbol, "%s%s%s", from->prefix, name, from->suffix);
    void *found = dlsym(from->library, symbol);
    if (!found)
        snprintf(from->message, from->size, "it has no routine %s", symbol);
    return found;
}

/* ISO C has no cast from an object pointer to a function pointer; POSIX says they are alike. */
#define ROUTINE(from, blas, name) \
    (*(void **)(void *)&(blas)->routines.name = find(from, #name), (blas)->routines.name != NULL)

static bool find_routines(const opened *from, gcr_blas *blas)
{
    return ROUTINE(from, blas, dgemm) && ROUTINE(from, blas, sgemm) &&
           ROUTINE(from, blas, dgemv) && ROUTINE(from, blas, sgemv) &&
           ROUTINE(from, blas, dger) && ROUTINE(from, blas, sger) &&
           ROUTINE(from, blas, dtrsm) && ROUTINE(from, blas, strsm) &&
           ROUTINE(from, blas, zgemm) && ROUTINE(from, blas, cgemm) &&
           ROUTINE(from, blas, zgemv) && ROUTINE(from, blas, cgemv) &&
           ROUTINE(from, blas, zgeru) && ROUTINE(from, blas, cgeru) &&
           ROUTINE(from, blas, ztrsm) && ROUTINE(from, blas, ctrsm);
}

#define FACTOR(from, blas, name) \
    (*(void **)(void *)&(blas)->lapack.name = find(from, #name), (blas)->lapack.name != NULL)

/* All of LAPACK that is called, or none. */
static bool find_lapack(const opened *from, gcr_blas *blas)
{
    bool is_there = FACTOR(from, blas, dpotrf) && FACTOR(from, blas, spotrf) &&
                    FACTOR(from, blas, dgetrf) && FACTOR(from, blas, sgetrf) &&
                    FACTOR(from, blas, dgelqf) && FACTOR(from, blas, sgelqf) &&
                    FACTOR(from, blas, dorglq) && FACTOR(from, blas, sorglq) &&
                    FACTOR(from, blas, dgesdd) && FACTOR(from, blas, sgesdd) &&
                    FACTOR(from, blas, dsyevd) && FACTOR(from, blas, ssyevd) &&
                    FACTOR(from, blas, dgeev) && FACTOR(from, blas, sgeev) &&
                    FACTOR(from, blas, zgeev) && FACTOR(from, blas, cgeev) &&
                    FACTOR(from, blas, zpotrf) && FACTOR(from, blas, cpotrf) &&
                    FACTOR(from, blas, zgetrf) && FACTOR(from, blas, cgetrf) &&
                    FACTOR(from, blas, zgelqf) && FACTOR(from, blas, cgelqf) &&
                    FACTOR(from, blas, zunglq) && FACTOR(from, blas, cunglq) &&
                    FACTOR(from, blas, zgesdd) && FACTOR(from, blas, cgesdd) &&
                    FACTOR(from, blas, zheevd) && FACTOR(from, blas, cheevd);
    if (!is_there)
        blas->lapack = (gc_lapack){0};
    return is_there;
}

/* A function of the library under a name that is no BLAS routine's, or NULL. */
static void (*find_own(const opened *from, const char *name))(void)
{
    char symbol[NAME];
    snprintf(symbol, sizeof symbol, "%s%s", from->prefix, name);
    void (*found)(void);
    *(void **)(void *)&found = dlsym(from->library, symbol);
    return found;
}

/* Libraries that have threads of their own, and how each is told to use one: by value, C ABI.
 * Only those with one number for the whole process can be asked whether it still holds. */
static void set_one_thread(const opened *from, gcr_blas *blas)
{
    static const struct {
        const char *set, *get;
    } names[] = {
        {"openblas_set_num_threads", "openblas_get_num_threads"}, /* OpenBLAS */
        {"MKL_Set_Num_Threads", NULL},                            /* Intel oneMKL */
        {"bli_thread_set_num_threads", NULL}, /* BLIS; its argument is as wide as a pointer */
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void (*set)(int64_t) = (void (*)(int64_t))find_own(from, names[i].set);
        if (!set)
            continue;
        set(1);
        blas->set_threads = set;
        blas->threads = names[i].get ? (int (*)(void))find_own(from, names[i].get) : NULL;
    }
}

void gcr_blas_keep_alone(const gcr_blas *blas)
{
    if (blas && blas->threads && blas->threads() != 1)
        blas->set_threads(1);
}

static const char *read_text(const opened *from, const char *name)
{
    const char *(*read)(void) = (const char *(*)(void))find_own(from, name);
    const char *text = read ? read() : NULL;
    return text ? text : "";
}

/* A 32-bit integer in front of 32 ones. */
typedef union wide {
    int64_t padded;
    int32_t value;
} wide;

static wide number(int32_t value)
{
    wide result = {.padded = -1};
    result.value = value;
    return result;
}

/* [3, 2] times [2, 4], by columns, then a matrix times a vector, then an outer product, then a triangle
 * of twos and ones solved for. */
#define TRY(letter, type)                                                                      \
    static bool try_##letter(const gc_blas *blas)                                              \
    {                                                                                          \
        const type a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, -1, 2, 0, 3, 1, -2, 5}, one = 1;        \
        const type ab[] = {-3, -3, -3, 2, 4, 6, 7, 11, 15, 18, 21, 24};                        \
        const type ax[] = {5, 7, 9}, xy[] = {1, 1, 2, 2};                                      \
        const type x[] = {1, 1}, y[] = {1, 2}, zero = 0;                                       \
        const type l[] = {2, 1, 0, 2}, lx[] = {1, 1};                                          \
        type c[12] = {0}, v[3] = {0}, r[4] = {0}, s[] = {2, 3};                                           \
        const wide w1 = number(1), w2 = number(2), w3 = number(3), w4 = number(4);             \
        blas->letter##gemm("N", "N", &w3.value, &w4.value, &w2.value, &one, a, &w3.value, b,   \
                           &w2.value, &zero, c, &w3.value);                                    \
        blas->letter##gemv("N", &w3.value, &w2.value, &one, a, &w3.value, x, &w1.value, &zero, \
                           v, &w1.value);                                                      \
        blas->letter##ger(&w2.value, &w2.value, &one, x, &w1.value, y, &w1.value, r,           \
                          &w2.value);                                                          \
        blas->letter##trsm("L", "L", "N", "N", &w2.value, &w1.value, &one, l, &w2.value, s,    \
                           &w2.value);                                                         \
        return !memcmp(c, ab, sizeof c) && !memcmp(v, ax, sizeof v) &&                         \
               !memcmp(r, xy, sizeof r) && !memcmp(s, lx, sizeof s);                           \
    }

TRY(d, double)
TRY(s, float)

/* (1 + 2i) (3 - i) = 5 + 5i by three, (2i) (1 + 2i) = -4 + 2i back by the fourth; numbers are pairs. */
#define TRY_COMPLEX(letter, type)                                                              \
    static bool try_##letter(const gc_blas *blas)                                              \
    {                                                                                          \
        const type x[] = {1, 2}, y[] = {3, -1}, one[] = {1, 0}, zero[] = {0, 0};               \
        const type xy[] = {5, 5};                                                              \
        const type l[] = {0, 2};                                                               \
        type c[2] = {0}, v[2] = {0}, r[2] = {0}, s[] = {-4, 2};                                \
        const wide w1 = number(1);                                                             \
        blas->letter##gemm("N", "N", &w1.value, &w1.value, &w1.value, one, x, &w1.value, y,    \
                           &w1.value, zero, c, &w1.value);                                     \
        blas->letter##gemv("N", &w1.value, &w1.value, one, x, &w1.value, y, &w1.value, zero,   \
                           v, &w1.value);                                                      \
        blas->letter##geru(&w1.value, &w1.value, one, x, &w1.value, y, &w1.value, r,           \
                           &w1.value);                                                         \
        blas->letter##trsm("L", "L", "N", "N", &w1.value, &w1.value, one, l, &w1.value, s,     \
                           &w1.value);                                                         \
        return !memcmp(c, xy, sizeof c) && !memcmp(v, xy, sizeof v) &&                         \
               !memcmp(r, xy, sizeof r) && !memcmp(s, x, sizeof s);                            \
    }

TRY_COMPLEX(z, double)
TRY_COMPLEX(c, float)

static bool prepare(const opened *from, gcr_blas *blas)
{
    if (!find_routines(from, blas))
        return false;
    blas->config = read_text(from, "openblas_get_config");
    blas->kernel = read_text(from, "openblas_get_corename");
    if (strstr(blas->config, "USE64BITINT")) {
        snprintf(from->message, from->size, "it takes 64-bit integers, gradc passes 32-bit ones");
        return false;
    }
    set_one_thread(from, blas);
    if (try_d(&blas->routines) && try_s(&blas->routines) && try_z(&blas->routines) &&
        try_c(&blas->routines)) {
        blas->has_lapack = find_lapack(from, blas);
        return true;
    }
    snprintf(from->message, from->size,
             "its self-test failed: small products came out wrong, as when a library takes 64-bit "
             "integers");
    return false;
}

/* OpenBLAS starts its threads while it is being loaded, and lets them sleep when told later that
 * one will do; only the environment can keep them from being started. */
static void *load_without_threads(const char *path)
{
    static const char *const name = "OPENBLAS_NUM_THREADS";
    const char *before = getenv(name);
    char *kept = before ? strdup(before) : NULL;
    setenv(name, "1", 1);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (kept)
        setenv(name, kept, 1);
    else
        unsetenv(name);
    free(kept);
    return library;
}

gcr_blas *gcr_blas_open(const char *path, const char *prefix, const char *suffix, char *message,
                        int64_t size)
{
    opened from = {load_without_threads(path), prefix, suffix, message, (size_t)size};
    if (!from.library) {
        snprintf(message, from.size, "%s", dlerror());
        return NULL;
    }
    gcr_blas *blas = calloc(1, sizeof *blas);
    if (blas && prepare(&from, blas))
        return blas;
    if (!blas)
        snprintf(message, from.size, "out of memory");
    free(blas);
    dlclose(from.library);
    return NULL;
}

const char *gcr_blas_config(const gcr_blas *blas) { return blas->config; }

const char *gcr_blas_kernel(const gcr_blas *blas) { return blas->kernel; }

int32_t gcr_blas_has_lapack(const gcr_blas *blas) { return blas->has_lapack; }

int32_t gcr_blas_threads(const gcr_blas *blas) { return blas->threads ? blas->threads() : 0; }
