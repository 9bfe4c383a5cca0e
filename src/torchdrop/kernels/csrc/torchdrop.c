/* The library's only entry points: which builds run here, and one call over all threads. */
#include <stddef.h>

#include "kernel.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* libtorch's own thread pool: `torch_parallel_for`, handed in, so that nothing links against it. */
typedef int32_t (*td_parallel_for)(int64_t begin, int64_t end, int64_t grain,
                                   void (*body)(int64_t, int64_t, void *), void *context);

enum { TD_BASELINE = 0, TD_AVX2 = 1, TD_AVX512 = 2 };

typedef struct {
    td_call call;
    td_range range;
} td_job;

static void run_part(int64_t begin, int64_t end, void *context)
{
    const td_job *job = context;
    job->range(&job->call, begin, end);
}

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

static td_range range_of(int build)
{
#if defined(TORCHDROP_X86)
    if (build == TD_AVX512)
        return td_range_avx512;
    if (build == TD_AVX2)
        return td_range_avx2;
#endif
    (void)build;
    return td_range_baseline;
}

static int32_t run(td_job *job, int64_t n, td_parallel_for parallel_for, int64_t grain)
{
    if (parallel_for == NULL || n <= grain) {
        run_part(0, n, job);
        return 0;
    }
    return parallel_for(0, n, grain, run_part, job);
}

/* Scale the kept ones of n contiguous elements of x by `factor` into y, which may be x itself.
 *
 * The seed is read where it lies; threshold is K, from 0 to 2^32; start the logical index of the
 * first element. With parallel_for, parts of at least `grain` elements run on its threads. Returns
 * 0, or what parallel_for returned. */
EXPORT int32_t td_masked_scale(int build, int dtype, const void *x, void *y, int64_t n,
                               int64_t start, const uint64_t *seed, uint64_t threshold,
                               double factor, td_parallel_for parallel_for, int64_t grain)
{
    td_job job = {
        .call =
            {
                .stream = td_stream_of(*seed, threshold),
                .operation = TD_SCALE,
                .dtype = (td_dtype)dtype,
                .start = start,
                .x = x,
                .y = y,
                .factor = factor,
            },
        .range = range_of(build),
    };
    return run(&job, n, parallel_for, grain);
}

/* The same with an activation before it: an operation beside TD_SCALE, on float32 or float64. */
EXPORT int32_t td_masked_rectifier(int build, int operation, int dtype, const void *x,
                                   const void *gradient, void *y, int64_t n, const uint64_t *seed,
                                   uint64_t threshold, double factor, double slope,
                                   td_parallel_for parallel_for, int64_t grain)
{
    td_job job = {
        .call =
            {
                .stream = td_stream_of(*seed, threshold),
                .operation = (td_operation)operation,
                .dtype = (td_dtype)dtype,
                .x = x,
                .gradient = gradient,
                .y = y,
                .factor = factor,
                .slope = slope,
            },
        .range = range_of(build),
    };
    return run(&job, n, parallel_for, grain);
}
