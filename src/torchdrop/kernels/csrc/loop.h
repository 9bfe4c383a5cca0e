/* One call over all of torch's threads. */
#ifndef TORCHDROP_LOOP_H
#define TORCHDROP_LOOP_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* libtorch's own thread pool: `torch_parallel_for`, handed in, so that nothing links against it. */
typedef int32_t (*td_parallel_for)(int64_t begin, int64_t end, int64_t grain,
                                   void (*body)(int64_t, int64_t, void *), void *context);

/* Do [0, n) in parts of at least `grain` on the threads of parallel_for; at once without one. */
static inline int32_t run(void (*body)(int64_t, int64_t, void *), void *context, int64_t n,
                          td_parallel_for parallel_for, int64_t grain)
{
    if (parallel_for != NULL && n > grain)
        return parallel_for(0, n, grain, body, context);
    body(0, n, context);
    return 0;
}

#endif
