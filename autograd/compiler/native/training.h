/* The training of a program: steps of an optimiser over batches of rows, for many epochs.
 *
 * A call makes steps for a slice of time, and the next one goes on where it ended. So Python answers signals between
 * two calls, where nothing is half done. A call that raises an error has made no step. */

#define SLICE 0.05 /* Seconds of a call. */

/* The rows of one input, (rows, leaves), and the slots of its leaves. */
struct column {
    Py_buffer numbers, slots;
};

typedef struct {
    PyObject_HEAD
    Code *code, *update;
    struct lanes lanes;
    Py_buffer parameters, gradient, states, numbers;
    struct column *columns;
    Py_ssize_t inputs;
    long rows, size;     /* Of all batches, and of one. */
    long counter;        /* The place of the number of steps among the numbers of the update, or -1. */
    int shuffled;        /* x has the rows of one batch; else all rows, in their order. */
    int filled;          /* Whether x has them. */
    void *memory;        /* Of x and the roots. */
    long start;          /* The first row of the next batch. */
    double sum;          /* The loss of this epoch so far, as a part of the mean over all rows. */
    double *losses;      /* Of the epochs that this call has finished. */
    long finished, room;
} Training;

/* One call. */
struct slice {
    struct pause pause;
    Training *of;
    const int64_t *order;
    long most, steps;    /* Epochs and steps, at most. */
    double below;        /* An epoch with a smaller loss is the last one. */
    PyObject *answer;    /* Called now and then in a first step that is long; it may raise an error. */
    PyThreadState *waiting;
    struct timespec begin;
    long batches;        /* Steps that were made. */
    double loss;         /* That of the last batch. */
    double mean;         /* Of the rows so far of the epoch of the last step. */
};

static void training_dealloc(PyObject *object) {
    Training *self = (Training *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_buffer *held[] = {&self->parameters, &self->gradient, &self->states, &self->numbers};
    for (size_t k = 0; k < sizeof held / sizeof *held; k++) PyBuffer_Release(held[k]);
    for (Py_ssize_t k = 0; k < self->inputs; k++) {
        PyBuffer_Release(&self->columns[k].numbers);
        PyBuffer_Release(&self->columns[k].slots);
    }
    PyMem_Free(self->columns);
    PyMem_RawFree(self->memory);
    PyMem_RawFree(self->losses);
    PyMem_RawFree(self->lanes.sums);
    Py_XDECREF(self->code);
    Py_XDECREF(self->update);
    type->tp_free(object);
    Py_DECREF(type);
}

/* ── what it is made of ── */

static int hold_column(struct column *column, PyObject *pair, const struct reals *reals, Py_ssize_t rows, Py_ssize_t width) {
    PyObject *numbers, *slots;
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "a column is a pair of an array of rows and the slots of its leaves");
        return 0;
    }
    numbers = PyTuple_GET_ITEM(pair, 0), slots = PyTuple_GET_ITEM(pair, 1);
    if (!hold_places(&column->slots, slots, "slots", -1, -1, width)) return 0;
    return hold_reals(&column->numbers, numbers, "a column", reals, rows * numbers_in(&column->slots), PyBUF_SIMPLE);
}

static int training_columns(Training *self, PyObject *columns, Py_ssize_t width) {
    PyObject *row = PySequence_Fast(columns, "columns is a sequence of pairs");
    if (row == NULL) return 0;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(row);
    self->columns = PyMem_Calloc((size_t)count + 1, sizeof *self->columns);
    if (self->columns == NULL) PyErr_NoMemory();
    int held = self->columns != NULL;
    for (; held && self->inputs < count; self->inputs++) {
        PyObject *pair = PySequence_Fast_GET_ITEM(row, self->inputs);
        held = hold_column(&self->columns[self->inputs], pair, self->code->reals, self->rows, width);
    }
    Py_DECREF(row);
    return held;
}

static int training_arrays(Training *self, PyObject *const *arrays) {
    const struct reals *reals = self->code->reals;
    if (!hold_reals(&self->parameters, arrays[0], "parameters", reals, -1, PyBUF_WRITABLE) ||
        !hold_reals(&self->gradient, arrays[1], "gradient", reals, numbers_in(&self->parameters), PyBUF_WRITABLE) ||
        !hold_reals(&self->states, arrays[2], "states", reals, -1, PyBUF_WRITABLE) ||
        !hold_reals(&self->numbers, arrays[3], "numbers", reals, -1, PyBUF_WRITABLE))
        return 0;
    if (self->gradient.buf == NULL || numbers_in(&self->parameters) == 0) {
        PyErr_SetString(PyExc_TypeError, "a training needs parameters and a gradient");
        return 0;
    }
    if (numbers_in(&self->states) % numbers_in(&self->parameters)) {
        PyErr_Format(PyExc_ValueError, "states: %zd numbers make no rows of %zd", numbers_in(&self->states),
                     numbers_in(&self->parameters));
        return 0;
    }
    if (self->counter < numbers_in(&self->numbers)) return 1;
    PyErr_Format(PyExc_IndexError, "the counter is not among the %zd numbers", numbers_in(&self->numbers));
    return 0;
}

/* Takes room for x, the roots, the sums of blocks and a first loss. */
static int training_room(Training *self, long width, long roots) {
    const struct reals *reals = self->code->reals;
    long lanes = self->shuffled ? self->size : self->rows, vector = 64 / (long)reals->size;
    self->lanes = (struct lanes){.code = &self->code->functions, .reals = reals, .p = self->parameters.buf,
                                 .dp = self->gradient.buf, .parameters = (long)numbers_in(&self->parameters),
                                 .n = (lanes + vector - 1) / vector * vector, .work = self->lanes.work,
                                 .threads = self->lanes.threads};
    size_t row = (size_t)self->lanes.n * reals->size;
    char *x = aligned(row * (size_t)(width + roots), &self->memory);
    self->room = 64;
    self->losses = PyMem_RawMalloc((size_t)self->room * sizeof *self->losses);
    if (x == NULL || self->losses == NULL || !make_room(&self->lanes, self->size)) {
        PyErr_NoMemory();
        return 0;
    }
    self->lanes.x = x, self->lanes.roots = x + row * (size_t)width;
    return 1;
}

static int training_codes(Training *self, PyTypeObject *type, PyObject *code, PyObject *update) {
    PyTypeObject *of = state_of_type(type)->code;
    self->code = (Code *)Py_XNewRef(code_of(code, of, its_gradient, "gradient"));
    if (self->code == NULL) return 0;
    self->update = (Code *)Py_XNewRef(code_of(update, of, its_update, "update"));
    if (self->update == NULL) return 0;
    if (self->code->reals == self->update->reals) return 1;
    PyErr_SetString(PyExc_ValueError, "the program and the update compute with numbers of different kinds");
    return 0;
}

static PyObject *training_new(PyTypeObject *type, PyObject *args, PyObject *options) {
    static char *names[] = {"code", "update", "rows", "size", "width", "roots", "columns", "parameters", "gradient", "states",
                            "numbers", "counter", "shuffled", "threads", "work", NULL};
    PyObject *code, *update, *columns, *arrays[4] = {NULL, NULL, Py_None, Py_None};
    long rows, size, width, roots, counter = -1;
    int shuffled = 0, threads = 1;
    double each = 1.0;
    if (!PyArg_ParseTupleAndKeywords(args, options, "OOllllOOO|$OOlpid:Training", names, &code, &update, &rows, &size, &width,
                                     &roots, &columns, &arrays[0], &arrays[1], &arrays[2], &arrays[3], &counter, &shuffled,
                                     &threads, &each))
        return NULL;
    if (rows < 1 || size < 1 || size > rows || width < 0 || roots < 1 || threads < 1 || counter < -1)
        return PyErr_Format(PyExc_ValueError, "Training: a size, a number of threads or a place is out of range");
    Training *self = (Training *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->rows = rows, self->size = size, self->counter = counter, self->shuffled = shuffled;
    self->lanes.threads = threads, self->lanes.work = each;
    if (!training_codes(self, type, code, update) || !training_columns(self, columns, width) ||
        !training_arrays(self, arrays) || !training_room(self, width, roots))
        Py_CLEAR(self);
    return (PyObject *)self;
}

/* ── time ── */

static double seconds_since(const struct timespec *begin) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    double seconds = (double)(now.tv_sec - begin->tv_sec) + 1e-9 * (double)(now.tv_nsec - begin->tv_nsec);
    return seconds < 0.0 ? SLICE : seconds; /* Somebody has set the clock back. */
}

/* Lets Python answer a signal in a step that is long; 1 if it raises an error. */
static int ask(struct pause *pause) {
    struct slice *slice = (struct slice *)pause;
    if (slice->batches > 0 || seconds_since(&slice->begin) < SLICE) return 0;
    if (slice->waiting != NULL) PyEval_RestoreThread(slice->waiting);
    PyObject *nothing = PyObject_CallNoArgs(slice->answer);
    Py_XDECREF(nothing);
    if (slice->waiting != NULL) slice->waiting = PyEval_SaveThread();
    timespec_get(&slice->begin, TIME_UTC);
    return nothing == NULL;
}

/* ── steps ── */

/* Puts the rows of a batch into x, or all rows; returns the lane of the first one. */
static long fill(Training *self, const int64_t *order, long count) {
    if (self->filled) return self->start;
    self->filled = !self->shuffled;
    if (self->filled) count = self->rows;
    for (Py_ssize_t k = 0; k < self->inputs; k++) {
        struct column *column = &self->columns[k];
        self->lanes.reals->gather((void *)self->lanes.x, self->lanes.n, column->numbers.buf, (long)numbers_in(&column->slots),
                                  column->slots.buf, order == NULL ? NULL : order + self->start, count);
    }
    return self->shuffled ? 0 : self->start;
}

/* Computes the loss of the next batch and its gradient; 0 if that was ended, or if the loss isn't finite. */
static int differentiate(struct slice *slice, long count) {
    Training *self = slice->of;
    long first = fill(self, slice->order, count);
    struct pause *pause = slice->answer == Py_None ? NULL : &slice->pause;
    if (!run_lanes(&self->lanes, first, first + count, 1, 1.0 / (double)count, pause)) return 0;
    slice->loss = self->lanes.reals->mean((char *)self->lanes.roots + (size_t)first * self->lanes.reals->size, count);
    return isfinite(slice->loss);
}

/* Makes the step of the next batch; 0 if there is none. */
static int make_step(struct slice *slice) {
    Training *self = slice->of;
    const struct reals *reals = self->lanes.reals;
    long count = self->rows - self->start < self->size ? self->rows - self->start : self->size;
    if (!differentiate(slice, count)) return 0;
    self->sum += slice->loss * ((double)count / (double)self->rows);
    reals->update(&self->update->functions, self->lanes.parameters, self->parameters.buf, self->gradient.buf,
                  self->states.buf, self->numbers.buf);
    if (self->counter >= 0) reals->count_up(self->numbers.buf, self->counter);
    self->start += count;
    slice->batches++;
    slice->mean = self->sum * ((double)self->rows / (double)self->start);
    return 1;
}

/* Keeps the loss of an epoch that is over; 0 if it is the last one. */
static int end_epoch(struct slice *slice) {
    Training *self = slice->of;
    double loss = self->losses[self->finished++] = self->sum;
    self->start = 0, self->sum = 0.0;
    return !(loss < slice->below) && self->lanes.reals->all_finite(self->parameters.buf, self->lanes.parameters) &&
           self->finished < slice->most;
}

/* Room for the loss of one more epoch. */
static int has_room(Training *self) {
    if (self->finished < self->room) return 1;
    double *larger = PyMem_RawRealloc(self->losses, (size_t)self->room * 2 * sizeof *larger);
    if (larger == NULL) return 0;
    self->losses = larger, self->room *= 2;
    return 1;
}

/* Makes steps until all epochs are over, or the time is; it looks at the clock after 1, 2, 4 … steps. */
static void make_steps(struct slice *slice) {
    long gap = 1, due = 1;
    while (has_room(slice->of) && make_step(slice)) {
        if (slice->of->start == slice->of->rows && !end_epoch(slice)) return;
        if (slice->batches == slice->steps) return;
        if (slice->batches < due) continue;
        double seconds = seconds_since(&slice->begin);
        if (seconds >= SLICE) return;
        if (seconds < SLICE / 8.0) gap *= 2;
        due += gap;
    }
}

static PyObject *losses_of(const Training *self) {
    PyObject *row = PyList_New(self->finished);
    for (long k = 0; row != NULL && k < self->finished; k++) {
        PyObject *loss = PyFloat_FromDouble(self->losses[k]);
        PyList_SET_ITEM(row, k, loss);
        if (loss == NULL) Py_CLEAR(row);
    }
    return row;
}

static PyObject *run_slice(struct slice *slice) {
    Training *self = slice->of;
    self->finished = 0;
    timespec_get(&slice->begin, TIME_UTC);
    slice->waiting = is_long(self->lanes.work * (double)self->rows * (double)slice->most) ? PyEval_SaveThread() : NULL;
    make_steps(slice);
    if (slice->waiting != NULL) PyEval_RestoreThread(slice->waiting);
    if (PyErr_Occurred()) return NULL;
    PyObject *losses = losses_of(self);
    if (losses == NULL) return NULL;
    return Py_BuildValue("Nld", losses, slice->batches, slice->batches > 0 ? slice->mean : slice->loss);
}

static PyObject *training_run(PyObject *object, PyObject *args, PyObject *options) {
    static char *names[] = {"epochs", "steps", "order", "below", "answer", NULL};
    Training *self = (Training *)object;
    struct slice slice = {.pause = {ask}, .of = self, .steps = LONG_MAX, .below = -HUGE_VAL, .answer = Py_None};
    PyObject *order = Py_None;
    Py_buffer places = {0};
    if (!PyArg_ParseTupleAndKeywords(args, options, "l|$lOdO:run", names, &slice.most, &slice.steps, &order, &slice.below,
                                     &slice.answer))
        return NULL;
    if (slice.most < 1 || slice.steps < 1 || (order == Py_None) == self->shuffled)
        return PyErr_Format(PyExc_ValueError,
                            "Training.run: an order is for shuffled rows, and epochs and steps are 1 or more");
    PyObject *found = NULL;
    if (hold_places(&places, order, "order", self->rows, 0, self->rows) && enter(self->code)) {
        slice.order = places.buf;
        found = run_slice(&slice);
        self->code->running = 0;
    }
    PyBuffer_Release(&places);
    return found;
}

static PyMemberDef training_members[] = {
    {"start", T_LONG, offsetof(Training, start), READONLY, "The first row of the next batch; 0 at the start of an epoch."},
    {0},
};

static PyMethodDef training_methods[] = {
    {"run", (PyCFunction)(void (*)(void))training_run, METH_VARARGS | METH_KEYWORDS,
     "run(epochs, *, steps=max, order=None, below=-inf, answer=None): make steps, for at most so many epochs and for a "
     "short while.\n\n"
     "It returns the losses of the epochs that are over, the number of steps, and the mean loss of the rows so far of the "
     "epoch. No step means that the loss of the next batch, which stands there then, isn't finite. An epoch is the last "
     "one if its loss is below the limit or if a parameter isn't finite. order is the places of the rows in this epoch. "
     "answer is called now and then in a first step that is long; if it raises an error, no step was made."},
    {0},
};

static PyType_Slot training_slots[] = {
    {Py_tp_doc, "Training(code, update, rows, size, width, roots, columns, parameters, gradient, *, states=None, "
                "numbers=None, counter=-1, shuffled=False, threads=1, work=1.0): steps of an optimiser.\n\n"
                "columns has a pair for each input: an array of rows, and the slots of the leaves of a row among the width "
                "slots of x; -1 for a leaf that is not read."},
    {Py_tp_new, training_new},
    {Py_tp_dealloc, training_dealloc},
    {Py_tp_members, training_members},
    {Py_tp_methods, training_methods},
    {0},
};
static PyType_Spec training_spec = {
    "autograd.compiler.native._native.Training", sizeof(Training), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    training_slots,
};
