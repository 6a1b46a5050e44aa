/* The extension autograd.compiler.native._native: programs of program.h, called from Python.
 *
 * Code holds the functions of a program. Call is a program of one example as a function of floats, Bound a program with
 * the arrays of a batch, and Training a program with rows and an optimiser. A program is for one thread at a time:
 * where other threads of Python may run meanwhile, a second one is refused. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>
#include <time.h>

#include "program.h"
#if defined __has_include
#if __has_include("machine.h")
#include "machine.h"
#endif
#endif

#define LONG_WORK 2e4 /* Operations that take longer than to let another thread run. */

typedef struct {
    PyTypeObject *code, *call, *bound, *training;
} State;

static State *state_of_type(PyTypeObject *type) { return PyType_GetModuleState(type); }

#include "blocks.h"
#include "objects.h"
#include "call.h"
#include "bound.h"
#include "shuffling.h"
#include "training.h"

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type) {
    *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *type == NULL ? -1 : PyModule_AddType(module, *type);
}

static int module_exec(PyObject *module) {
    State *state = PyModule_GetState(module);
    if (add_type(module, &code_spec, &state->code) < 0 || add_type(module, &call_spec, &state->call) < 0 ||
        add_type(module, &bound_spec, &state->bound) < 0 || add_type(module, &training_spec, &state->training) < 0)
        return -1;
#ifdef AUTOGRAD_MACHINE_H
    return machine_exec(module);
#else
    return 0;
#endif
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    Py_VISIT(state->code);
    Py_VISIT(state->call);
    Py_VISIT(state->bound);
    Py_VISIT(state->training);
    return 0;
}

static int module_clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->code);
    Py_CLEAR(state->call);
    Py_CLEAR(state->bound);
    Py_CLEAR(state->training);
    return 0;
}

static void module_free(void *module) { module_clear(module); }

static PyMethodDef module_methods[] = {
    {"shuffle", native_shuffle, METH_VARARGS,
     "shuffle(order, generator): shuffle an array as random.Random does a list; generator is its state, an array too."},
    {0},
};

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_exec}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd.compiler.native._native",
    .m_doc = "Native programs as Python calls them.",
    .m_size = sizeof(State),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__native(void);
PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
