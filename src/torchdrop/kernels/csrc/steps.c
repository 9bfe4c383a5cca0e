/* Steps of optimizers over the parts of weights that have gradients, compiled once for each
 * instruction set, as kernel.c is. All of a row is computed and what is not in the part keeps its
 * value: that is faster than to visit single columns. Formulas are in float, without contraction. */
#include <math.h>
#include <stddef.h>

#include "steps.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(name) JOIN(name, TORCHDROP_ISA)

enum { CHUNK = 1024 }; /* columns at a time, so that their gradients lie in the nearest cache */

#define SET(place, value) place = moves == NULL || moves[i] ? (value) : (place)

static void sgd(const td_step *s, int64_t at, int64_t n, const float *g, const uint32_t *moves)
{
    const float rate = s->settings[0], decay = s->settings[1];
    float *restrict w = s->weight + at;
    for (int64_t i = 0; i < n; i++) {
        float slope = g[i] + decay * w[i];
        SET(w[i], w[i] - rate * slope);
    }
}

static void momentum(const td_step *s, int64_t at, int64_t n, const float *g,
                     const uint32_t *moves)
{
    const float rate = s->settings[0], decay = s->settings[1], held = s->settings[2];
    const float ahead = s->rule == TD_NESTEROV ? 1.0f : 0.0f;
    float *restrict w = s->weight + at, *restrict m = s->first + at;
    for (int64_t i = 0; i < n; i++) {
        float slope = g[i] + decay * w[i];
        float speed = held * m[i] + slope;
        float next = ahead != 0 ? slope + held * speed : speed;
        SET(m[i], speed);
        SET(w[i], w[i] - rate * next);
    }
}

static void adamw(const td_step *s, int64_t at, int64_t n, const float *g, const uint32_t *moves)
{
    const float rate = s->settings[0], shrink = s->settings[1], epsilon = s->settings[2];
    const float beta1 = s->settings[3], rest1 = s->settings[4];
    const float beta2 = s->settings[5], rest2 = s->settings[6], root = s->settings[7];
    float *restrict w = s->weight + at, *restrict m = s->first + at, *restrict v = s->second + at;
    for (int64_t i = 0; i < n; i++) {
        float mean = beta1 * m[i] + rest1 * g[i];
        float square = beta2 * v[i] + rest2 * (g[i] * g[i]);
        float size = sqrtf(square) / root + epsilon;
        SET(m[i], mean);
        SET(v[i], square);
        SET(w[i], shrink * w[i] - rate * (mean / size));
    }
}

static void move(const td_step *s, int64_t at, int64_t n, const float *g, const uint32_t *moves)
{
    if (s->rule == TD_SGD)
        sgd(s, at, n, g, moves);
    else if (s->rule == TD_ADAMW)
        adamw(s, at, n, g, moves);
    else
        momentum(s, at, n, g, moves);
}

void NAME(td_move_rows_)(const td_step *s, int64_t begin, int64_t end)
{
    float spread[CHUNK] = {0}; /* between the gradients stands what is not used */
    for (int64_t row = begin; row < end; row++) {
        const int64_t start = (s->rows ? s->rows[row] : row) * s->width;
        const float *g = s->gradient + row * s->n_columns;
        if (s->columns == NULL) {
            move(s, start, s->width, g, NULL);
            continue;
        }
        for (int64_t from = 0, j = 0; from < s->width; from += CHUNK) {
            const int64_t n = s->width - from < CHUNK ? s->width - from : CHUNK;
            for (; j < s->n_columns && s->columns[j] < from + n; j++)
                spread[s->columns[j] - from] = g[j];
            move(s, start + from, n, spread, s->moves + from);
        }
    }
}
