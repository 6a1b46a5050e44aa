/* A program over all its lanes: in blocks, on several threads, with a pause now and then in long work.
 *
 * The blocks depend on the number of lanes alone. Each has a sum dp of its own, and these are added in their order: the
 * result is the same, bit for bit, however many threads there are and whichever is ready first. */

enum { LEAST = 1024, BLOCKS = 64, TILE = 8 };
#define CHUNK ((size_t)1 << 16) /* Bytes of the inputs of the lanes whose rows are read together. */
#define SUMS ((size_t)1 << 26)  /* Bytes of the sums of all blocks, at most. */
#define PER_THREAD 4e6          /* Operations on one lane that make the start of a thread worth while. */

#ifdef _MSC_VER
#include <intrin.h>
typedef volatile long shared;
#define TAKE(counter) (_InterlockedIncrement(counter) - 1)
#else
#include <stdatomic.h>
typedef atomic_long shared;
#define TAKE(counter) atomic_fetch_add(counter, 1)
#endif

/* The rows of one input, (rows, leaves), and the slots of its leaves. */
struct column {
    const void *numbers;
    const int64_t *slots;
    long leaves;
};

/* Loops over one kind of numbers; reals.h has them. */
struct reals {
    size_t size;
    const char *format;
    void (*value)(const struct program *, long, long, long, const void *, const void *, void *);
    void (*gradient)(const struct program *, long, long, long, const void *, const void *, double, void *, void *,
                     void *);
    void (*update)(const struct program *, long, void *, const void *, void *, const void *);
    double (*number)(const void *);
    double (*sum)(const void *, long, double);
    int (*all_finite)(const void *, long);
    void (*add)(void *, const void *, long);
    void (*gather)(void *, long, const struct column *, const int64_t *, long, long);
};

#define JOINED(word, type) word##_##type
#define OF_TYPE(word, type) JOINED(word, type)
#define NAME(word) OF_TYPE(word, REAL)

#define REAL double
#define FORMAT "d"
#include "reals.h"
#undef REAL
#undef FORMAT
#define REAL float
#define FORMAT "f"
#include "reals.h"
#undef REAL
#undef FORMAT

/* A program with its arrays. With columns, x is a place to put their rows into, those of some lanes at a time; order is
 * the places of the rows, or NULL. */
struct lanes {
    const struct program *code;
    const struct reals *reals;
    const void *p;
    void *x, *roots, *dp, *dx;
    const struct column *columns;
    Py_ssize_t inputs;
    const int64_t *order;
    long chunk; /* The lanes whose rows are read together. */
    long n, parameters;
    double work; /* Operations on one lane. */
    int threads;
    void *sums; /* The sums of blocks, or NULL if there is never more than one block. */
};

/* Something that long work asks between two blocks; it ends the work by an answer that isn't 0. */
struct pause {
    int (*ask)(struct pause *);
};

static void *aligned(size_t bytes, void **whole) {
    *whole = PyMem_RawCalloc(bytes + 64, 1);
    return *whole == NULL ? NULL : (void *)(((uintptr_t)*whole + 63) & ~(uintptr_t)63);
}

static size_t bytes_of_sum(const struct lanes *of) { return (size_t)of->parameters * of->reals->size; }

static long blocks_of(const struct lanes *of, long count) {
    size_t sum = of->dp == NULL ? 0 : bytes_of_sum(of);
    long most = sum * BLOCKS > SUMS ? (long)(SUMS / sum) : BLOCKS, blocks = count / LEAST;
    return blocks < 1 || most < 1 ? 1 : blocks < most ? blocks : most;
}

/* The first lane of a block, of count lanes in all; blocks are whole vectors, whatever the processor has. */
static long start_of(long count, long blocks, long block) {
    return block == blocks ? count : (long)((double)count / (double)blocks * (double)block) / 16 * 16;
}

/* Allocates the sums that the work on so many lanes needs; 0 if there is no memory. */
static int allocate_sums(struct lanes *of, long most) {
    long blocks = of->dp == NULL ? 1 : blocks_of(of, most);
    if (blocks == 1) return 1;
    of->sums = PyMem_RawMalloc(bytes_of_sum(of) * (size_t)(of->threads > 1 ? blocks : 1));
    return of->sums != NULL;
}

/* One pass over some lanes, shared by several threads. */
struct job {
    struct lanes *of;
    long first, count, blocks;
    int threads, backward;
    double seed;
    struct pause *pause;
    shared taken, stopped; /* The blocks that a thread has taken, and whether the pause ended the job. */
};

/* An array from a lane on. */
static void *from_lane(const struct lanes *of, void *array, long lane) {
    return array == NULL ? NULL : (char *)array + (size_t)lane * of->reals->size;
}

static void run_program(struct lanes *of, long first, long stop, int backward, double seed, void *dp) {
    if (backward)
        of->reals->gradient(of->code, first, stop, of->n, of->p, of->x, seed, of->roots, dp, of->dx);
    else
        of->reals->value(of->code, first, stop, of->n, of->p, of->x, of->roots);
}

/* Puts the rows of some lanes into x, from a lane of x on. */
static void gather(const struct lanes *of, long first, long count, long lane) {
    for (Py_ssize_t k = 0; k < of->inputs; k++) {
        const struct column *column = &of->columns[k];
        of->reals->gather(from_lane(of, of->x, lane), of->n, column, of->order, first, count);
    }
}

/* The lanes whose rows are read together, so that they stay in the cache. */
static long chunk_of(size_t size, long width) {
    size_t lanes = CHUNK / (size * (size_t)(width > 0 ? width : 1)) / 16 * 16;
    return lanes < 64 ? 64 : (long)lanes;
}

/* The same for lanes whose rows are read now. The rows always come to the same lanes of x. */
static void run_chunks(struct lanes *of, long first, long stop, int backward, double seed, void *dp) {
    for (long start = first; start < stop; start += of->chunk) {
        long count = stop - start < of->chunk ? stop - start : of->chunk;
        struct lanes chunk = *of;
        gather(of, start, count, first);
        chunk.x = from_lane(of, of->x, first);
        chunk.roots = from_lane(of, of->roots, start);
        chunk.dx = from_lane(of, of->dx, start);
        run_program(&chunk, 0, count, backward, seed, dp);
    }
}

static void run_block(struct lanes *of, long first, long stop, int backward, double seed, void *dp) {
    if (backward && dp != NULL) memset(dp, 0, bytes_of_sum(of));
    (of->columns == NULL ? run_program : run_chunks)(of, first, stop, backward, seed, dp);
}

/* The sum dp of a block: the first one is the result itself. */
static void *sum_of(const struct job *job, long block) {
    struct lanes *of = job->of;
    if (of->dp == NULL || block == 0) return of->dp;
    return (char *)of->sums + bytes_of_sum(of) * (size_t)(job->threads > 1 ? block : 0);
}

/* The blocks of one thread: the next one whenever it is ready, for another one may have less of the processor. Only the
 * thread of the caller asks. */
static void run_share(struct job *job, int asks) {
    struct lanes *of = job->of;
    for (long block; !job->stopped && (block = TAKE(&job->taken)) < job->blocks;) {
        void *dp = sum_of(job, block);
        long first = job->first + start_of(job->count, job->blocks, block);
        long stop = job->first + start_of(job->count, job->blocks, block + 1);
        run_block(of, first, stop, job->backward, job->seed, dp);
        if (job->threads == 1 && dp != NULL && block > 0) of->reals->add(of->dp, dp, of->parameters);
        if (asks && job->pause != NULL && job->taken < job->blocks && job->pause->ask(job->pause)) job->stopped = 1;
    }
}

struct worker {
    struct job *job;
    PyThread_type_lock done;
};

static void work(void *given) {
    struct worker *worker = given;
    run_share(worker->job, 0);
    PyThread_release_lock(worker->done);
}

/* Starts a thread; 0 if there can't be one more. */
static int started(struct worker *worker) {
    worker->done = PyThread_allocate_lock();
    if (worker->done == NULL) return 0;
    PyThread_acquire_lock(worker->done, WAIT_LOCK);
    if (PyThread_start_new_thread(work, worker) != PYTHREAD_INVALID_THREAD_ID) return 1;
    PyThread_release_lock(worker->done);
    PyThread_free_lock(worker->done);
    return 0;
}

static void run_on_threads(struct job *job) {
    struct worker workers[BLOCKS];
    int running = 1;
    for (; running < job->threads; running++) {
        workers[running] = (struct worker){job, NULL};
        if (!started(&workers[running])) break;
    }
    run_share(job, 1);
    for (int k = 1; k < running; k++) {
        PyThread_acquire_lock(workers[k].done, WAIT_LOCK);
        PyThread_release_lock(workers[k].done);
        PyThread_free_lock(workers[k].done);
    }
}

static int threads_for(const struct lanes *of, long count, long blocks) {
    double most = of->work * (double)count / PER_THREAD;
    int threads = of->threads < blocks ? of->threads : (int)blocks;
    return most < 2.0 ? 1 : most < threads ? (int)most : threads;
}

/* The roots of the lanes first … stop - 1, and with backward their gradients, of which dp is overwritten. 0 if a pause
 * ended it; then dp is without meaning. */
static int run_lanes(struct lanes *of, long first, long stop, int backward, double seed, struct pause *pause) {
    long count = stop - first, blocks = count < 2 * LEAST ? 1 : blocks_of(of, count);
    if (blocks == 1) {
        run_block(of, first, stop, backward, seed, of->dp);
        return 1;
    }
    struct job job = {of, first, count, blocks, threads_for(of, count, blocks), backward, seed, pause, 0, 0};
    if (job.threads == 1)
        run_share(&job, 1);
    else
        run_on_threads(&job);
    if (job.threads > 1 && backward && of->dp != NULL && !job.stopped)
        for (long block = 1; block < blocks; block++) of->reals->add(of->dp, sum_of(&job, block), of->parameters);
    return !job.stopped;
}
