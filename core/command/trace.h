/* SPDX-License-Identifier: MIT */
/*
 * trace.h - what the files of `oddline trace` share.
 *
 *      trace_command.c   options              trace_collect.c  records ─▶ path, and what came before the first error
 *      trace_read.c      logs ─▶ records      trace_draw.c     for people        trace_json.c  for programs
 *                                             trace_list.c     without an id: the slowest, the failed
 */
#ifndef COMMAND_TRACE_H
#define COMMAND_TRACE_H

#include "app/cli.h"
#include "command/trace_read.h"
#include "record/duration.h"
#include "trace/index.h"
#include "trace/path.h"

#include <stdio.h>

/* What a person asked for. */
struct trace_request {
    const char *id; /* NULL: --slow or --failed */
    enum index_rank rank;
    size_t top;
    bool json, color, all; /* all: every record, not only the first ones */
    int width;             /* of the terminal; 0: none */
    int64_t since_ns, until_ns;
    FILE *out;
};

/* ---- trace_names.c: who wrote a record -------------------------------------- */

enum { TRACE_NAME_SIZE = 128 };
struct trace_names {
    size_t common; /* bytes that all paths begin with, up to a slash */
    bool hosts; /* files lie in more than one directory: the first that differs is the host's */
};
struct trace_names trace_names(const struct inputs *inputs);
/* The name of the stream, short; and the host's, may be empty. Lent from the input. */
struct bytes trace_service(const struct trace_seen *seen);
struct bytes trace_host(const struct trace_names *names, const struct input *input);
/* How long what the record speaks of took, 0 when it does not say. */
int64_t trace_took_ns(struct bytes text);

/* ---- trace_collect.c -------------------------------------------------------- */

enum { TRACE_SAID_MAX = 512 }; /* of a message that is shown */

/* A record from just before the first error on its source. */
struct trace_context {
    char text[PATH_TEXT_MAX], said[TRACE_SAID_MAX];
    size_t len, said_len;
    int64_t time_ns;
    uint64_t line;
};
struct trace_before {
    struct trace_context at[PATH_BEFORE_MAX]; /* the newest last */
    size_t count;
};

struct trace_collected {
    const struct trace_request *request;
    struct trace_names names;
    struct path path;
    struct trace_before recent; /* of the file that is being read ... */
    const struct input *input;  /* ... this one */
    struct trace_before before; /* the earliest error known yet */
    int64_t error_ns;           /* its time; NO_TIME: none is known */
    size_t files;               /* with records of the transaction */
    const struct input *counted;
    char rooms[2][PATH_TEXT_MAX]; /* for redaction: of the text, of the message */
};
/* For trace_reading. */
void trace_collect(void *context, const struct trace_seen *seen);

/* ---- out -------------------------------------------------------------------- */

/* 0, or -EIO. */
int trace_draw(const struct trace_collected *collected, const char *id,
               const struct trace_totals *totals);
int trace_json(const struct trace_collected *collected, const char *id,
               const struct trace_totals *totals);

/* ---- trace_list.c ----------------------------------------------------------- */

/* Reads all records, prints the transactions that are most worth a look; an exit code. */
int trace_list(const struct trace_request *request, struct trace_reading *reading);

#endif /* COMMAND_TRACE_H */
