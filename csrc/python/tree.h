/* Trees of Python containers (gradc/tree.py), taken apart and put together without recursion. */
#ifndef GRADC_PYTHON_TREE_H
#define GRADC_PYTHON_TREE_H

#include "internal.h"

enum { MOST_PARTS = 256 }; /* containers and leaves; gradc/functional/jit.py knows it too */

typedef enum part { PART_LEAF, PART_NONE, PART_FIXED, PART_TUPLE, PART_LIST, PART_DICT } part;

typedef struct token {
    part part;
    Py_ssize_t count;
    PyObject *keys; /* owned: of a dict its keys, of a fixed value that value */
} token;

/* In postfix order: what a container holds stands before it, from left to right. */
typedef struct tree {
    Py_ssize_t size, leaves;
    token *tokens;
} tree;

/* From a Structure; false: an exception is set. */
bool read_tree(PyObject *structure, tree *into);
void free_tree(tree *self);

/* The leaves of an object, borrowed, if it is such a tree. Runs no Python code. */
bool tree_leaves(const tree *self, PyObject *root, PyObject **leaves);

/* Such a tree of the arrays in a list; NULL: an exception is set. */
PyObject *tree_build(const tree *self, PyObject *list);

#endif
