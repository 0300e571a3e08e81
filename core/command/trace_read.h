/* SPDX-License-Identifier: MIT */
/*
 * trace_read.h - the records of logs, once, for `oddline trace`: those around one id, or all.
 *
 *      file ──128 KiB──▶ is the id in it? ──no──▶ the lines are counted, the next
 *                                         ──yes─▶ recorder ──records──▶ take()
 *
 * Looking for bytes is many times as fast as making records, and most of a log is not about one transaction. What is passed over leaves
 * TRACE_OVERLAP bytes to be looked at again, so that records that began there, and those just before, are whole. A longer record that
 * crosses that place loses its beginning.
 */
#ifndef COMMAND_TRACE_READ_H
#define COMMAND_TRACE_READ_H

#include "app/inputs.h"
#include "base/redact.h"
#include "config/config.h"
#include "ring/batch.h"
#include "trace/needle.h"

enum { TRACE_OVERLAP = 16 * 1024 };

/* One record; lent for the call. */
struct trace_seen {
    const struct input *input;
    const char *stream; /* the configured one, or the input's */
    bool configured;
    struct bytes text;
    struct bytes message; /* what of it is for people; may be empty */
    int64_t time_ns;      /* NO_TIME: it has none */
    bool error;           /* level error or worse, or a status of 500 or more */
    bool hit;             /* the id stands in it */
    bool again;           /* what lay before it was passed over */
    uint64_t line, offset;
    const struct redaction *redactions; /* [redaction_count] of its stream */
    size_t redaction_count;
};

struct trace_reading {
    const struct inputs *inputs;
    const struct config *config;   /* NULL: nobody configured anything */
    struct config_stream fallback; /* for inputs that no configured stream claims */
    const struct needle *needle;   /* NULL: all records */
    void (*take)(void *context, const struct trace_seen *seen);
    void *context;
};

struct trace_totals {
    uint64_t bytes, records; /* looked through; made */
    size_t failed;           /* files that could not be opened, or broke off; each was said */
    int64_t elapsed_ns;
};

/* 0; -errno with a sentence when nothing could be read at all: -EINVAL for what was configured. */
int trace_read(const struct trace_reading *reading, struct trace_totals *ret,
               struct error *reterr);

#endif /* COMMAND_TRACE_READ_H */
