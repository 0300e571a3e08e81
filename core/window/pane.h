/* SPDX-License-Identifier: MIT */
/*
 * pane.h - inside the window room: what an open window is, and all that a stream's windows know.
 *
 *      window.c         believes stamps, places records, says when windows are over
 *      pane.c           an open window and its memory
 *      close.c          closed windows become frames, in order and without holes
 *      window_state.c   all of it as bytes, and back
 *
 * Windows are counted from 0, the one with the first record. Those in [oldest, newest] are open; of these only the ones
 * with records have a pane. What was closed and is not yet in the ring is pending.
 */
#ifndef WINDOW_PANE_H
#define WINDOW_PANE_H

#include "window/evidence.h"
#include "window/window.h"

/* One open window. */
struct pane {
    uint64_t records, late;
    struct series_state *states; /* [series_count] */
    char *stores;                /* of all series that need one */
    struct evidence *evidence;   /* [series_count] */
};

struct windows {
    struct window_options options;
    int64_t window_ns;
    struct pane *panes
        [WINDOW_OPEN_MAX]; /* ring: window `index` lies at index % WINDOW_OPEN_MAX; NULL = empty */
    struct pane *spare;    /* one that was closed, to be used again */
    uint64_t oldest, newest; /* indices of the open windows; newest < oldest: none yet */
    int64_t first_ns;        /* start of window 0, NO_TIME before the first record */
    struct window_source *holders;
    int64_t reached_ns; /* highest believed time of any source */
    bool doubt;         /* that is the first stamp of all, and nothing has confirmed it */
    uint32_t doubted;   /* number of the source it came from */
    int64_t beside_ns;  /* while in doubt: highest believed time of the other sources */
    uint64_t empty_run; /* empty windows that wait to be written as one frame */
    uint32_t empty_flags;
    struct buffer pending; /* frames: size_t payload length, payload, padded to 8 */
    struct window_counts counts;
};

/* What is chosen when nobody sets a length: a minute, and five for a sparse log. */
#define WINDOW_DENSE_NS  (60 * NS_PER_S)
#define WINDOW_SPARSE_NS (300 * NS_PER_S)

static inline int64_t start_of(const struct windows *w, uint64_t index)
{
    return w->first_ns + (int64_t)index * w->window_ns;
}

/* pane.c */
struct pane *pane_of(struct windows *w,
                     uint64_t index); /* of an open window; made when there is none */
void pane_retire(struct windows *w,
                 struct pane *pane); /* emptied, and kept for the next if none is */
void pane_free(const struct windows *w, struct pane *pane); /* accepts NULL */

/* close.c */
/* The next `count` windows, however many of them are empty. */
void close_many(struct windows *w, uint64_t count, uint32_t flags);
/* What ends at or before `until`, less the lateness. Behind the last wanted time there are no windows. */
void close_until(struct windows *w, int64_t until, uint32_t flags);
/* Write the empty windows that wait; the next one is `before`. */
void close_run(struct windows *w, uint64_t before);

#endif /* WINDOW_PANE_H */
