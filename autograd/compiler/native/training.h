/* The training of a program: steps of an optimiser over batches of rows, for many epochs.
 *
 * A call makes steps for a slice of time, and the next one goes on where it ended. So Python answers signals between
 * two calls, where nothing is half done. A call that raises an error has made no step. */

#define SLICE 0.05 /* Seconds of a call. */

typedef struct {
    PyObject_HEAD
    Code *code, *update;
    struct lanes lanes;
    Py_buffer parameters, gradient, states;
    struct column *columns;
    Py_buffer *held; /* The arrays of the columns: numbers and slots in turn. */
    long rows, size; /* Of all batches, and of one. */
    long numbers;    /* Of the update for each step. */
    int shuffled;    /* The rows are read for each batch; else x has all of them, in their order. */
    void *memory;    /* Of x and the roots. */
    long start;      /* The first row of the next batch. */
    char ordered;    /* Whether the order is that of this epoch already. */
    double sum;      /* The loss of this epoch so far, as a part of the mean over all rows. */
    double *losses;  /* Of the epochs that this call has finished. */
    long finished, space;
} Training;

/* One call. */
struct slice {
    struct pause pause;
    Training *of;
    int64_t *order;
    uint32_t *generator; /* Of the order, or NULL if it stays as it is. */
    long most, steps;    /* Epochs and steps, at most. */
    const char *numbers; /* Of the update: a row for each step, the last one for all further steps. */
    long rows_of_numbers;
    double below;     /* An epoch with a smaller loss is the last one. */
    PyObject *answer; /* Called now and then in a first step that is long; it may raise an error. */
    PyThreadState *waiting;
    struct timespec begin;
    long batches; /* Steps that were made. */
    double loss;  /* That of the last batch. */
    double sum;   /* The loss of the epoch of the last step so far, as a part of the mean over all rows. */
    long rows;    /* The rows of that epoch so far. */
};

static void training_dealloc(PyObject *object) {
    Training *self = (Training *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_buffer *held[] = {&self->parameters, &self->gradient, &self->states};
    for (size_t k = 0; k < sizeof held / sizeof *held; k++) PyBuffer_Release(held[k]);
    for (Py_ssize_t k = 0; k < 2 * self->lanes.inputs; k++) PyBuffer_Release(&self->held[k]);
    PyMem_Free(self->held);
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

static int hold_column(struct column *column, Py_buffer *held, PyObject *pair, const struct reals *reals,
                       Py_ssize_t rows, Py_ssize_t width) {
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "a column is a pair of an array of rows and the slots of its leaves");
        return 0;
    }
    PyObject *numbers = PyTuple_GET_ITEM(pair, 0), *slots = PyTuple_GET_ITEM(pair, 1);
    if (!hold_places(&held[1], slots, "slots", -1, -1, width)) return 0;
    Py_ssize_t leaves = numbers_in(&held[1]);
    if (!hold_reals(&held[0], numbers, "a column", reals, rows * leaves, PyBUF_SIMPLE)) return 0;
    *column = (struct column){held[0].buf, held[1].buf, (long)leaves};
    return 1;
}

static int training_columns(Training *self, PyObject *columns, Py_ssize_t width) {
    PyObject *row = PySequence_Fast(columns, "columns is a sequence of pairs");
    if (row == NULL) return 0;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(row);
    self->columns = PyMem_Calloc((size_t)count + 1, sizeof *self->columns);
    self->held = PyMem_Calloc(2 * (size_t)count + 1, sizeof *self->held);
    int good = self->columns != NULL && self->held != NULL;
    if (!good) PyErr_NoMemory();
    for (Py_ssize_t k = 0; good && k < count; k++) {
        self->lanes.inputs = k + 1;
        good = hold_column(&self->columns[k], &self->held[2 * k], PySequence_Fast_GET_ITEM(row, k), self->code->reals,
                           self->rows, width);
    }
    Py_DECREF(row);
    return good;
}

static int training_arrays(Training *self, PyObject *const *arrays) {
    const struct reals *reals = self->code->reals;
    if (!hold_reals(&self->parameters, arrays[0], "parameters", reals, -1, PyBUF_WRITABLE) ||
        !hold_reals(&self->gradient, arrays[1], "gradient", reals, numbers_in(&self->parameters), PyBUF_WRITABLE) ||
        !hold_reals(&self->states, arrays[2], "states", reals, -1, PyBUF_WRITABLE))
        return 0;
    if (self->gradient.buf == NULL || numbers_in(&self->parameters) == 0) {
        PyErr_SetString(PyExc_TypeError, "a training needs parameters and a gradient");
        return 0;
    }
    if (numbers_in(&self->states) % numbers_in(&self->parameters) == 0) return 1;
    PyErr_Format(PyExc_ValueError, "states: %zd numbers make no rows of %zd", numbers_in(&self->states),
                 numbers_in(&self->parameters));
    return 0;
}

static long round_up(long count, const struct reals *reals) {
    long vector = 64 / (long)reals->size;
    return (count + vector - 1) / vector * vector;
}

/* Allocates x, the roots, the sums of blocks and the first losses. */
static int training_memory(Training *self, long width, long roots) {
    const struct reals *reals = self->code->reals;
    struct lanes *lanes = &self->lanes;
    lanes->code = &self->code->functions, lanes->reals = reals;
    lanes->p = self->parameters.buf, lanes->dp = self->gradient.buf;
    lanes->parameters = (long)numbers_in(&self->parameters);
    lanes->n = round_up(self->shuffled ? self->size : self->rows, reals);
    size_t row = (size_t)lanes->n * reals->size;
    char *x = aligned(row * (size_t)(width + roots), &self->memory);
    self->space = 64;
    self->losses = PyMem_RawMalloc((size_t)self->space * sizeof *self->losses);
    if (x == NULL || self->losses == NULL || !allocate_sums(lanes, self->size)) {
        PyErr_NoMemory();
        return 0;
    }
    lanes->x = x, lanes->roots = x + row * (size_t)width;
    lanes->columns = self->columns, lanes->chunk = chunk_of(reals->size, width);
    if (self->shuffled) return 1;
    gather(lanes, 0, self->rows, 0);
    lanes->columns = NULL; /* x has all rows from now on. */
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
    static char *names[] = {"code",     "update", "rows",    "size",     "width",   "roots", "columns", "parameters",
                            "gradient", "states", "numbers", "shuffled", "threads", "work",  NULL};
    PyObject *code, *update, *columns, *arrays[3] = {NULL, NULL, Py_None};
    long rows, size, width, roots, numbers = 0;
    int shuffled = 0, threads = 1;
    double each = 1.0;
    if (!PyArg_ParseTupleAndKeywords(args, options, "OOllllOOO|$Olpid:Training", names, &code, &update, &rows, &size,
                                     &width, &roots, &columns, &arrays[0], &arrays[1], &arrays[2], &numbers, &shuffled,
                                     &threads, &each))
        return NULL;
    if (rows < 1 || size < 1 || size > rows || width < 0 || roots < 1 || threads < 1 || numbers < 0)
        return PyErr_Format(PyExc_ValueError, "Training: a size, a number of threads or a place is out of range");
    Training *self = (Training *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->rows = rows, self->size = size, self->numbers = numbers, self->shuffled = shuffled;
    self->lanes.threads = threads, self->lanes.work = each;
    if (!training_codes(self, type, code, update) || !training_columns(self, columns, width) ||
        !training_arrays(self, arrays) || !training_memory(self, width, roots))
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

/* Computes the loss of the next batch and its gradient; 0 if that was ended, or if the loss isn't finite. */
static int differentiate(struct slice *slice, long count) {
    Training *self = slice->of;
    long first = self->shuffled ? 0 : self->start;
    if (slice->generator != NULL && !self->ordered) shuffle(slice->generator, slice->order, self->rows);
    self->ordered = 1;
    if (self->shuffled) self->lanes.order = slice->order + self->start;
    struct pause *pause = slice->answer == Py_None ? NULL : &slice->pause;
    double part = 1.0 / (double)count;
    if (!run_lanes(&self->lanes, first, first + count, 1, part, pause)) return 0;
    slice->loss = self->lanes.reals->sum(from_lane(&self->lanes, self->lanes.roots, first), count, part);
    return isfinite(slice->loss);
}

static void update_parameters(struct slice *slice) {
    Training *self = slice->of;
    long row = slice->batches < slice->rows_of_numbers ? slice->batches : slice->rows_of_numbers - 1;
    const void *numbers =
        self->numbers ? slice->numbers + (size_t)(row * self->numbers) * self->lanes.reals->size : NULL;
    self->lanes.reals->update(&self->update->functions, self->lanes.parameters, self->parameters.buf,
                              self->gradient.buf, self->states.buf, numbers);
}

/* Makes the step of the next batch; 0 if there is none. */
static int make_step(struct slice *slice) {
    Training *self = slice->of;
    long count = self->rows - self->start < self->size ? self->rows - self->start : self->size;
    if (!differentiate(slice, count)) return 0;
    self->sum += slice->loss * ((double)count / (double)self->rows);
    update_parameters(slice);
    self->start += count;
    slice->batches++;
    slice->sum = self->sum, slice->rows = self->start;
    return 1;
}

/* Keeps the loss of an epoch that is over; 0 if it is the last one. */
static int end_epoch(struct slice *slice) {
    Training *self = slice->of;
    double loss = self->losses[self->finished++] = self->sum;
    self->start = 0, self->ordered = 0, self->sum = 0.0;
    return !(loss < slice->below) && self->lanes.reals->all_finite(self->parameters.buf, self->lanes.parameters) &&
           self->finished < slice->most;
}

/* Whether there is space for the loss of one more epoch. */
static int has_space(Training *self) {
    if (self->finished < self->space) return 1;
    double *larger = PyMem_RawRealloc(self->losses, (size_t)self->space * 2 * sizeof *larger);
    if (larger == NULL) return 0;
    self->losses = larger, self->space *= 2;
    return 1;
}

/* Makes steps until all epochs are over, or the time is; it looks at the clock after 1, 2, 4 … steps. */
static void make_steps(struct slice *slice) {
    long gap = 1, due = 1;
    while (has_space(slice->of) && make_step(slice)) {
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
    double mean = slice->batches > 0 ? slice->sum * ((double)self->rows / (double)slice->rows) : slice->loss;
    return Py_BuildValue("Nld", losses, slice->batches, mean);
}

/* Holds the numbers of the update, a row or more. */
static int hold_numbers(const Training *self, Py_buffer *table, PyObject *numbers) {
    if (!hold_reals(table, numbers, "numbers", self->code->reals, -1, PyBUF_SIMPLE)) return 0;
    if (self->numbers == 0 || (numbers_in(table) > 0 && numbers_in(table) % self->numbers == 0)) return 1;
    PyErr_Format(PyExc_ValueError, "numbers: %zd numbers make no rows of %ld", numbers_in(table), self->numbers);
    return 0;
}

/* Holds the state of a generator, for an order that is changed. */
static int hold_generator(Py_buffer *state, PyObject *generator, const Py_buffer *order) {
    if (generator == Py_None) return 1;
    if (!hold(state, generator, "generator", "IL", 4, WORDS + 1, PyBUF_WRITABLE)) return 0;
    if (order->buf != NULL && !order->readonly && numbers_in(order) < UINT32_MAX) return 1;
    PyErr_SetString(PyExc_ValueError, "a generator shuffles an order that can be written");
    return 0;
}

static PyObject *native_shuffle(PyObject *Py_UNUSED(module), PyObject *args) {
    PyObject *order, *generator;
    Py_buffer places = {0}, state = {0};
    if (!PyArg_ParseTuple(args, "OO:shuffle", &order, &generator)) return NULL;
    int held = hold(&places, order, "order", "lq", 8, -1, PyBUF_WRITABLE) && hold_generator(&state, generator, &places);
    if (held && state.buf != NULL) shuffle(state.buf, places.buf, (long)numbers_in(&places));
    PyBuffer_Release(&places);
    PyBuffer_Release(&state);
    return held ? Py_NewRef(Py_None) : NULL;
}

static PyObject *training_run(PyObject *object, PyObject *args, PyObject *options) {
    static char *names[] = {"epochs", "numbers", "steps", "order", "generator", "below", "answer", NULL};
    Training *self = (Training *)object;
    struct slice slice = {.pause = {ask}, .of = self, .steps = LONG_MAX, .below = -HUGE_VAL, .answer = Py_None};
    PyObject *order = Py_None, *numbers = Py_None, *generator = Py_None;
    Py_buffer places = {0}, table = {0}, state = {0};
    if (!PyArg_ParseTupleAndKeywords(args, options, "l|$OlOOdO:run", names, &slice.most, &numbers, &slice.steps, &order,
                                     &generator, &slice.below, &slice.answer))
        return NULL;
    if (slice.most < 1 || slice.steps < 1 || (order == Py_None) == self->shuffled)
        return PyErr_Format(PyExc_ValueError,
                            "Training.run: an order is for shuffled rows, and epochs and steps are 1 or more");
    PyObject *found = NULL;
    if (hold_places(&places, order, "order", self->rows, 0, self->rows) && hold_numbers(self, &table, numbers) &&
        hold_generator(&state, generator, &places) && enter(self->code)) {
        slice.order = places.buf, slice.numbers = table.buf, slice.generator = state.buf;
        slice.rows_of_numbers = self->numbers ? (long)numbers_in(&table) / self->numbers : 1;
        found = run_slice(&slice);
        self->code->running = 0;
    }
    PyBuffer_Release(&places);
    PyBuffer_Release(&table);
    PyBuffer_Release(&state);
    return found;
}

static PyMemberDef training_members[] = {
    {"start", T_LONG, offsetof(Training, start), READONLY,
     "The first row of the next batch; 0 at the start of an epoch."},
    {"ordered", T_BOOL, offsetof(Training, ordered), READONLY,
     "Whether the next batch is of an order that was used before."},
    {0},
};

static PyMethodDef training_methods[] = {
    {"run", (PyCFunction)(void (*)(void))training_run, METH_VARARGS | METH_KEYWORDS,
     "run(epochs, *, numbers=None, steps=max, order=None, generator=None, below=-inf, answer=None): make steps.\n\n"
     "They are for at most so many epochs, and for a short while. It returns the losses of the epochs that are over, the\n"
     "number of steps, and the mean loss of the rows so far of the epoch. No step means that the loss of the next batch,\n"
     "which stands there then, isn't finite. An epoch is the last one if its loss is below the limit, or if a parameter\n"
     "isn't finite. order is the places of the rows in this epoch; with a generator, the state of a random.Random, it is\n"
     "shuffled before each epoch. numbers has a row for the update of each step; the last one is for all further steps.\n"
     "answer is called now and then in a first step that is long; if it raises an error, no step was made."},
    {0},
};

static PyType_Slot training_slots[] = {
    {Py_tp_doc,
     "Training(code, update, rows, size, width, roots, columns, parameters, gradient, *, states=None, "
     "numbers=0, shuffled=False, threads=1, work=1.0): steps of an optimiser.\n\n"
     "columns has a pair for each input: an array of rows, and the slots of the leaves of a row among the width "
     "slots of x; -1 for a leaf that is not read. The update takes so many numbers for each step."},
    {Py_tp_new, training_new},
    {Py_tp_dealloc, training_dealloc},
    {Py_tp_members, training_members},
    {Py_tp_methods, training_methods},
    {0},
};
static PyType_Spec training_spec = {
    "autograd.compiler.native._native.Training",   sizeof(Training), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, training_slots,
};
