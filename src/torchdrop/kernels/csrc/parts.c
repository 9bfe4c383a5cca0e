/* Parts of matrices: rows and columns taken out, and put back to their places.
 *
 * An element of a matrix is `unit` bytes: a number, or the block of numbers behind an index of two.
 * Lists of rows and columns ascend strictly and lie inside the matrix; NULL stands for all. */
#include <string.h>

#include "lists.h"
#include "loop.h"

typedef struct {
    char *whole, *part;
    const int64_t *rows, *columns;
    int64_t height, width;       /* of the whole */
    int64_t n_rows, n_columns;   /* of the part */
    int64_t unit;                /* bytes of an element */
    int64_t numbers;             /* numbers of an element, where they are added */
    int add;                     /* TD_PUT, TD_ADD_F32 or TD_ADD_F64 */
} td_part;

enum { TD_PUT = 0, TD_ADD_F32 = 1, TD_ADD_F64 = 2 };

static char *row_of_whole(const td_part *p, int64_t row)
{
    return p->whole + (p->rows ? p->rows[row] : row) * p->width * p->unit;
}

#define TAKE(type)                                                                                \
    for (int64_t j = 0; j < p->n_columns; j++)                                                    \
        ((type *)part)[j] = ((const type *)whole)[p->columns[j]];

#define PUT(type)                                                                                 \
    for (int64_t j = 0; j < p->n_columns; j++)                                                    \
        ((type *)whole)[p->columns[j]] = ((const type *)part)[j];

#define ADD(type)                                                                                 \
    for (int64_t j = 0; j < p->n_columns; j++)                                                    \
        for (int64_t k = 0; k < p->numbers; k++)                                                  \
            ((type *)whole)[(p->columns ? p->columns[j] : j) * p->numbers + k] +=                 \
                ((const type *)part)[j * p->numbers + k];

static void take_rows(int64_t begin, int64_t end, void *context)
{
    const td_part *p = context;
    for (int64_t row = begin; row < end; row++) {
        const char *whole = row_of_whole(p, row);
        char *part = p->part + row * p->n_columns * p->unit;
        if (p->columns == NULL)
            memcpy(part, whole, (size_t)(p->width * p->unit));
        else if (p->unit == 4)
            TAKE(uint32_t)
        else if (p->unit == 8)
            TAKE(uint64_t)
        else if (p->unit == 2)
            TAKE(uint16_t)
        else
            for (int64_t j = 0; j < p->n_columns; j++)
                memcpy(part + j * p->unit, whole + p->columns[j] * p->unit, (size_t)p->unit);
    }
}

static void put_columns(const td_part *p, const char *part, char *whole)
{
    if (p->columns == NULL) {
        memcpy(whole, part, (size_t)(p->width * p->unit));
        return;
    }
    memset(whole, 0, (size_t)(p->width * p->unit));
    if (p->unit == 4)
        PUT(uint32_t)
    else if (p->unit == 8)
        PUT(uint64_t)
    else if (p->unit == 2)
        PUT(uint16_t)
    else
        for (int64_t j = 0; j < p->n_columns; j++)
            memcpy(whole + p->columns[j] * p->unit, part + j * p->unit, (size_t)p->unit);
}

/* Each row of the part also clears the rows that the whole has before it, the last one the rest. */
static void put_rows(int64_t begin, int64_t end, void *context)
{
    const td_part *p = context;
    const int64_t bytes = p->width * p->unit;
    for (int64_t row = begin; row < end; row++) {
        const int64_t at = p->rows ? p->rows[row] : row;
        const int64_t first = !p->rows ? at : row ? p->rows[row - 1] + 1 : 0;
        memset(p->whole + first * bytes, 0, (size_t)((at - first) * bytes));
        put_columns(p, p->part + row * p->n_columns * p->unit, p->whole + at * bytes);
        if (row == p->n_rows - 1)
            memset(p->whole + (at + 1) * bytes, 0, (size_t)((p->height - at - 1) * bytes));
    }
}

static void add_rows(int64_t begin, int64_t end, void *context)
{
    const td_part *p = context;
    for (int64_t row = begin; row < end; row++) {
        char *whole = row_of_whole(p, row);
        const char *part = p->part + row * p->n_columns * p->unit;
        if (p->add == TD_ADD_F32)
            ADD(float)
        else
            ADD(double)
    }
}

/* Rows of the part that are worth a thread: `grain` numbers at least. */
static int64_t rows_per_thread(const td_part *p, int64_t grain)
{
    const int64_t numbers = p->n_columns * p->numbers;
    return numbers < grain ? grain / (numbers ? numbers : 1) : 1;
}

/* Copy rows and columns of `whole` into `part`.
 *
 * Returns 0 if done, 1 if a list does not fit and nothing was touched. */
EXPORT int32_t td_take_part(const void *whole, void *part, const int64_t *rows,
                            const int64_t *columns, int64_t height, int64_t width, int64_t n_rows,
                            int64_t n_columns, int64_t size, int64_t numbers,
                            td_parallel_for parallel_for, int64_t grain)
{
    td_part p = {(char *)whole, part,      rows,           columns, height, width,
                 n_rows,        n_columns, size * numbers, numbers, TD_PUT};
    if (!fits(rows, n_rows, height) || !fits(columns, n_columns, width))
        return 1;
    return run(take_rows, &p, n_rows, parallel_for, rows_per_thread(&p, grain));
}

/* Put `part` back to its places in `whole`, of `height` times `width` elements, with 0 at all
 * others (TD_PUT); or add it to what is there.
 *
 * Returns 0 if done, 1 if a list does not fit and nothing was touched. */
EXPORT int32_t td_put_part(void *whole, const void *part, const int64_t *rows,
                           const int64_t *columns, int64_t height, int64_t width, int64_t n_rows,
                           int64_t n_columns, int64_t size, int64_t numbers, int add,
                           td_parallel_for parallel_for, int64_t grain)
{
    td_part p = {whole,  (char *)part, rows,           columns, height, width,
                 n_rows, n_columns,    size * numbers, numbers, add};
    if (!fits(rows, n_rows, height) || !fits(columns, n_columns, width))
        return 1;
    if (n_rows == 0 && add == TD_PUT)
        memset(whole, 0, (size_t)(height * width * p.unit));
    return run(add == TD_PUT ? put_rows : add_rows, &p, n_rows, parallel_for,
               rows_per_thread(&p, grain));
}
