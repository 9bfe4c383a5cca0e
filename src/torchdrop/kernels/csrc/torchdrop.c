/* The entry points of what is compiled for several instruction sets: which builds run here, and one call over all threads. */
#include <string.h>

#include "kernel.h"
#include "lists.h"
#include "loop.h"
#include "steps.h"

enum { TD_BASELINE = 0, TD_AVX2 = 1, TD_AVX512 = 2 };

/* Whether a build is in this library and this processor can run it. */
EXPORT int td_available(int build)
{
#if defined(TORCHDROP_X86)
    if (build == TD_AVX512)
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("f16c");
    if (build == TD_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
#endif
    return build == TD_BASELINE;
}

#if defined(TORCHDROP_X86)
#define BUILD_OF(build, function)                                                                 \
    ((build) == TD_AVX512 ? function##avx512                                                      \
     : (build) == TD_AVX2 ? function##avx2                                                        \
                          : function##baseline)
#else
#define BUILD_OF(build, function) ((void)(build), function##baseline)
#endif

typedef struct {
    td_call call;
    td_range range;
} td_job;

static void run_part(int64_t begin, int64_t end, void *context)
{
    const td_job *job = context;
    job->range(&job->call, begin, end);
}

/* Scale the kept ones of n contiguous elements of x by `factor` into y, which may be x itself.
 *
 * threshold is K, from 0 to 2^32; start the logical index of the first element. With
 * parallel_for, parts of at least `grain` elements run on its threads. Returns 0, or what
 * parallel_for returned. */
EXPORT int32_t td_masked_scale(int build, int dtype, const void *x, void *y, int64_t n,
                               int64_t start, uint64_t seed, uint64_t threshold, double factor,
                               td_parallel_for parallel_for, int64_t grain)
{
    td_job job = {
        .call = {.stream = td_stream_of(seed, threshold), .operation = TD_SCALE},
        .range = BUILD_OF(build, td_range_),
    };
    job.call.dtype = (td_dtype)dtype, job.call.start = start;
    job.call.x = x, job.call.y = y, job.call.factor = factor;
    return run(run_part, &job, n, parallel_for, grain);
}

/* The same with an activation before it, another operation than TD_SCALE; its backward pass where
 * the output's gradient is given. */
EXPORT int32_t td_masked_activation(int build, int operation, int dtype, const void *x,
                                    const void *gradient, void *y, int64_t n, uint64_t seed,
                                    uint64_t threshold, double factor, double slope,
                                    td_parallel_for parallel_for, int64_t grain)
{
    td_job job = {
        .call = {.stream = td_stream_of(seed, threshold), .operation = (td_operation)operation},
        .range = BUILD_OF(build, td_range_),
    };
    job.call.dtype = (td_dtype)dtype, job.call.x = x, job.call.gradient = gradient;
    job.call.y = y, job.call.factor = factor, job.call.slope = slope;
    return run(run_part, &job, n, parallel_for, grain);
}

typedef struct {
    td_call call; /* what all members have in common; x, gradient and y of the first */
    td_range range;
    int64_t n; /* elements of a member */
    const uint64_t *seeds, *thresholds;
    const double *factors;
} td_members;

static void run_members(int64_t begin, int64_t end, void *context)
{
    static const int sizes[] = {4, 8, 2, 2};
    const td_members *all = context;
    while (begin < end) {
        int64_t member = begin / all->n, first = begin % all->n;
        int64_t last = first + (end - begin) < all->n ? first + (end - begin) : all->n;
        int64_t offset = member * all->n * sizes[all->call.dtype];
        td_call call = all->call;
        call.stream = td_stream_of(all->seeds[member], all->thresholds[member]);
        call.factor = all->factors[member];
        call.x += offset, call.y += offset;
        if (call.gradient != NULL)
            call.gradient += offset;
        all->range(&call, first, last);
        begin += last - first;
    }
}

/* Do to `members` tensors of n elements each, contiguous and one after the other, what
 * td_masked_activation does to one, or with TD_SCALE what td_masked_scale does: each by a seed, a
 * threshold and a factor of its own. */
EXPORT int32_t td_masked_members(int build, int operation, int dtype, const void *x,
                                 const void *gradient, void *y, int64_t members, int64_t n,
                                 const uint64_t *seeds, const uint64_t *thresholds,
                                 const double *factors, double slope, td_parallel_for parallel_for,
                                 int64_t grain)
{
    td_members all = {
        .call = {.operation = (td_operation)operation, .dtype = (td_dtype)dtype, .slope = slope},
        .range = BUILD_OF(build, td_range_),
        .n = n,
        .seeds = seeds,
        .thresholds = thresholds,
        .factors = factors,
    };
    all.call.x = x, all.call.gradient = gradient, all.call.y = y;
    return run(run_members, &all, members * n, parallel_for, grain);
}

typedef struct {
    td_stream stream;
    td_uniform uniform;
    double *y;
} td_numbers;

static void run_numbers(int64_t begin, int64_t end, void *context)
{
    const td_numbers *numbers = context;
    numbers->uniform(&numbers->stream, numbers->y, begin, end);
}

/* Write the numbers of the first n elements, uniform over (0, 1). */
EXPORT int32_t td_uniform_numbers(int build, double *y, int64_t n, uint64_t seed,
                                  td_parallel_for parallel_for, int64_t grain)
{
    td_numbers numbers = {td_stream_of(seed, 0), BUILD_OF(build, td_uniform_), y};
    return run(run_numbers, &numbers, n, parallel_for, grain);
}

typedef struct {
    td_step step;
    td_move_rows move;
} td_steps;

static void move_part(int64_t begin, int64_t end, void *context)
{
    const td_steps *steps = context;
    steps->move(&steps->step, begin, end);
}

/* Move the part of a weight, of `height` times `width`, that `gradient` is of.
 *
 * `first` and `second` are what the rule remembers of the weight, like it; NULL where it does not.
 * `moves` is room for a number for each column. Returns 0 if done, 1 if a list does not fit and
 * nothing was touched. */
EXPORT int32_t td_step_part(int build, int rule, float *weight, float *first, float *second,
                            const float *gradient, const int64_t *rows, const int64_t *columns,
                            int64_t height, int64_t width, int64_t n_rows, int64_t n_columns,
                            const float *settings, uint32_t *moves, td_parallel_for parallel_for,
                            int64_t grain)
{
    if (!fits(rows, n_rows, height) || !fits(columns, n_columns, width))
        return 1;
    memset(moves, 0, (size_t)width * sizeof *moves);
    for (int64_t j = 0; columns != NULL && j < n_columns; j++)
        moves[columns[j]] = 1;
    td_steps steps = {
        .step = {(td_rule)rule, weight, first, second, gradient, rows, columns, moves, width,
                 n_columns, settings},
        .move = BUILD_OF(build, td_move_rows_),
    };
    return run(move_part, &steps, n_rows, parallel_for, grain / (width ? width : 1) + 1);
}
