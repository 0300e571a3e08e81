/* SPDX-License-Identifier: MIT */
/*
 * trial_cast.h - the instances that a detector would have on one stream, fed from a reel.
 *
 *      reel ──frames──▶ cast: one instance per series, or one for all ──▶ trace: a hash of the scores of each window
 *
 * Two casts that were shown the same windows are compared by their traces: equal to the last bit, or the first window that is not.
 * Numbers of a window lie in memory that is overwritten after the call, so a pointer that was kept shows.
 *
 * Where    in the jailed child only: everything here runs the detector's code
 */
#ifndef COMMAND_TRIAL_CAST_H
#define COMMAND_TRIAL_CAST_H

#include "command/trial_reel.h"
#include "host/host.h"

/* Which callback is running, left in shared memory for whoever finds the process dead. */
enum trial_call {
    CALL_NONE,
    CALL_DLOPEN,
    CALL_OPEN,
    CALL_OBSERVE,
    CALL_SCORE,
    CALL_SAVE,
    CALL_LOAD,
    CALL_CLOSE,
    CALLS,
};

struct trial_cost {
    int64_t observe_ns, score_ns;
    uint64_t lines,
        windows; /* of one instance each: a line that three instances see counts three times */
};

/* What was said of each window. */
struct trace {
    struct {
        uint64_t index, hash; /* number of the window; all scores of it */
    } * at;                   /* [len] */
    size_t len, capacity;
};
void trace_free(struct trace *trace);
/*
 * Is `part` what `whole` says from its window `from` on? -EBADMSG with a sentence that names the first window that differs;
 * `what` begins it.
 */
int trace_compare(const struct trace *whole, const struct trace *part, size_t from,
                  const char *what, struct error *reterr);
uint64_t trace_hash(const struct trace *trace);

enum { CAST_MAX = REEL_PLAIN };

/* How the records of a batch come. */
enum cast_cut { CUT_NONE, CUT_PIECES };

struct cast_options {
    struct plugin *plugin;
    const struct reel *reel;
    const struct reel_stream *stream;
    const struct plugin_setting *setting; /* one, or NULL */
    uint32_t *call;                       /* where the running callback is noted */
    enum cast_cut cut;
    struct trial_cost *cost; /* NULL when nobody wants to know */
};

struct cast {
    struct cast_options options;
    struct instance *instances[CAST_MAX];
    uint32_t count;           /* instances */
    uint32_t first, series;   /* an instance i has `series` series from first + i on */
    struct oddline_window at; /* where the next window begins */
    size_t next;              /* of the reel */
    struct trace trace;
    char *scratch; /* a batch, lent and then overwritten */
};

int cast_open(struct cast *cast, const struct cast_options *options, struct error *reterr);
void cast_close(struct cast *cast); /* accepts one that did not open; the trace stays */
bool cast_is_over(const struct cast *cast);
/* Show it the next frame. */
int cast_step(struct cast *cast, struct error *reterr);
/* Show it the rest, or the next `frames`. */
int cast_run(struct cast *cast, size_t frames, struct error *reterr);
enum { CAST_ALL = INT32_MAX };
/* Open, show everything, close. The trace is the caller's, also after a failure. */
int cast_show_all(const struct cast_options *options, struct trace *ret, struct error *reterr);
/* A window that was in no log, behind the last one: each series has this value. */
int cast_invent(struct cast *cast, double value, uint32_t flags, struct error *reterr);

#endif /* COMMAND_TRIAL_CAST_H */
