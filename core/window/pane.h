/* SPDX-License-Identifier: MIT */
/*
 * pane.h - inside the window room: what an open window is, and all that a stream's windows know.
 *
 *      window.c         believes stamps, places records, says when windows are over
 *      pane.c           an open window and its memory
 *      group.c          which group of a grouped series a record is of, and who sits in which slot; group_state.c: as bytes
 *      concern.c        which series a record may count in
 *      close.c          closed windows become frames, in order and without holes
 *      window_state.c   all of it as bytes, and back
 *
 * Windows are counted from 0, the one with the first record. Those in [oldest, newest] are open; of these only the ones
 * with records have a pane. What was closed and is not yet in the ring is pending.
 */
#ifndef WINDOW_PANE_H
#define WINDOW_PANE_H

#include "ring/batch.h"
#include "window/evidence.h"
#include "window/window.h"

/* What a slot keeps besides its state, made when its first record comes: most windows see few of many groups. */
struct slot_room {
    struct evidence evidence;
    char store[];
};

/* A grouped series, see group.h. */
struct group {
    const struct group_spec *spec;
    struct group_slot *slots; /* [spec->slots + 1]; taken in order; the last is `other` */
    uint32_t *table;          /* [mask + 1] open addressing by hash: 1 + slot, 0 = nobody */
    uint32_t mask;
    uint64_t none_before; /* no group's newest record lies in a window before this one */
    bool full_said, useless_said;
    struct group_counts counts;
};

/* One open window. */
struct pane {
    uint64_t records, late;
    struct series_state *states; /* [series_count] */
    char *stores;                /* of all series that need one, but for slots */
    struct evidence *evidence;   /* [plain] */
    struct slot_room **rooms;    /* [series_count - plain]; NULL: no record has come yet */
};

/*
 * Of a hundred patterns a record matches one or none: only the series it concerns are looked at. Those that want pattern p
 * stand in order[first[p]..first[p + 1]), behind them all that ask every record.
 */
struct concerns {
    uint32_t *order;                    /* [plain] */
    uint32_t first[BATCH_PATTERNS + 1]; /* the last: where those that ask every record begin */
    uint32_t words; /* of 64 patterns, up to the highest that is asked for */
};

struct windows {
    struct window_options options;
    size_t plain; /* so many of the series are no slots: the first ones */
    struct concerns concerns;
    struct group *groups;   /* [options.group_count] */
    uint64_t placed;        /* index of the window that the newest record counts in */
    struct buffer exhibits; /* those of the frame being written */
    int64_t window_ns;
    struct pane *panes
        [WINDOW_OPEN_MAX]; /* ring: window `index` lies at index % WINDOW_OPEN_MAX; NULL = empty */
    struct pane *spare;    /* one that was closed, to be used again */
    uint64_t oldest, newest; /* indices of the open windows; newest < oldest: none yet */
    int64_t first_ns;        /* start of window 0, NO_TIME before the first record */
    struct window_source *holders;
    int64_t
        bar_ns; /* what every holder must reach before the oldest window closes, NO_TIME: not known */
    size_t below;       /* so many holders have not reached it */
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
/* The evidence of a series; of a slot that no record came to: NULL. */
struct evidence *pane_evidence(const struct windows *w, const struct pane *pane, size_t series);
/* Make room for a slot's first record. */
void pane_furnish(const struct windows *w, struct pane *pane, size_t series);

/* close.c */
/* The next `count` windows, however many of them are empty. */
void close_many(struct windows *w, uint64_t count, uint32_t flags);
/* What ends at or before `until`, less the lateness. Behind the last wanted time there are no windows. */
void close_until(struct windows *w, int64_t until, uint32_t flags);
/* Write the empty windows that wait; the next one is `before`. */
void close_run(struct windows *w, uint64_t before);

/* concern.c */
int concerns_create(
    struct windows *w); /* once groups_create() knows which series are no slots */
void concerns_free(struct windows *w);
/* Count a record in all series that are no slots. */
void concerns_count(struct windows *w, struct pane *pane, const struct sighting *sighting);

/* group.c, and group_state.c for bytes */
void group_enter(struct group *group, uint32_t slot); /* into the table, by its hash */
int groups_create(struct windows *w);
void groups_free(struct windows *w);
/* Count a record, which lies in window w->placed, for the groups that it is of. */
void groups_count(struct windows *w, struct pane *pane, struct sighting *sighting);
/* Window 0 is `back` windows earlier than was thought. */
void groups_shift(struct windows *w, uint64_t back);
/* Who sits in a slot in window `index`? NULL: nobody, so there is no number. */
const struct group_slot *groups_at(const struct windows *w, size_t series, uint64_t index);
void groups_pack(const struct windows *w, struct buffer *out);
/* Into windows that were just created and know their span; false when the bytes are none. */
bool groups_unpack(struct windows *w, struct unpacker *in);

#endif /* WINDOW_PANE_H */
