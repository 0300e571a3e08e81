/* SPDX-License-Identifier: MIT */
/*
 * trail.h - one JSON line for each act, and for each finding that was not acted on: what, when, how it ended.
 *
 * To a file, opened for each line so that it may be rotated by rename; or to stderr.
 */
#ifndef ACT_TRAIL_H
#define ACT_TRAIL_H

#include "act/letter.h"
#include "base/error.h"

enum outcome {
    OUTCOME_DONE,
    OUTCOME_FAILED,    /* it is tried again */
    OUTCOME_DEAD,      /* it is not: a dead letter */
    OUTCOME_MAYBE,     /* at most once: begun by somebody who did not come to the end */
    OUTCOME_DUPLICATE, /* done before */
    OUTCOME_COOLDOWN,
    OUTCOME_WAITING, /* enough for this hour */
    OUTCOME_STALE,   /* a newer revision was sent already */
    OUTCOME_DRY_RUN,
    OUTCOME_TRIMMED, /* it left the stream before it was acted on */
};

struct trail_line {
    const char *action;
    const struct letter *letter;
    enum outcome outcome;
    int attempt;         /* 0: none was made */
    int64_t duration_ns; /* of the attempt */
    int code;            /* exit code of a command, HTTP status of a POST; -1: none */
    bool is_http;
    struct bytes detail; /* any bytes; cut */
};

struct trail {
    const char *path; /* NULL: stderr */
    struct buffer line;
};

/* Can it be written? */
int trail_open(struct trail *trail, const char *path, struct error *reterr);
/* A line that could not be written is logged, once per failure. */
void trail_write(struct trail *trail, const struct trail_line *line);
void trail_free(struct trail *trail);

#endif /* ACT_TRAIL_H */
