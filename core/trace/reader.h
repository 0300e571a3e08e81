/* SPDX-License-Identifier: MIT */
/*
 * reader.h - what a record says of the transaction it belongs to, whatever its format.
 *
 *      {"trace":{"id":"4bf9…"},"span_id":"00f0…"}    trace_id=4bf9… service=shop    [trace=4bf9…]    request 3f1c-… failed
 *
 * One walk over the bytes for JSON, logfmt, JSON within JSON and free text: a *name* (the table in reader.c, whatever its case, with
 * `_`, `-`, `.`, a blank or `":{"` between its parts) and a value behind it. A name that ends in `id` takes any value of 8 bytes and more
 * with a number in it behind `=` or `:`. A mere word (`trace`, `request`) takes hex only. W3C's traceparent, `req-UUID` and Spring's
 * brackets need no name. So the hash of a commit, the MD5 of a file, the UUID of an order are none.
 *
 *   Cost     some 5 ns a byte; nobody does it for every line of a daemon
 */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include "trace/id.h"

enum trace_kind {
    TRACE_ID,      /* of the transaction */
    TRACE_SPAN,    /* of its part that wrote this */
    TRACE_PARENT,  /* of the part that called it */
    TRACE_SERVICE, /* the names of who wrote it */
    TRACE_HOST,
};

struct trace_item {
    enum trace_kind kind;
    struct bytes value; /* lent from the text, as it stands there */
    struct trace_id id; /* of TRACE_ID, TRACE_SPAN, TRACE_PARENT */
};

/* With `cut` the text may go on: a value that touches its end is not believed. */
struct trace_reader {
    struct bytes text;
    bool cut;
    size_t at; /* begin with 0 */
};
bool trace_next(struct trace_reader *reader, struct trace_item *ret);

/* The ids of transactions alone, each once, in the order they stand; returns how many of `most` there are. */
size_t trace_ids(struct bytes text, bool cut, struct trace_id *ids, size_t count, size_t most);

#endif /* TRACE_READER_H */
