/* A program bound to the arrays of a batch. */

typedef struct {
    PyObject_HEAD
    Code *code;
    struct lanes lanes;
    long count;                  /* The lanes. */
    Py_buffer parameters, gradient, inputs, roots, input_gradient, seed;
} Bound;

static void bound_dealloc(PyObject *object) {
    Bound *self = (Bound *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_buffer *held[] = {&self->parameters, &self->gradient, &self->inputs,
                         &self->roots,      &self->input_gradient, &self->seed};
    for (size_t k = 0; k < sizeof held / sizeof *held; k++) PyBuffer_Release(held[k]);
    PyMem_RawFree(self->lanes.sums);
    Py_XDECREF(self->code);
    type->tp_free(object);
    Py_DECREF(type);
}

/* Holds an array of rows of n numbers. */
static int hold_rows(Py_buffer *view, PyObject *array, const char *what, const struct reals *reals, Py_ssize_t n, int flags) {
    if (!hold_reals(view, array, what, reals, -1, flags)) return 0;
    if (numbers_in(view) % n == 0) return 1;
    PyErr_Format(PyExc_ValueError, "%s: %zd numbers make no rows of %zd", what, numbers_in(view), n);
    return 0;
}

static int bound_hold(Bound *self, PyObject *const *arrays) {
    const struct reals *reals = self->code->reals;
    struct lanes *lanes = &self->lanes;
    Py_ssize_t n = lanes->n;
    if (!hold_reals(&self->parameters, arrays[0], "parameters", reals, -1, PyBUF_SIMPLE) ||
        !hold_rows(&self->inputs, arrays[1], "inputs", reals, n, PyBUF_SIMPLE) ||
        !hold_rows(&self->roots, arrays[2], "roots", reals, n, PyBUF_WRITABLE))
        return 0;
    lanes->parameters = (long)numbers_in(&self->parameters);
    if (!hold_reals(&self->gradient, arrays[3], "gradient", reals, lanes->parameters, PyBUF_WRITABLE) ||
        !hold_reals(&self->input_gradient, arrays[4], "input_gradient", reals, numbers_in(&self->inputs), PyBUF_WRITABLE) ||
        !hold_reals(&self->seed, arrays[5], "seed", reals, 1, PyBUF_SIMPLE))
        return 0;
    lanes->p = self->parameters.buf, lanes->x = self->inputs.buf, lanes->roots = self->roots.buf;
    lanes->dp = self->gradient.buf, lanes->dx = self->input_gradient.buf;
    if (lanes->roots == NULL) {
        PyErr_SetString(PyExc_TypeError, "roots: an array is needed");
        return 0;
    }
    if (make_room(lanes, self->count)) return 1;
    PyErr_NoMemory();
    return 0;
}

static PyObject *bound_new(PyTypeObject *type, PyObject *args, PyObject *options) {
    static char *names[] = {"code", "n",    "parameters", "inputs",  "roots", "gradient",
                            "input_gradient", "seed", "threads",    "work", NULL};
    PyObject *code, *arrays[6] = {NULL, NULL, NULL, Py_None, Py_None, Py_None};
    long n;
    int threads = 1;
    double each = 1.0;
    if (!PyArg_ParseTupleAndKeywords(args, options, "OlOOO|$OOOid:Bound", names, &code, &n, &arrays[0], &arrays[1],
                                     &arrays[2], &arrays[3], &arrays[4], &arrays[5], &threads, &each))
        return NULL;
    if (n < 1 || threads < 1) return PyErr_Format(PyExc_ValueError, "Bound: n and threads are whole numbers from 1");
    Bound *self = (Bound *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->code = (Code *)Py_XNewRef(code_of(code, state_of_type(type)->code, its_value, "value"));
    self->count = n;
    if (self->code != NULL) {
        self->lanes.code = &self->code->functions, self->lanes.reals = self->code->reals;
        self->lanes.n = n, self->lanes.threads = threads, self->lanes.work = each;
    }
    if (self->code == NULL || !bound_hold(self, arrays)) Py_CLEAR(self);
    return (PyObject *)self;
}

static int is_long(double operations) { return operations >= LONG_WORK; }

static PyObject *bound_run(Bound *self, int backward) {
    double seed = self->seed.buf == NULL ? 1.0 : self->lanes.reals->number(self->seed.buf, 0);
    if (!enter(self->code)) return NULL;
    PyThreadState *waiting = is_long(self->lanes.work * (double)self->count) ? PyEval_SaveThread() : NULL;
    run_lanes(&self->lanes, 0, self->count, backward, seed, NULL);
    if (waiting != NULL) PyEval_RestoreThread(waiting);
    self->code->running = 0;
    Py_RETURN_NONE;
}

static PyObject *bound_value(PyObject *self, PyObject *Py_UNUSED(nothing)) { return bound_run((Bound *)self, 0); }

static PyObject *bound_gradient(PyObject *object, PyObject *Py_UNUSED(nothing)) {
    Bound *self = (Bound *)object;
    if (code_of((PyObject *)self->code, Py_TYPE(self->code), its_gradient, "gradient") == NULL) return NULL;
    return bound_run(self, 1);
}

static PyMethodDef bound_methods[] = {
    {"value", bound_value, METH_NOARGS, "Compute the roots."},
    {"gradient", bound_gradient, METH_NOARGS, "Compute the roots, and overwrite the gradients of the first one."},
    {0},
};

static PyType_Slot bound_slots[] = {
    {Py_tp_doc, "Bound(code, n, parameters, inputs, roots, *, gradient=None, input_gradient=None, seed=None, threads=1, "
                "work=1.0): a program with the arrays of n examples.\n\n"
                "inputs and input_gradient are (slots, n), roots is (roots, n), seed the gradient of the first root, 1 if "
                "there is none. work is the operations on one example: long work lets other threads of Python run, and "
                "is shared by so many threads of its own. The numbers don't depend on threads."},
    {Py_tp_new, bound_new},
    {Py_tp_dealloc, bound_dealloc},
    {Py_tp_methods, bound_methods},
    {0},
};
static PyType_Spec bound_spec = {
    "autograd.compiler.native._native.Bound", sizeof(Bound), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, bound_slots,
};
