/* A program bound to the arrays of a batch. */

enum { DEEPEST = 8 };

/* The arrays of one input that a call takes without help: of this very shape. */
struct taken {
    Py_ssize_t shape[DEEPEST];
    int depth;
    Py_buffer slots, array;
};

typedef struct {
    PyObject_HEAD
    Code *code;
    struct lanes lanes;
    long count; /* The lanes. */
    Py_buffer parameters, gradient, inputs, roots, input_gradient, seed;
    PyTypeObject *kind;  /* Of the arrays. */
    struct taken *taken; /* Of the arrays that `run` takes, or NULL. */
    struct column *columns;
    double weight; /* Of each loss in their sum. */
} Bound;

static void bound_dealloc(PyObject *object) {
    Bound *self = (Bound *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_buffer *held[] = {&self->parameters, &self->gradient,       &self->inputs,
                         &self->roots,      &self->input_gradient, &self->seed};
    for (size_t k = 0; k < sizeof held / sizeof *held; k++) PyBuffer_Release(held[k]);
    for (Py_ssize_t k = 0; k < self->lanes.inputs; k++) PyBuffer_Release(&self->taken[k].slots);
    PyMem_Free(self->taken);
    PyMem_Free(self->columns);
    PyMem_RawFree(self->lanes.sums);
    Py_XDECREF(self->kind);
    Py_XDECREF(self->code);
    type->tp_free(object);
    Py_DECREF(type);
}

/* Holds an array of rows of n numbers. */
static int hold_rows(Py_buffer *view, PyObject *array, const char *what, const struct reals *reals, Py_ssize_t n,
                     int flags) {
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
        !hold_reals(&self->input_gradient, arrays[4], "input_gradient", reals, numbers_in(&self->inputs),
                    PyBUF_WRITABLE) ||
        !hold_reals(&self->seed, arrays[5], "seed", reals, 1, PyBUF_SIMPLE))
        return 0;
    lanes->p = self->parameters.buf, lanes->x = self->inputs.buf, lanes->roots = self->roots.buf;
    lanes->dp = self->gradient.buf, lanes->dx = self->input_gradient.buf;
    if (lanes->roots == NULL) {
        PyErr_SetString(PyExc_TypeError, "roots: an array is needed");
        return 0;
    }
    if (allocate_sums(lanes, self->count)) return 1;
    PyErr_NoMemory();
    return 0;
}

static PyObject *bound_new(PyTypeObject *type, PyObject *args, PyObject *options) {
    static char *names[] = {"code",           "n",    "parameters", "inputs", "roots", "gradient",
                            "input_gradient", "seed", "threads",    "work",   NULL};
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
    self->kind = (PyTypeObject *)Py_NewRef(Py_TYPE(arrays[2]));
    if (self->code == NULL || !bound_hold(self, arrays)) Py_CLEAR(self);
    return (PyObject *)self;
}

static int is_long(double operations) { return operations >= LONG_WORK; }

/* Runs the program; 0 with an error if it can't be. The lanes are those of self, or have other inputs. */
static int bound_run(Bound *self, struct lanes *lanes, int backward) {
    double seed = self->seed.buf == NULL ? 1.0 : lanes->reals->number(self->seed.buf);
    if (backward && code_of((PyObject *)self->code, Py_TYPE(self->code), its_gradient, "gradient") == NULL) return 0;
    if (!enter(self->code)) return 0;
    PyThreadState *waiting = is_long(lanes->work * (double)self->count) ? PyEval_SaveThread() : NULL;
    run_lanes(lanes, 0, self->count, backward, seed, NULL);
    if (waiting != NULL) PyEval_RestoreThread(waiting);
    self->code->running = 0;
    return 1;
}

static PyObject *bound_value(PyObject *object, PyObject *Py_UNUSED(nothing)) {
    Bound *self = (Bound *)object;
    return bound_run(self, &self->lanes, 0) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *bound_gradient(PyObject *object, PyObject *Py_UNUSED(nothing)) {
    Bound *self = (Bound *)object;
    return bound_run(self, &self->lanes, 1) ? Py_NewRef(Py_None) : NULL;
}

/* ── arrays of the caller ── */

static int take_shape(struct taken *taken, struct column *column, PyObject *pair, Py_ssize_t width) {
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2 || !PyTuple_Check(PyTuple_GET_ITEM(pair, 0))) {
        PyErr_SetString(PyExc_TypeError, "an input is a pair of the shape of a row, a tuple, and its slots");
        return 0;
    }
    PyObject *shape = PyTuple_GET_ITEM(pair, 0), *slots = PyTuple_GET_ITEM(pair, 1);
    column->leaves = 1;
    taken->depth = (int)PyTuple_GET_SIZE(shape);
    for (int i = 0; i < taken->depth && i < DEEPEST; i++) {
        taken->shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, i));
        if (PyErr_Occurred()) return 0;
        column->leaves *= (long)taken->shape[i];
    }
    if (taken->depth < DEEPEST && !hold_places(&taken->slots, slots, "slots", column->leaves, -1, width)) return 0;
    column->slots = taken->slots.buf;
    return 1;
}

static PyObject *bound_take(PyObject *object, PyObject *args) {
    Bound *self = (Bound *)object;
    PyObject *columns;
    double weight;
    if (!PyArg_ParseTuple(args, "O!d:take", &PyList_Type, &columns, &weight)) return NULL;
    if (self->taken != NULL) return PyErr_Format(PyExc_RuntimeError, "Bound.take is called once");
    Py_ssize_t count = PyList_GET_SIZE(columns), width = numbers_in(&self->inputs) / self->lanes.n;
    self->taken = PyMem_Calloc((size_t)count + 1, sizeof *self->taken);
    self->columns = PyMem_Calloc((size_t)count + 1, sizeof *self->columns);
    if (self->taken == NULL || self->columns == NULL) return PyErr_NoMemory();
    for (Py_ssize_t k = 0; k < count; k++) {
        self->lanes.inputs = k + 1;
        if (!take_shape(&self->taken[k], &self->columns[k], PyList_GET_ITEM(columns, k), width)) return NULL;
    }
    self->lanes.chunk = chunk_of(self->lanes.reals->size, (long)width);
    self->weight = weight;
    Py_RETURN_NONE;
}

/* Whether an array has the kind, the shape and the numbers that are taken. */
static int fits(const Bound *self, struct taken *taken, PyObject *array) {
    if (Py_TYPE(array) != self->kind || taken->depth >= DEEPEST) return 0;
    if (PyObject_GetBuffer(array, &taken->array, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
        PyErr_Clear(); /* It isn't contiguous, or has numbers that are no buffer. */
        return 0;
    }
    const Py_buffer *view = &taken->array;
    int same = view->ndim == taken->depth + 1 && view->shape[0] == self->count &&
               strcmp(view->format, self->lanes.reals->format) == 0;
    for (int i = 0; same && i < taken->depth; i++) same = view->shape[i + 1] == taken->shape[i];
    return same;
}

/* Whether the columns lie in memory as rows of one array x, (slots, n). */
static int lie_as_rows(const Bound *self, char **x) {
    size_t row = (size_t)self->lanes.n * self->lanes.reals->size;
    *x = NULL;
    for (Py_ssize_t k = 0; k < self->lanes.inputs; k++) {
        const struct column *column = &self->columns[k];
        if (column->leaves != 1) return 0;
        if (column->slots[0] < 0) continue;
        char *first = (char *)column->numbers - (size_t)column->slots[0] * row;
        if (*x != NULL && *x != first) return 0;
        *x = first;
    }
    return *x != NULL;
}

static int run_arrays(Bound *self, int backward) {
    struct lanes lanes = self->lanes;
    char *x;
    for (Py_ssize_t k = 0; k < lanes.inputs; k++) self->columns[k].numbers = self->taken[k].array.buf;
    if (lie_as_rows(self, &x))
        lanes.x = x;
    else
        lanes.columns = self->columns;
    return bound_run(self, &lanes, backward);
}

static PyObject *bound_run_arrays(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
    Bound *self = (Bound *)object;
    if (count != 2 || self->taken == NULL || !(PyTuple_Check(arguments[0]) || PyList_Check(arguments[0])))
        return PyErr_Format(PyExc_TypeError,
                            "Bound.run takes a tuple of arrays and whether to go backward, after Bound.take");
    if (self->code->running) {
        enter(self->code);
        return NULL;
    }
    Py_ssize_t given = PySequence_Fast_GET_SIZE(arguments[0]), taken = 0, all = self->lanes.inputs;
    PyObject **arrays = PySequence_Fast_ITEMS(arguments[0]);
    int good = given == all;
    for (; good && taken < all; taken++) good = fits(self, &self->taken[taken], arrays[taken]);
    int done = good && run_arrays(self, PyObject_IsTrue(arguments[1]));
    while (taken-- > 0) PyBuffer_Release(&self->taken[taken].array);
    if (PyErr_Occurred()) return NULL;
    if (!done) Py_RETURN_NONE;
    return PyFloat_FromDouble(
        self->lanes.reals->sum(self->lanes.roots, self->weight == 0.0 ? 0 : self->count, self->weight));
}

static PyMethodDef bound_methods[] = {
    {"value", bound_value, METH_NOARGS, "Compute the roots."},
    {"gradient", bound_gradient, METH_NOARGS, "Compute the roots, and overwrite the gradients of the first one."},
    {"take", bound_take, METH_VARARGS,
     "take(columns, weight): tell which arrays `run` takes: a list of pairs of the shape of a row and its slots.\n\n"
     "weight is that of each loss in their sum; 0 for no sum."},
    {"run", (PyCFunction)(void (*)(void))bound_run_arrays, METH_FASTCALL,
     "run(arrays, backward): do the same for these arrays, which need not be copied to the inputs before.\n\n"
     "It returns the sum of the weighted losses, or None for arrays that have not the very shape and type."},
    {0},
};

static PyType_Slot bound_slots[] = {
    {Py_tp_doc,
     "Bound(code, n, parameters, inputs, roots, *, gradient=None, input_gradient=None, seed=None, threads=1, "
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
    "autograd.compiler.native._native.Bound",      sizeof(Bound), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, bound_slots,
};
