/* The first process of a machine that emulated.py starts: runs every loop and compares its bits.
 *
 * table.h lists the loops, their arguments in data.bin, and what the real machine gave.  The first
 * build is the control: where it gives something else than the real machine did, the emulator is
 * wrong, and the other builds must be wrong alike.  Each loop runs over everything at once, and
 * then over all lengths 0 to 67 at four offsets, which must give what single elements give and
 * write nothing beside.  The last line counts.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { LENGTHS = 68, OFFSETS = 4, WIDEST = 8, GUARD = 8 };

typedef void loop1(const void *x, void *out, int64_t n);
typedef void loop2(const void *x, const void *y, void *out, int64_t n);

__asm__(".section .rodata\n.balign 64\ndata: .incbin \"data.bin\"\n.text");
extern const char data[] __attribute__((visibility("hidden")));

/* `size` of an argument, `wide` of a result in bytes; x, y and real are offsets into `data` */
#define ROW(builds)                     \
    struct row {                        \
        const char *name;               \
        int size, wide, is_float;       \
        int64_t n, x, y, real;          \
        void (*run[builds])(void);      \
    }
#include "table.h"

enum { BUILDS = sizeof builds / sizeof *builds };

/* y is -1 where there is no second argument. */
static void call(const struct row *r, int build, int64_t from, void *out, int64_t n)
{
    const char *x = data + r->x + from * r->size, *y = data + r->y + from * r->size;
    if (r->y < 0) ((loop1 *)r->run[build])(x, out, n);
    else ((loop2 *)r->run[build])(x, y, out, n);
}

static int is_nan(const char *p, int wide)
{
    double d;
    float f;
    if (wide == 8) return memcpy(&d, p, sizeof d), d != d;
    return memcpy(&f, p, sizeof f), f != f;
}

static void print_bits(const char *before, const char *p, int wide)
{
    printf("%s", before);
    for (int i = wide - 1; i >= 0; i--) printf("%02x", p[i] & 0xff);
}

/* How many results, of arguments from `from` on, are not the bits that are expected; the first of
 * them is shown. Any nan is as good as another. */
static int64_t differing(const struct row *r, const char *what, int64_t from, const char *got,
                         const char *expected, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *p = got + i * r->wide, *q = expected + i * r->wide;
        if (memcmp(p, q, (size_t)r->wide) == 0) continue;
        if (r->is_float && is_nan(p, r->wide) && is_nan(q, r->wide)) continue;
        if (count++) continue;
        printf("%s: %s", what, r->name);
        print_bits(" of ", data + r->x + (from + i) * r->size, r->size);
        if (r->y >= 0) print_bits(", ", data + r->y + (from + i) * r->size, r->size);
        print_bits(" gave ", p, r->wide);
        print_bits(", not ", q, r->wide);
        puts("");
    }
    return count;
}

static int64_t bad_lengths(const struct row *r, int build)
{
    char alone[(LENGTHS + OFFSETS) * WIDEST], part[(LENGTHS + OFFSETS + GUARD) * WIDEST];
    char empty[sizeof part];
    int64_t bad = 0;
    memset(empty, 0x5a, sizeof empty);
    for (int i = 0; i < LENGTHS + OFFSETS; i++) call(r, build, i, alone + i * r->wide, 1);
    for (int from = 0; from < OFFSETS; from++) {
        for (int n = 0; n < LENGTHS; n++) {
            const size_t start = (size_t)(from * r->wide), end = start + (size_t)(n * r->wide);
            memcpy(part, empty, sizeof part);
            call(r, build, from, part + start, n);
            bad += differing(r, builds[build], from, part + start, alone + start, n) != 0 ||
                   memcmp(part, empty, start) != 0 ||
                   memcmp(part + end, empty, sizeof part - end) != 0;
        }
    }
    return bad;
}

static void run_all(void)
{
    long long values = 0, wrong = 0, bad[BUILDS] = {0}, cut[BUILDS] = {0};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const struct row *r = &rows[k];
        char *control = malloc((size_t)(r->n * r->wide)), *out = malloc((size_t)(r->n * r->wide));
        call(r, 0, 0, control, r->n);
        wrong += differing(r, "the emulator", 0, control, data + r->real, r->n);
        for (int build = 1; build < BUILDS; build++) {
            call(r, build, 0, out, r->n);
            bad[build] += differing(r, builds[build], 0, out, control, r->n);
            cut[build] += bad_lengths(r, build);
        }
        values += r->n;
        free(control);
        free(out);
    }
    printf("%lld values, of which the emulator has %lld wrong\n", values, wrong);
    for (int build = 1; build < BUILDS; build++)
        printf("%s: %lld values, %lld lengths differ\n", builds[build], bad[build], cut[build]);
    puts("done");
}

int main(void)
{
    const int is_init = getpid() == 1;
    if (is_init) {
        mkdir("/dev", 0755);
        mknod("/dev/ttyS0", S_IFCHR | 0600, makedev(4, 64));
        const int line = open("/dev/ttyS0", O_RDWR);
        if (line >= 0) dup2(line, 1);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (__builtin_cpu_supports(FEATURE)) run_all();
    else puts("this processor has no " FEATURE "\ndone");
    if (is_init) sleep(1), reboot(RB_POWER_OFF);
    return 0;
}
