/* SPDX-License-Identifier: MIT */

#include "trace/index.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>

struct trace_index {
    enum index_rank rank;
    size_t rows_max, count;
    uint64_t evicted;
    struct index_row *rows; /* [rows_max] dense, in the order they came */
    uint32_t *slots;        /* [2 * rows_max], a power of two: 1 + number of a row; 0: free */
    const struct index_row **sorted; /* [rows_max], scratch */
};

static void *room(size_t count, size_t size)
{
    void *at = calloc(count, size);
    if (!at)
        memory_gone();
    return at;
}

struct trace_index *index_create(enum index_rank rank, size_t rows)
{
    struct trace_index *index = room(1, sizeof(*index));
    size_t power = 2;
    while (power < (rows ? rows : INDEX_ROWS))
        power *= 2;
    index->rank = rank;
    index->rows_max = power;
    index->rows = room(power, sizeof(*index->rows));
    index->slots = room(2 * power, sizeof(*index->slots));
    index->sorted = room(power, sizeof(*index->sorted));
    return index;
}

void index_free(struct trace_index *index)
{
    if (!index)
        return;
    free(index->rows);
    free(index->slots);
    free(index->sorted);
    free(index);
}

/* ---- what is interesting -------------------------------------------------- */

static int64_t length_of(const struct index_row *row)
{
    return row->from_ns == NO_TIME ? 0 : row->to_ns - row->from_ns;
}

static int newest_first(const struct index_row *x, const struct index_row *y)
{
    if (x->to_ns != y->to_ns)
        return x->to_ns > y->to_ns ? -1 : 1;
    return strcmp(x->id.text, y->id.text);
}

static int slowest_first(const void *a, const void *b)
{
    const struct index_row *x = *(const struct index_row *const *)a,
                           *y = *(const struct index_row *const *)b;
    if (length_of(x) != length_of(y))
        return length_of(x) > length_of(y) ? -1 : 1;
    return newest_first(x, y);
}

static int failed_first(const void *a, const void *b)
{
    const struct index_row *x = *(const struct index_row *const *)a,
                           *y = *(const struct index_row *const *)b;
    if ((x->errors > 0) != (y->errors > 0))
        return x->errors > 0 ? -1 : 1;
    return newest_first(x, y);
}

static void sort(struct trace_index *index)
{
    for (size_t i = 0; i < index->count; i++)
        index->sorted[i] = &index->rows[i];
    qsort(index->sorted, index->count, sizeof(*index->sorted),
          index->rank == INDEX_SLOW ? slowest_first : failed_first);
}

/* ---- the table ---------------------------------------------------------- */

/* The slot of the id, or the free one where it belongs. */
static uint32_t *slot_of(const struct trace_index *index, const struct trace_id *id)
{
    size_t mask = 2 * index->rows_max - 1, at = hash_bytes(bytes_of(id->text)) & mask;
    while (index->slots[at] && strcmp(index->rows[index->slots[at] - 1].id.text, id->text) != 0)
        at = (at + 1) & mask;
    return &index->slots[at];
}

/* The less interesting half goes; those that stay keep their order. */
static void make_room(struct trace_index *index)
{
    size_t half = index->rows_max / 2, kept = 0;
    sort(index);
    for (size_t i = half; i < index->count; i++)
        index->rows[index->sorted[i] - index->rows].id.text[0] = '\0';
    for (size_t i = 0; i < index->count; i++)
        if (index->rows[i].id.text[0])
            index->rows[kept++] = index->rows[i];
    index->evicted += index->count - kept;
    index->count = kept;
    memset(index->slots, 0, 2 * index->rows_max * sizeof(*index->slots));
    for (size_t i = 0; i < kept; i++)
        *slot_of(index, &index->rows[i].id) = (uint32_t)i + 1;
}

static struct index_row *row_of(struct trace_index *index, const struct trace_id *id)
{
    uint32_t *slot = slot_of(index, id);
    if (*slot)
        return &index->rows[*slot - 1];
    if (index->count == index->rows_max) {
        make_room(index);
        slot = slot_of(index, id);
    }
    struct index_row *row = &index->rows[index->count++];
    *row = (struct index_row){
        .id = *id, .from_ns = NO_TIME, .to_ns = NO_TIME, .error_ns = NO_TIME};
    *slot = (uint32_t)index->count;
    return row;
}

void index_see(struct trace_index *index, const struct trace_id *id,
               const struct index_sight *sight)
{
    struct index_row *row = row_of(index, id);
    row->records++;
    row->services |= UINT64_C(1) << sight->service % INDEX_SERVICES;
    if (sight->time_ns != NO_TIME) {
        int64_t from = sight->time_ns - sight->took_ns;
        row->from_ns = row->from_ns == NO_TIME || from < row->from_ns ? from : row->from_ns;
        row->to_ns = sight->time_ns > row->to_ns ? sight->time_ns : row->to_ns;
    }
    if (!sight->error)
        return;
    // of one without a time nobody knows whether it was first
    if (row->errors++ == 0 || (sight->time_ns != NO_TIME &&
                               (row->error_ns == NO_TIME || sight->time_ns < row->error_ns))) {
        row->first_error = sight->service;
        row->error_ns = sight->time_ns;
    }
}

size_t index_best(struct trace_index *index, const struct index_row **rows, size_t most)
{
    size_t count = 0;
    sort(index);
    while (count < most && count < index->count &&
           (index->rank == INDEX_SLOW || index->sorted[count]->errors)) {
        rows[count] = index->sorted[count];
        count++;
    }
    return count;
}

struct index_counts index_counts(const struct trace_index *index)
{
    return (struct index_counts){.held = index->count, .evicted = index->evicted};
}
