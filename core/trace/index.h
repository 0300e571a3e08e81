/* SPDX-License-Identifier: MIT */
/*
 * index.h - the slowest, or the failing, transactions of logs of any size, in bounded memory.
 *
 * One row for each id. When the table is full the less interesting half goes: the quick ones, or those that have not failed and among
 * equals the older. What went and comes again begins anew, so its figures are too small; how many rows went is counted.
 *
 *   Cost     INDEX_ROWS rows of about 150 bytes; one look-up a record
 */
#ifndef TRACE_INDEX_H
#define TRACE_INDEX_H

#include "base/clock.h"
#include "trace/id.h"

enum { INDEX_ROWS = 65536, INDEX_SERVICES = 64 };

enum index_rank { INDEX_SLOW, INDEX_FAILED };

struct index_row {
    struct trace_id id; /* "": no row */
    int64_t from_ns, to_ns;
    uint64_t services; /* bit set of numbers modulo INDEX_SERVICES */
    uint32_t records, errors;
    uint32_t first_error; /* number of the service that said the first; errors == 0: none */
    int64_t error_ns;
};

struct trace_index;
/* `rows`: 0 = INDEX_ROWS. */
struct trace_index *index_create(enum index_rank rank, size_t rows);
void index_free(struct trace_index *index);

/* A record of that id. `service` is a number of the caller's. */
struct index_sight {
    uint32_t service;
    int64_t time_ns, took_ns;
    bool error;
};
void index_see(struct trace_index *index, const struct trace_id *id,
               const struct index_sight *sight);

/* The most interesting first; returns how many of `most` there are. With INDEX_FAILED only those that failed. */
size_t index_best(struct trace_index *index, const struct index_row **rows, size_t most);
/* Ids there are, and rows that went. */
struct index_counts {
    uint64_t held, evicted;
};
struct index_counts index_counts(const struct trace_index *index);

#endif /* TRACE_INDEX_H */
