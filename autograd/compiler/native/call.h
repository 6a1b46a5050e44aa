/* A program of one example, called with floats. */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    Code *code;
    PyObject *other; /* Called where an argument is no float, or their number is another one. */
    Py_buffer slots, parameters;
    int64_t count, width, roots;
    int backward;
    double *x, *values, *slopes; /* The inputs, the roots and the gradient, each of one lane. */
    void *memory;
} Call;

static PyObject *call_floats(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *names);

static int call_traverse(PyObject *object, visitproc visit, void *arg) {
    Call *self = (Call *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->code);
    Py_VISIT(self->other);
    return 0;
}

static int call_clear(PyObject *object) {
    Py_CLEAR(((Call *)object)->other);
    return 0;
}

static void call_dealloc(PyObject *object) {
    Call *self = (Call *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    call_clear(object);
    PyBuffer_Release(&self->slots);
    PyBuffer_Release(&self->parameters);
    PyMem_RawFree(self->memory);
    Py_XDECREF(self->code);
    type->tp_free(object);
    Py_DECREF(type);
}

/* Allocates the numbers of one lane. An input without a slot is written behind the others, and its gradient is
 * read there. */
static int call_memory(Call *self) {
    size_t each = (size_t)(self->width + 1);
    self->x = aligned((2 * each + (size_t)self->roots) * sizeof(double), &self->memory);
    if (self->x == NULL) return 0;
    self->slopes = self->x + each;
    self->values = self->slopes + each;
    return 1;
}

static int call_hold(Call *self, PyObject *slots, PyObject *parameters) {
    if (self->code->reals != &reals_double) {
        PyErr_SetString(PyExc_ValueError, "a program of float32 isn't called with floats");
        return 0;
    }
    if (!hold_places(&self->slots, slots, "slots", -1, -1, self->width) ||
        !hold_reals(&self->parameters, parameters, "parameters", self->code->reals, -1, PyBUF_SIMPLE))
        return 0;
    self->count = numbers_in(&self->slots);
    if (call_memory(self)) return 1;
    PyErr_NoMemory();
    return 0;
}

static PyObject *call_new(PyTypeObject *type, PyObject *args, PyObject *options) {
    static char *names[] = {"code", "slots", "width", "roots", "other", "parameters", "gradient", NULL};
    PyObject *code, *slots, *other, *parameters = Py_None;
    long width, roots;
    int backward = 1;
    if (!PyArg_ParseTupleAndKeywords(args, options, "OOllO|$Op:Call", names, &code, &slots, &width, &roots, &other,
                                     &parameters, &backward))
        return NULL;
    if (width < 0 || roots < 1)
        return PyErr_Format(PyExc_ValueError, "Call: a width from 0 and roots from 1 are needed");
    Call *self = (Call *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->vectorcall = call_floats;
    self->width = width, self->roots = roots, self->backward = backward, self->other = Py_NewRef(other);
    void *(*needed)(const Code *) = backward ? its_gradient : its_value;
    self->code = (Code *)Py_XNewRef(code_of(code, state_of_type(type)->code, needed, backward ? "gradient" : "value"));
    if (self->code == NULL || !call_hold(self, slots, parameters)) Py_CLEAR(self);
    return (PyObject *)self;
}

static double *place_of(const Call *self, double *row, Py_ssize_t i) {
    int64_t slot = ((const int64_t *)self->slots.buf)[i];
    return row + (slot < 0 ? self->width : slot);
}

/* Reads the arguments into x; 0 if one is no float. */
static int read_floats(Call *self, PyObject *const *arguments) {
    for (Py_ssize_t i = 0; i < self->count; i++) {
        if (!PyFloat_CheckExact(arguments[i])) return 0;
        *place_of(self, self->x, i) = PyFloat_AS_DOUBLE(arguments[i]);
    }
    return 1;
}

/* The gradient: a float for one input, else a tuple. */
static PyObject *slopes_of(Call *self) {
    if (self->count == 1) return PyFloat_FromDouble(*place_of(self, self->slopes, 0));
    PyObject *row = PyTuple_New(self->count);
    if (row == NULL) return NULL;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        PyObject *slope = PyFloat_FromDouble(*place_of(self, self->slopes, i));
        if (slope == NULL) {
            Py_DECREF(row);
            return NULL;
        }
        PyTuple_SET_ITEM(row, i, slope);
    }
    return row;
}

static PyObject *value_and_slopes(Call *self) {
    PyObject *pair = PyTuple_New(2);
    if (pair == NULL) return NULL;
    PyObject *value = PyFloat_FromDouble(self->values[0]), *slopes = slopes_of(self);
    PyTuple_SET_ITEM(pair, 0, value);
    PyTuple_SET_ITEM(pair, 1, slopes);
    if (value == NULL || slopes == NULL) Py_CLEAR(pair);
    return pair;
}

static PyObject *call_floats(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *names) {
    Call *self = (Call *)object;
    if (names != NULL || PyVectorcall_NARGS(flags) != self->count || !read_floats(self, arguments))
        return PyObject_Vectorcall(self->other, arguments, flags, names);
    const struct program *program = &self->code->functions;
    if (!self->backward) {
        ((value_double *)program->value)(program->self, 0, 1, 1, self->parameters.buf, self->x, self->values);
        return PyFloat_FromDouble(self->values[0]);
    }
    ((gradient_double *)program->gradient)(program->self, 0, 1, 1, self->parameters.buf, self->x, 1.0, self->values,
                                           NULL, self->slopes);
    return value_and_slopes(self);
}

static PyMemberDef call_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Call, vectorcall), READONLY, NULL},
    {0},
};

static PyType_Slot call_slots[] = {
    {Py_tp_doc,
     "Call(code, slots, width, roots, other, *, parameters=None, gradient=True): a function of floats.\n\n"
     "It returns the first root, with gradient=True also its gradient by the inputs, a tuple of floats or, for "
     "one input, a float. With other arguments, `other` is called."},
    {Py_tp_new, call_new},
    {Py_tp_dealloc, call_dealloc},
    {Py_tp_traverse, call_traverse},
    {Py_tp_clear, call_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, call_members},
    {0},
};
static PyType_Spec call_spec = {
    "autograd.compiler.native._native.Call",
    sizeof(Call),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE,
    call_slots,
};
