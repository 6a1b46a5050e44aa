/* Frees operands of operands of operands without deep recursion, as CPython's trashcan does for its own objects.
   That one links what waits through the header of the cyclic collector, which nodes of an acyclic class don't have;
   here the link takes the place of the vtable, which nobody needs any more. */
#include <Python.h>
#include "CPy.h"

#define DEEP 100
#define LINK(op) (*(PyObject **)((char *)(op) + sizeof(PyObject)))

static CPyThreadLocal int depth = 0;
static CPyThreadLocal PyObject *waiting = NULL;

#undef CPy_TRASHCAN_BEGIN
#define CPy_TRASHCAN_BEGIN(op, dealloc) \
    if (depth >= DEEP) { \
        LINK(op) = waiting; \
        waiting = (PyObject *)(op); \
        return; \
    } \
    depth++;

#undef CPy_TRASHCAN_END
#define CPy_TRASHCAN_END(op) \
    while (depth == 1 && waiting != NULL) { \
        PyObject *next = waiting; \
        waiting = LINK(next); \
        Py_TYPE(next)->tp_dealloc(next); \
    } \
    depth--;

/* Code that boxes a float doesn't look whether there was memory for it: better an end than a hole in a list. */
static inline PyObject *boxed(double x) {
    PyObject *object = PyFloat_FromDouble(x);
    if (object == NULL)
        CPyError_OutOfMemory();
    return object;
}
#define PyFloat_FromDouble boxed
