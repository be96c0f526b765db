/* How reductions are cut; the functions themselves are generated, one set a kind of fold.
 *
 * Every reduction is a tree that depends on lengths and dtype only, never on compiler, vector
 * width or threads. A row is cut into tiles of GC_TILE elements. Within a tile element j goes to
 * lane j % lanes, lanes are joined in halves; tiles are joined in pairs, as a binary counter
 * carries, so that rounding errors grow with the logarithm of the length. Down a column, states
 * are stepped for GC_ROWS rows and then joined to those of the rows before.
 */
#ifndef GRADC_TILES_H
#define GRADC_TILES_H

/* 8 KiB of float64: a tile with its temporaries stays in a 32 KiB first-level cache. */
#define GC_TILE 1024

/* Of the binary counter: 2^40 tiles are more memory than there is. */
#define GC_LEVELS 40

#define GC_ROWS 128

#endif
