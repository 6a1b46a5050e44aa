/* The machine for Python: programs as capsules for glue.c, and the functions of plan.c on buffers. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>

#include "machine.h"
#include "plan.h"
#include "processors.h"

/* ── buffers ── */

enum { MOST = 20 };

/* The arguments of a call. */
struct arrays {
    Py_buffer views[MOST];
    int count;
};

static void let_go(struct arrays *arrays) {
    while (arrays->count > 0) PyBuffer_Release(&arrays->views[--arrays->count]);
}

/* Holds arrays with items of so many bytes, a digit for each array; 0 with an error for others. */
static int hold_all(struct arrays *arrays, PyObject *const *given, Py_ssize_t count, const char *sizes) {
    arrays->count = 0;
    if (count != (Py_ssize_t)strlen(sizes)) {
        PyErr_Format(PyExc_TypeError, "%zd arrays are needed, not %zd", strlen(sizes), count);
        return 0;
    }
    for (int i = 0; i < count; i++) {
        Py_buffer *view = &arrays->views[i];
        if (PyObject_GetBuffer(given[i], view, PyBUF_C_CONTIGUOUS) < 0) break;
        arrays->count = i + 1;
        if (view->itemsize == sizes[i] - '0') continue;
        PyErr_Format(PyExc_TypeError, "array %d has items of %zd bytes, not of %c", i, view->itemsize, sizes[i]);
        break;
    }
    if (!PyErr_Occurred()) return 1;
    let_go(arrays);
    return 0;
}

static void *at(const struct arrays *arrays, int i) { return arrays->views[i].buf; }

static int64_t items(const struct arrays *arrays, int i, size_t size) { return arrays->views[i].len / (int64_t)size; }

static struct terms terms_in(const struct arrays *arrays) {
    return (struct terms){items(arrays, 0, 8) - 1, at(arrays, 0), at(arrays, 1), at(arrays, 2)};
}

static PyObject *done(struct arrays *arrays, PyObject *result) {
    let_go(arrays);
    return result;
}

/* ── preparing ── */

static PyObject *py_starts(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    struct arrays arrays;
    if (!hold_all(&arrays, given, count, "48")) return NULL;
    find_starts(items(&arrays, 0, 4), at(&arrays, 0), items(&arrays, 1, 8) - 1, at(&arrays, 1));
    return done(&arrays, Py_NewRef(Py_None));
}

static PyObject *py_readers(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    struct arrays arrays;
    if (!hold_all(&arrays, given, count, "84411")) return NULL;
    struct terms terms = terms_in(&arrays);
    mark_readers(&terms, at(&arrays, 3), at(&arrays, 4));
    return done(&arrays, Py_NewRef(Py_None));
}

static PyObject *py_operands(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    struct arrays arrays;
    if (!hold_all(&arrays, given, count, "844111")) return NULL;
    struct terms terms = terms_in(&arrays);
    mark_operands(&terms, at(&arrays, 3), at(&arrays, 4), at(&arrays, 5));
    return done(&arrays, Py_NewRef(Py_None));
}

static PyObject *py_levels(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    struct arrays arrays;
    if (!hold_all(&arrays, given, count, "8444")) return NULL;
    struct terms terms = terms_in(&arrays);
    number_levels(&terms, at(&arrays, 3));
    return done(&arrays, Py_NewRef(Py_None));
}

static PyObject *py_sort(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    struct arrays arrays;
    if (!hold_all(&arrays, given, count, "484")) return NULL;
    sort_keys(items(&arrays, 0, 4), at(&arrays, 0), at(&arrays, 1), items(&arrays, 1, 8) - 1, at(&arrays, 2));
    return done(&arrays, Py_NewRef(Py_None));
}

static PyObject *py_registers(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    struct arrays arrays;
    if (!hold_all(&arrays, given, count, "84444")) return NULL;
    int64_t used = share_registers(items(&arrays, 0, 8) - 1, at(&arrays, 0), at(&arrays, 1), at(&arrays, 2),
                                   at(&arrays, 3), at(&arrays, 4));
    return done(&arrays, PyLong_FromLongLong(used));
}

static PyObject *py_stream(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    struct arrays arrays;
    if (!hold_all(&arrays, given, count, "844288144448448")) return NULL;
    struct nodes nodes = {terms_in(&arrays), at(&arrays, 3), at(&arrays, 4), at(&arrays, 5),
                          at(&arrays, 6),    at(&arrays, 7), at(&arrays, 8)};
    struct stream to = {at(&arrays, 10), at(&arrays, 11), at(&arrays, 12), at(&arrays, 13), at(&arrays, 14), 0, 0, 0};
    write_stream(&nodes, items(&arrays, 9, 4), at(&arrays, 9), &to);
    PyObject *counts = Py_BuildValue("LLL", (long long)to.word_count, (long long)to.number_count, (long long)to.weight_count);
    return done(&arrays, counts);
}

/* ── processors ── */

#define DECLARED(processor) extern const struct machine_kind machine_double_##processor, machine_float_##processor;
#define LISTED(processor) {#processor, &machine_double_##processor, &machine_float_##processor},
PROCESSORS(DECLARED)

/* The kinds of processors for which the machine was compiled, the best one first. */
static const struct {
    const char *name;
    const struct machine_kind *of_double, *of_float;
} processors[] = {PROCESSORS(LISTED)};

enum { COUNT = sizeof processors / sizeof *processors };

/* Whether this processor is of a kind. */
static int fits(const char *name) {
#if defined __x86_64__ || defined __i386__
    if (!strcmp(name, "avx512"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
    if (!strcmp(name, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return !strcmp(name, "any");
}

static PyObject *py_processors(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing)) {
    PyObject *names = PyList_New(0);
    for (int i = 0; names != NULL && i < COUNT; i++) {
        if (!fits(processors[i].name)) continue;
        PyObject *name = PyUnicode_FromString(processors[i].name);
        if (name == NULL || PyList_Append(names, name) < 0) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static const struct machine_kind *kind_named(const char *processor, const char *dtype) {
    for (int i = 0; i < COUNT; i++)
        if (!strcmp(processors[i].name, processor) && fits(processor))
            return strcmp(dtype, "float32") ? processors[i].of_double : processors[i].of_float;
    PyErr_Format(PyExc_ValueError, "the machine is not there for a processor of the kind %.50s", processor);
    return NULL;
}

/* ── programs ── */

/* A program, with the arrays that it reads. */
struct whole {
    struct program program;
    struct machine machine;
    const struct machine_kind *kind;
    struct arrays arrays;
};

enum { SIZES = offsetof(struct machine, before) / sizeof(int64_t) };
enum { ARRAYS = (offsetof(struct machine, spare) - offsetof(struct machine, before)) / sizeof(void *) };

static void free_whole(struct whole *whole) {
    whole->kind->release(&whole->machine);
    let_go(&whole->arrays);
    PyMem_RawFree(whole);
}

static void free_capsule(PyObject *capsule) {
    struct program *program = PyCapsule_GetPointer(capsule, PROGRAM_CAPSULE);
    if (program != NULL) free_whole((struct whole *)program);
}

static PyObject *py_program(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    const char *processor = count > 2 ? PyUnicode_AsUTF8(given[0]) : "", *dtype = count > 2 ? PyUnicode_AsUTF8(given[1]) : "";
    const struct machine_kind *kind = processor && dtype ? kind_named(processor, dtype) : NULL;
    if (kind == NULL) return NULL;
    struct whole *whole = PyMem_RawCalloc(1, sizeof *whole);
    if (whole == NULL) return PyErr_NoMemory();
    whole->kind = kind;
    whole->program = (struct program){kind->value, kind->gradient, kind->update, &whole->machine};
    /* In the order of struct machine: its sizes, four streams, numbers, weights, and three rows of registers. */
    const char *sizes = strcmp(dtype, "float32") ? "844448888448444" : "844444444444444";
    if (!hold_all(&whole->arrays, given + 2, count - 2, sizes)) {
        PyMem_RawFree(whole);
        return NULL;
    }
    memcpy(&whole->machine, at(&whole->arrays, 0), SIZES * sizeof(int64_t));
    const void **pointers = (const void **)&whole->machine.before;
    for (int i = 0; i < (int)ARRAYS; i++) pointers[i] = at(&whole->arrays, 1 + i);
    PyObject *capsule = kind->reserve(&whole->machine) ? PyCapsule_New(&whole->program, PROGRAM_CAPSULE, free_capsule)
                                                       : PyErr_NoMemory();
    if (capsule == NULL) free_whole(whole);
    return capsule;
}

static PyMethodDef methods[] = {
    {"find_starts", (PyCFunction)(void *)py_starts, METH_FASTCALL, NULL},
    {"mark_readers", (PyCFunction)(void *)py_readers, METH_FASTCALL, NULL},
    {"mark_operands", (PyCFunction)(void *)py_operands, METH_FASTCALL, NULL},
    {"number_levels", (PyCFunction)(void *)py_levels, METH_FASTCALL, NULL},
    {"sort_keys", (PyCFunction)(void *)py_sort, METH_FASTCALL, NULL},
    {"share_registers", (PyCFunction)(void *)py_registers, METH_FASTCALL, NULL},
    {"write_stream", (PyCFunction)(void *)py_stream, METH_FASTCALL, NULL},
    {"machine", (PyCFunction)(void *)py_program, METH_FASTCALL, NULL},
    {"processors", py_processors, METH_NOARGS, NULL},
    {0},
};

int machine_exec(PyObject *module) {
    if (PyModule_AddFunctions(module, methods) < 0) return -1;
    if (PyModule_AddStringConstant(module, "digest", digest_of_sources) < 0) return -1;
    return PyModule_AddStringConstant(module, "instructions", names_of_instructions);
}
