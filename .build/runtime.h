/* Frees a node and its operands, their operands and so on without deep recursion, as CPython's trashcan does for its
   own objects. CPython links the objects that wait through the header of the cyclic collector, which the nodes of an
   acyclic class don't have. Here the link takes the place of the vtable, which a node that is being freed needs no
   more. */
#include <Python.h>
#include "CPy.h"

#define DEEP 100
#define LINK(op) (*(PyObject **)((char *)(op) + sizeof(PyObject)))

static CPyThreadLocal int depth = 0;
static CPyThreadLocal PyObject *waiting = NULL;

#if !defined(CPy_TRASHCAN_BEGIN) || !defined(CPy_TRASHCAN_END)
#error "this release of mypyc has no CPy_TRASHCAN_BEGIN and CPy_TRASHCAN_END to redefine; adapt .build/runtime.h"
#endif

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

/* The C of mypyc doesn't check whether there was memory for a float object. The process ends with an error here; else
   a list would hold a null pointer. */
static inline PyObject *boxed(double x) {
    PyObject *object = PyFloat_FromDouble(x);
    if (object == NULL)
        CPyError_OutOfMemory();
    return object;
}
#define PyFloat_FromDouble boxed
