/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - what the daemon is made of, and how its parts come, change and go.
 *
 *      configuration ──▶ generation ──▶ slots: one per stream (plan, windows, sources)
 *                                         │
 *      main thread:  tail ─▶ feeds ─▶ lane ═ring═▶ judge thread ─▶ journal ─▶ couriers
 *
 * A stream keeps its slot, and with it the number that sources and frames carry, as long as it has a name in the
 * configuration. A generation lives as long as a slot was planned from it.
 */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

#include "app/commit.h"
#include "app/marks_file.h"
#include "app/silence_file.h"
#include "config/plan.h"
#include "deliver/courier.h"
#include "deliver/journal.h"
#include "lane/feed.h"
#include "tail/bookmark.h"
#include "tail/tail.h"

#include <pthread.h>

enum { DAEMON_STREAMS_MAX = 1024 };

/* One reading of the configuration, and the plugins known at that time. */
struct generation {
    struct config config;
    struct library library;
    size_t slots; /* that were planned from it */
};

struct slot {
    struct generation *generation; /* NULL: free */
    const struct config_stream *config;
    struct plan *plan;
    struct lane_stream stream;
};

struct daemon {
    const char *config_path;
    char *state_dir; /* owned; for good, whatever a reload says */
    bool new_epoch, poll;
    struct generation *generation; /* the newest */
    struct slot *slots;            /* [DAEMON_STREAMS_MAX] */
    size_t slot_count;             /* used ones lie below */
    struct ring *ring;
    struct lane lane;
    struct tail *tail;
    struct judge *judge;
    pthread_t judge_thread;
    bool judging;
    struct journal *journal;
    struct courier *courier;
    struct sink *redis; /* the courier's; NULL: none */
    struct commit commit;
    struct journal_reader recall; /* the judge's, while it goes through what it found before */
    atomic_bool stopping;
    int64_t next_tick_ns;
    struct silence_watch silence_watch;
    struct marks_watch marks_watch;
    pthread_mutex_t report_lock;
    struct buffer report;    /* the judge's half of the status, JSON members */
    uint32_t firing[ROUTES]; /* the same for the heartbeat */
    int64_t next_note_ns;    /* judge thread */
    int64_t next_status_ns, started_ns, started_monotonic_ns;
    bool status_failed, dear_said;
};

/* ---- daemon.c ----------------------------------------------------------- */

int daemon_start(struct daemon *daemon, struct error *reterr);
/* Takes a daemon that did not start, too. */
void daemon_stop(struct daemon *daemon);

/* Read the configuration and learn about its plugins. */
int generation_create(const char *path, struct generation **ret, struct error *reterr);
void generation_free(struct generation *generation); /* accepts NULL */

/* Make a judge for all slots and start its thread. `old`, which has finished, or the run before hands on what it knew; or neither. */
struct restore;
int daemon_judge(struct daemon *daemon, struct judge *old, const struct restore *restore,
                 struct error *reterr);
/* Let the judge thread finish what is in the ring. */
void daemon_finish_judge(struct daemon *daemon);

/* Follow the paths of a slot. */
int slot_follow(struct daemon *daemon, const struct slot *slot, struct error *reterr);
/* Let go of its sources' feeds; the sources stay with the tail. */
void slot_close_feeds(struct daemon *daemon, const struct slot *slot);
/* Fill an empty slot; takes `plan`. */
void slot_open(struct slot *slot, struct generation *generation,
               const struct config_stream *config, struct plan *plan);
void slot_close(struct slot *slot);

/* ---- reload.c ----------------------------------------------------------- */

/*
 * Read the configuration again and go over to it, or keep the old one and say why. Between two reads of the lane: no line is
 * lost, and a stream that did not change notices nothing.
 */
void daemon_reload(struct daemon *daemon);

#endif /* APP_DAEMON_H */
