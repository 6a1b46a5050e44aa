/* What the types of glue.c share: the functions of a program as an object, and arrays of Python as buffers. */

/* A program: its functions, and what they live in. */
typedef struct {
    PyObject_HEAD
    struct program functions;
    const struct reals *reals;
    PyObject *capsule; /* Of the part of this extension that the functions are of, or NULL. */
    void *library;     /* The shared object that they are in, or NULL. */
    int running;       /* Whether some thread is inside, which may have let another one run. */
} Code;

#ifdef _WIN32
#include <windows.h>

static void *opened(PyObject *path) {
    wchar_t *text = PyUnicode_AsWideCharString(path, NULL);
    if (text == NULL) return NULL;
    void *library = LoadLibraryW(text);
    PyMem_Free(text);
    if (library == NULL) PyErr_SetFromWindowsErrWithFilename(0, PyUnicode_AsUTF8(path));
    return library;
}

static void *symbol(void *library, const char *name) { return (void *)GetProcAddress(library, name); }
static void closed(void *library) { FreeLibrary(library); }
#else
#include <dlfcn.h>

static void *opened(PyObject *path) {
    PyObject *bytes = NULL;
    if (!PyUnicode_FSConverter(path, &bytes)) return NULL;
    void *library = dlopen(PyBytes_AS_STRING(bytes), RTLD_NOW | RTLD_LOCAL);
    Py_DECREF(bytes);
    if (library == NULL) PyErr_Format(PyExc_OSError, "this shared object can't be loaded: %s", dlerror());
    return library;
}

static void *symbol(void *library, const char *name) { return dlsym(library, name); }
static void closed(void *library) { dlclose(library); }
#endif

static const struct reals *reals_named(const char *dtype) {
    if (strcmp(dtype, "float64") == 0) return &reals_double;
    if (strcmp(dtype, "float32") == 0) return &reals_float;
    PyErr_Format(PyExc_ValueError, "a native program is of float64 or float32, not %.100s", dtype);
    return NULL;
}

/* The functions that are in a shared object; 0 if it has none, or can't be loaded. */
static int read_library(Code *self, PyObject *path) {
    self->library = opened(path);
    if (self->library == NULL) return 0;
    self->functions.value = symbol(self->library, "program_value");
    self->functions.gradient = symbol(self->library, "program_gradient");
    self->functions.update = symbol(self->library, "program_update");
    if (self->functions.value != NULL || self->functions.gradient != NULL || self->functions.update != NULL) return 1;
    PyErr_Format(PyExc_ValueError, "%R has none of program_value, program_gradient and program_update", path);
    return 0;
}

static int read_capsule(Code *self, PyObject *capsule) {
    const struct program *found = PyCapsule_GetPointer(capsule, PROGRAM_CAPSULE);
    if (found == NULL) return 0;
    self->functions = *found;
    self->capsule = Py_NewRef(capsule);
    return 1;
}

static PyObject *code_new(PyTypeObject *type, PyObject *args, PyObject *options) {
    static char *names[] = {"source", "dtype", NULL};
    PyObject *source;
    const char *dtype = "float64";
    if (!PyArg_ParseTupleAndKeywords(args, options, "O|s:Code", names, &source, &dtype)) return NULL;
    const struct reals *reals = reals_named(dtype);
    Code *self = reals == NULL ? NULL : (Code *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->reals = reals;
    if (!(PyCapsule_CheckExact(source) ? read_capsule(self, source) : read_library(self, source))) Py_CLEAR(self);
    return (PyObject *)self;
}

static void code_dealloc(PyObject *object) {
    Code *self = (Code *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_XDECREF(self->capsule);
    if (self->library != NULL) closed(self->library);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyObject *code_has(PyObject *object, void *member) {
    return PyBool_FromLong(*(void **)((char *)object + (size_t)member) != NULL);
}

static PyGetSetDef code_attributes[] = {
    {"has_value", code_has, NULL, "Whether it computes roots.", (void *)offsetof(Code, functions.value)},
    {"has_gradient", code_has, NULL, "Whether it computes gradients.", (void *)offsetof(Code, functions.gradient)},
    {"has_update", code_has, NULL, "Whether it changes parameters.", (void *)offsetof(Code, functions.update)},
    {0},
};

static PyType_Slot code_slots[] = {
    {Py_tp_doc, "Code(source, dtype='float64'): the functions of a program, from a shared object or of the machine."},
    {Py_tp_new, code_new},
    {Py_tp_dealloc, code_dealloc},
    {Py_tp_getset, code_attributes},
    {0},
};
static PyType_Spec code_spec = {
    "autograd.compiler.native._native.Code", sizeof(Code), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, code_slots,
};

/* The code that an argument is, with the function that is needed; NULL with an error for anything else. */
static Code *code_of(PyObject *object, PyTypeObject *type, void *(*needed)(const Code *), const char *name) {
    if (!PyObject_TypeCheck(object, type)) {
        PyErr_Format(PyExc_TypeError, "a Code is needed, not %.100s", Py_TYPE(object)->tp_name);
        return NULL;
    }
    if (needed((Code *)object) != NULL) return (Code *)object;
    PyErr_Format(PyExc_ValueError, "the program has no function program_%s", name);
    return NULL;
}

static void *its_value(const Code *code) { return code->functions.value; }
static void *its_gradient(const Code *code) { return code->functions.gradient; }
static void *its_update(const Code *code) { return code->functions.update; }

/* Marks that a thread is inside; 0 with an error if another one is. */
static int enter(Code *code) {
    if (!code->running) return code->running = 1;
    PyErr_SetString(PyExc_RuntimeError,
                    "this program is running in another thread, or in a call that has not ended; a "
                    "program is for one thread at a time, so give each a copy: copy.deepcopy(program)");
    return 0;
}

/* ── arrays ── */

/* An array whose memory stays in place as long as the buffer is held; 0 with an error for one that doesn't fit.
 * formats are the letters of the struct module for its numbers, count is how many there are, or -1 for any. None gives
 * a NULL. */
static int hold(Py_buffer *view, PyObject *array, const char *what, const char *formats, Py_ssize_t size,
                Py_ssize_t count, int flags) {
    if (array == Py_None) return 1;
    if (PyObject_GetBuffer(array, view, flags | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) return 0;
    const char *given = view->format == NULL ? "B" : view->format;
    if (view->itemsize != size || strlen(given) != 1 || strchr(formats, given[0]) == NULL) {
        PyErr_Format(PyExc_TypeError, "%s: an array of the kind %c is needed, not %.100s", what, formats[0], given);
        return 0;
    }
    if (count < 0 || view->len == count * size) return 1;
    PyErr_Format(PyExc_ValueError, "%s: an array of %zd numbers is needed, not of %zd", what, count, view->len / size);
    return 0;
}

static int hold_reals(Py_buffer *view, PyObject *array, const char *what, const struct reals *reals, Py_ssize_t count,
                      int flags) {
    return hold(view, array, what, reals->format, (Py_ssize_t)reals->size, count, flags);
}

static Py_ssize_t numbers_in(const Py_buffer *view) { return view->itemsize ? view->len / view->itemsize : 0; }

/* Holds an array of places of so many, each at least `least`; 64-bit whole numbers. */
static int hold_places(Py_buffer *view, PyObject *array, const char *what, Py_ssize_t count, int least,
                       Py_ssize_t below) {
    if (!hold(view, array, what, "lq", 8, count, PyBUF_SIMPLE)) return 0;
    const int64_t *places = view->buf;
    for (Py_ssize_t i = 0, n = numbers_in(view); i < n; i++)
        if (places[i] < least || places[i] >= below) {
            PyErr_Format(PyExc_IndexError, "%s: %lld is not from %d to before %zd", what, (long long)places[i], least,
                         below);
            return 0;
        }
    return 1;
}
