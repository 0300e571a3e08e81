/* SPDX-License-Identifier: MIT */
/*
 * crew.h - all detectors at work on one ring, wherever they run.
 *
 *      judge ──crew_add──▶ seats ──crew_start──▶ [worker: built-ins] [worker: a.so] [worker: b.so]
 *      judge ──crew_score──▶ scores of a window, by seat, in a fixed order
 *
 * The judge walks the frames and asks; the workers read ahead. A worker in trouble is replaced here, out of the judge's sight:
 * all it sees is that a seat has no scores for a window, and a complaint. With ISOLATION_NONE the instances live in this process
 * and are called when asked.
 *
 * Thread   the judge's
 */
#ifndef HOST_CREW_H
#define HOST_CREW_H

#include "host/host.h"
#include "ring/closed.h"
#include "ring/ring.h"

#include <stdbool.h>

enum isolation { ISOLATION_WORKERS, ISOLATION_NONE };

enum crew_trouble {
    CREW_SEAT,   /* one instance broke its contract and is closed; the others go on */
    CREW_PLUGIN, /* its process: crashed, hung, lied, was too slow; a gap, perhaps quarantine */
    CREW_STATE,  /* what it was given to go on from is older than the log: see crew_cut() */
};

struct crew_options {
    struct ring *ring; /* NULL only with ISOLATION_NONE */
    enum isolation isolation;
    const char *exe; /* started as `exe worker …`; NULL = this executable */
    bool
        never_skip; /* wait for a slow stranger for ever (scan), instead of going on without it (on_lag: skip) */
    int64_t deadline_ns; /* on one frame; 0 = 2 s */
    /* One sentence about `plugin`; `seat` is its seat, or the first of them. May be called from any crew_ function. */
    void (*complain)(void *context, enum crew_trouble trouble, uint32_t seat,
                     const char *sentence);
    void *context;
};

struct crew;
int crew_create(const struct crew_options *options, struct crew **ret, struct error *reterr);
void crew_free(struct crew *crew); /* accepts NULL; ends the workers */

/*
 * A seat for an instance of `plugin`: before crew_start(). The text of `options` and `on` are lent until crew_free();
 * options.window_ns is not known yet and ignored.
 */
struct crew_request {
    struct plugin *plugin;
    uint32_t stream; /* its number */
    struct instance_options options;
    const uint32_t *on; /* [options.series_count] indices in the stream's series */
    bool wait;          /* a stranger that is waited for however slow it is (on_lag: wait) */
    bool slot;          /* of a grouped series: one of many of the same name */
};
int crew_add(struct crew *crew, const struct crew_request *request, uint32_t *ret_seat,
             struct error *reterr);

/* Start the workers at the ring's present position. */
int crew_start(struct crew *crew, struct error *reterr);

/* The judge is at the RING_STREAM frame at `position`: the seats of `stream` open. */
void crew_begin(struct crew *crew, uint64_t position, uint32_t stream, int64_t window_ns);
/* It is at a batch. */
void crew_observe(struct crew *crew, uint64_t position, uint32_t stream,
                  const struct oddline_batch *batch);
/* It is at the closed window at `position`: seats of one series in whose slot another group sits from here on begin anew. */
void crew_renew(struct crew *crew, uint64_t position, const struct closed *closed);
/*
 * It is at window `nth` of the frame at `position`: have its scores ready for crew_scores(). Waits for the workers, each
 * at most two deadlines.
 */
void crew_score(struct crew *crew, uint64_t position, uint64_t nth, uint32_t stream,
                const struct oddline_window *window);
/* What `seat` said of that window: [series of the seat], `size` 0 where it said nothing; NULL for a gap. Lent until the next. */
const struct oddline_score *crew_scores(const struct crew *crew, uint32_t seat);
/* Why not, in one sentence: the last trouble of the seat or its worker. Lent until the next call. */
const char *crew_why(const struct crew *crew, uint32_t seat);
/* The judge is done with the frame and goes on at `position`. */
void crew_passed(struct crew *crew, uint64_t position);

/* Does a worker still need frames that the judge is done with? Then crew_poll() now and then, or the ring may stay full. */
bool crew_lags(const struct crew *crew);
void crew_poll(struct crew *crew);

/*
 * The judge is at a mark with MARK_SNAPSHOT that ends at `position`: have the states of all seats exactly as of there. Waits for the
 * workers, each at most two deadlines; for a stranger that may be skipped, one. Who is in quarantine or too slow hands what was saved
 * last, flagged as stale. They stay so until crew_passed().
 */
void crew_cut(struct crew *crew, uint64_t position);
/*
 * The judge has seen RING_END: the same, but nobody is replaced and each has one deadline. Then a crew that comes after may take
 * over; what a new build of a plugin makes of an old state is its own affair.
 */
void crew_finish(struct crew *crew);
/*
 * Before crew_start(): seats of the same stream name, plugin id and series go on from the states of `old`, which loses them; of
 * several the first from the first.
 */
void crew_inherit(struct crew *crew, struct crew *old);

/* After crew_cut() or crew_finish(): what the seats know, for another run of the program; and back, before crew_start(). */
void crew_pack(const struct crew *crew, struct buffer *out);
/* -EBADMSG when the bytes are torn or not ours; then all seats begin cold. */
int crew_unpack(struct crew *crew, struct bytes packed);
/* Complain, once, of those that were given a stale state: lines are missing from what they know. */
void crew_say_stale(struct crew *crew);

struct crew_counts {
    uint64_t workers, restarts, gaps; /* gaps: windows of seats that were not scored */
};
struct crew_counts crew_counts(const struct crew *crew);

/* What a seat is and costs, for status; since its worker started. */
struct crew_report {
    const char *stream, *series; /* the first of its series */
    const struct oddline_plugin *label;
    const char *path;
    uint32_t series_count;
    uint64_t observe_ns, records, score_ns, windows, gaps;
    bool running, quarantined, dead, slot;
};
uint32_t crew_seats(const struct crew *crew);
struct crew_report crew_report(const struct crew *crew, uint32_t seat);

/* ---- labels ------------------------------------------------------------- */

/*
 * Have a worker of its own read the labels of files found with plugin_find(), and check them. A file that does not load is said
 * through `refuse` and keeps no label.
 *   Returns  0 also when some were refused; -errno when no worker could be started
 */
struct label_request {
    struct plugin *const *plugins; /* [count] */
    size_t count;
    const char *exe; /* NULL = this executable */
    void (*refuse)(void *context, size_t index, const char *sentence);
    void *context;
};
int crew_read_labels(const struct label_request *request, struct error *reterr);

#endif /* HOST_CREW_H */
