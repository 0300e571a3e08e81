/* SPDX-License-Identifier: MIT */
/*
 * minder.h - the core's side of one worker: hands it its briefing, takes its replies, replaces it.
 *
 *                 start ─▶ at work ─▶ fails ─▶ a fresh one at the saved position ─▶ fails on the same frame ─▶ frame left out
 *                                        └─▶ five times in a minute ─▶ quarantine, ever longer ─▶ begins where the judge is
 *
 * Everything a worker sends is checked here. `seats` belong to the crew; a minder knows which are its own.
 */
#ifndef HOST_MINDER_H
#define HOST_MINDER_H

#include "host/crew.h"
#include "host/process.h"

enum { MINDER_REASON_SIZE = 256, MINDER_FAILURES = 5 };

/* A seat as the core keeps it. */
struct crew_seat {
    struct plugin *plugin;
    uint32_t stream, minder, plugin_index; /* index in the minder's list of files */
    struct instance_options options;
    const uint32_t *on;
    int64_t window_ns;            /* 0 until its stream began */
    uint64_t opened_at;           /* position of that frame */
    bool wait;                    /* for a slow one */
    bool slot;                    /* of a grouped series */
    bool dead;                    /* broke its contract: closed for good ... */
    char why[MINDER_REASON_SIZE]; /* ... for this */
    struct instance *local;
    double *values; /* [series_count], local only */
    uint64_t *counts;
    struct oddline_score *scores;        /* [series_count], of the window asked for last */
    char (*reasons)[MINDER_REASON_SIZE]; /* [series_count] */
    bool scored;
    uint64_t gaps;               /* windows that were not scored */
    uint32_t brief_at;           /* its place in the newest briefing of its worker */
    struct buffer state, coming; /* saved, and the next one while its parts arrive ... */
    uint64_t coming_at;          /* ... of this position, UINT64_MAX = none comes */
    bool has_state;
    uint32_t state_version; /* of the build that saved it */
    uint64_t state_at;      /* it is as of here */
    uint64_t renewed_at; /* the last frame with which its series began anew; UINT64_MAX: none */
    bool
        inherited; /* the state is of a crew before this one: it holds from the beginning of the stream on */
    bool given;     /* to a crew after this one */
    bool stale;     /* when all were asked for their states it had only an older one */
    bool owes_word; /* it was given such a state, and nobody said so yet */
};

struct minder {
    struct crew *crew;
    uint32_t number;
    struct plugin **plugins; /* [plugin_count] */
    size_t plugin_count;
    bool strangers;  /* not the built-in ones: skipped when they lag ... */
    bool waited_for; /* ... unless somebody wants it otherwise */
    struct process process;
    bool running;
    struct buffer message;
    bool held; /* `message` was looked at and not used */
    enum reply_kind kind;
    uint64_t saved; /* the ring is needed from here on */
    /*
     * Saved as of a snapshot mark that ends here: nothing that the worker said behind it is looked at before the judge was there, so
     * that he finds these states and no later ones.
     */
    uint64_t cut;
    uint64_t answers, answered_at,
        answered_nth;     /* windows that this process scored, and the last */
    uint64_t saving;      /* position of the state that is coming, UINT64_MAX = none */
    uint32_t saving_next; /* the first seat that may still come */
    uint64_t seen;        /* how far it got, by whole frames ... */
    int64_t since_ns;     /* ... and since when, or since it has owed something */
    uint64_t failed_at;   /* frame of the failure before this one, UINT64_MAX = none */
    uint64_t skip;        /* frame that is left out, UINT64_MAX = none */
    int64_t behind_ns; /* how long the judge has waited for it while the ring was filling up */
    uint64_t absent_until;        /* it begins there again: before, its windows are gaps */
    char why[MINDER_REASON_SIZE]; /* of the last failure */
    int64_t failures[MINDER_FAILURES], quarantine_until_ns, backoff_ns;
};

struct crew {
    struct crew_options options;
    struct crew_seat *seats;
    uint32_t seat_count, seat_max;
    struct minder *minders;
    uint32_t minder_count;
    uint64_t position; /* of the judge */
    struct crew_counts counts;
};

/* Is it a mark at which everybody saves? */
bool minder_is_cut(const struct ring_frame *frame);

void minder_start(struct minder *minder, uint64_t position);
void minder_stop(struct minder *minder);
/* Have the scores of its seats in `stream` for this window, or a gap. */
void minder_score(struct minder *minder, uint64_t position, uint64_t nth, uint32_t stream);
/* The judge is at a snapshot mark that ends at `position`: have it saved exactly there, if it can be had. */
void minder_cut(struct minder *minder, uint64_t position);
/* Wait until everything up to `position` is saved, or the deadline is over. */
void minder_finish(struct minder *minder, uint64_t position);
/* Take what came meanwhile; let go of the ring up to what is saved. */
void minder_poll(struct minder *minder);

#endif /* HOST_MINDER_H */
