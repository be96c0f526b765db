/* Vector math that is compiled once a file, for files with many calls.
 *
 * gcc 12 takes 25 to 70 ms for each function that it inlines into a loop. From some number of calls
 * on, generated code calls a function made here, which gcc compiles for one element and for a whole
 * vector (its attribute simd): the same bits, 10 to 40 % slower than inlined, four times as fast as
 * a call an element (Zen 3, 2026-11). clang calls no vector functions of ours but inlines in a
 * third of gcc's time; with GC_OUTLINE (thousands of calls) it too leaves calls.
 */
#ifndef GRADC_ONCE_H
#define GRADC_ONCE_H

#if defined(__clang__) && !defined(GC_OUTLINE)
#define GC_VECTOR static inline __attribute__((always_inline))
#elif defined(__GNUC__) && !defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define GC_VECTOR static __attribute__((noinline, unused, simd("notinbranch")))
#else
#define GC_VECTOR static __attribute__((noinline, unused))
#endif

#define GC_ONCE_1(name, T) GC_VECTOR T name##_once(T x) { return name(x); }
#define GC_ONCE_2(name, T) GC_VECTOR T name##_once(T x, T y) { return name(x, y); }

#endif
