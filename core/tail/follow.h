/* SPDX-License-Identifier: MIT */
/*
 * follow.h - a followed file, and the tail that follows them all: shared by the files below, for this room only.
 *
 *      tail.c      the face: turns                      crowd.c    who is followed: by name, by inode, in turn, open
 *      changes.c   bookmarks in and out                 copy.c     what copytruncate left behind
 *      rotate.c    what happens to names                resume.c   where to begin: bookmarks, archives of known files
 *      absent.c    what happened while nobody looked    unseen.c   before a name was ever looked at
 *      reread.c    once more, for a replay           generation.c  which file comes after which
 *
 *                   ┌────────── adopt: the name matches ──────────┐
 *                   ▼                                             │
 *      open ──▶ FOLLOW_LIVE ──name gone or another's──▶ FOLLOW_ROTATED ──drained──▶ -ENODATA ──tail_done──▶ gone
 *
 * Invariants: only LIVE files are found by name, at most one per name; every followed file is found by device and inode,
 * except one whose inode cannot be told. A file in neither list of turns waits for news.
 */
#ifndef TAIL_FOLLOW_H
#define TAIL_FOLLOW_H

#include "base/clock.h"
#include "tail/bookmark.h"
#include "tail/discover.h"
#include "tail/inner.h"
#include "tail/tail.h"

#include <limits.h>
#include <sys/queue.h>

enum {
    FILES_MAX = 10000,
    OPEN_MAX = 16384,   /* descriptors; what is idle longest is parked */
    OPEN_RESERVE = 256, /* of the process's limit, for what is no log */
    CROWD_BUCKETS = 16384,
    LEAVERS_MAX = 64, /* names that lost their file just now */
    SAID_MAX = 4096,  /* troubles with single files that are said once; then no more */
};

/* What rotation puts behind a name: .1, -20240101, _2024-01-01. */
#define ROTATED_CHARS ".-_0123456789"

enum follow_state { FOLLOW_LIVE, FOLLOW_ROTATED, FOLLOW_GONE };

struct followed {
    struct tail *tail;
    struct source *source;
    enum follow_state state;
    bool ready, waiting;  /* in one of the two lists of turns */
    bool open;            /* counted among the descriptors */
    bool over;            /* an archive that was read; stays known while its name does */
    bool fresh;           /* it waits for a look beside it: unseen.c */
    bool held;            /* one before it must be read first: crowd_waits() */
    bool dirty;           /* something may have changed since tail_changes() */
    struct bookmark seen; /* by the last tail_changes(), without its path; serial 0 = never */
    uint64_t seen_path;   /* hash of it */
    uint64_t size;        /* as of the last sweep */
    int64_t mtime_ns;
    uint64_t lent_at; /* offset and bytes shown when it was lent: has anything come? */
    int64_t news_ns;  /* when the last byte came, or the name went */
    struct followed *name_next, *inode_next, *serial_next;
    uint64_t name_hash, left_hash;   /* of its name; of its log's, which it had before */
    struct followed *after, *before; /* it is read after `after`, whose name it took */
    TAILQ_ENTRY(followed) all, turn, descriptor, change;
};

TAILQ_HEAD(followed_list, followed);

struct tail {
    struct tail_options options;
    struct discover *discover;
    int wake_fd;
    struct followed_list all, ready, archives, fresh, open, dirty, trash;
    struct followed *by_name[CROWD_BUCKETS], *by_inode[CROWD_BUCKETS],
        *by_serial[CROWD_BUCKETS];
    size_t count, open_count, open_max;
    struct followed *lent, *unpacking;
    int64_t next_sweep_ns, next_look_ns, looked_ns; /* looked: how long the last one took */
    int64_t began_ns; /* wall clock, as the file system has it: what is born later is news */
    uint64_t sweeps;
    bool begun;  /* tail_begin() was called: what is found from now on is new ... */
    bool adding; /* ... but for what a pattern finds that is just being added */
    bool lost;   /* events were: the next sweep looks at every file */
    bool full;   /* said that there are too many files */
    bool links;  /* some followed name is a symlink */
    struct followed *leavers[LEAVERS_MAX];
    size_t leaver, nameless; /* nameless: how many are ROTATED */
    struct book book;
    uint64_t serials; /* given so far */
    uint64_t boot;    /* hash of this boot's id; 0 = unknown */
    uint64_t said[SAID_MAX];
    struct tail_counts counts;
};

/* ---- crowd.c -------------------------------------------------------------- */

struct followed *crowd_named(struct tail *tail, const char *path);
struct followed *crowd_inode(struct tail *tail, uint64_t device, uint64_t inode);
struct followed *crowd_add(struct tail *tail,
                           struct source *source); /* owns the source; NULL: out of memory */
void crowd_name(struct tail *tail,
                struct followed *f); /* found by its source's path from now on */
void crowd_unname(struct tail *tail, struct followed *f);
/* `then`, which waits for nobody yet, has its turns when `first` is drained, and what waited for `first` after that. */
void crowd_order(struct followed *first, struct followed *then);
/* The new file `f` has the name of one that left, which is read first: that one, or NULL. */
struct followed *crowd_succeed(struct tail *tail, struct followed *f);
/* It had the name of this log, as far as anybody can tell: what has it next comes after it. */
void crowd_left(struct tail *tail, struct followed *f, uint64_t log);
/* Who had it last, but for `f`, and is followed by nobody; NULL. */
struct followed *crowd_leaver(struct tail *tail, const struct followed *f, uint64_t log);
/* Give it this serial, or the next one that is free for 0. */
void crowd_number(struct tail *tail, struct followed *f, uint64_t serial);
struct followed *crowd_numbered(struct tail *tail, uint64_t serial);
void crowd_changed(struct followed *f);                   /* tail_changes() will look at it */
void crowd_remove(struct tail *tail, struct followed *f); /* freed at the next crowd_sweep() */
void crowd_sweep(struct tail *tail);
/* It may have bytes: give it a turn. Archives take theirs one after another, for their memory. */
void crowd_ready(struct tail *tail, struct followed *f);
struct followed *crowd_turn(struct tail *tail);
/* It is among the fresh ones no longer, and in no list. */
void crowd_unfresh(struct tail *tail, struct followed *f);
/*
 * Must one before it be read first? Then it has its turn when that is drained. Else its source is limited to what was written before
 * those before it were seen to be drained: who writes to the new file has done with the old ones, so this is the order in which
 * the lines were written.
 */
bool crowd_waits(struct tail *tail, struct followed *f);
/* It is drained, or gone: those that wait for it may have their turns. */
void crowd_resume(struct tail *tail, struct followed *f);
void crowd_unpacked(struct tail *tail, struct followed *f); /* the next archive may begin */
/* Its descriptor is open, or was used just now; parks others when there are too many. */
void crowd_opened(struct tail *tail, struct followed *f);
void crowd_parked(struct tail *tail, struct followed *f);
/* True the first time for this subject. */
bool crowd_says(struct tail *tail, const char *subject);

/* ---- rotate.c ------------------------------------------------------------- */

/* Something may have happened to this name: look, and do what follows from it. */
void rotate_check(struct tail *tail, const char *path);
/* A walk found the name. */
void rotate_found(struct tail *tail, const char *path, struct tail_wish wish);
/* Its name no longer means it: read what is left, through the descriptor. */
void rotate_away(struct tail *tail, struct followed *f);
/* Make its descriptor open: by its name, else by looking for its inode beside it. What cannot be found is final. */
void rotate_reopen(struct tail *tail, struct followed *f);
/* Open it again beside its last name, where its inode is. */
int rotate_unpark_beside(struct source *source);
/* Look at every followed name. */
void rotate_sweep(struct tail *tail);

/* ---- resume.c ------------------------------------------------------------- */

/* A new file: where to begin? */
void resume_begin(struct tail *tail, struct followed *f, enum tail_start start);
/* Does an open file's content fit the bookmark? If so, the marker is read. */
bool resume_holds(const struct source *source, const struct bookmark *mark, struct marker *ret);
/* Go on at the bookmark. */
void resume_take(struct followed *f, const struct bookmark *mark, const struct marker *marker);
/* Where the directory's part of a path ends. */
size_t resume_dir_len(const char *path);
/* It is not followed any more: keep its bookmark. */
void resume_leave(struct tail *tail, struct followed *f);
/* Its content begins anew: keep the bookmark of the old one, under the old serial. */
uint64_t resume_cut(struct source *source);
/* The bookmark of a followed file as of now; its path is the source's. */
void resume_mark(struct followed *f, struct bookmark *ret);

/* ---- absent.c ------------------------------------------------------------- */

/* Before the first turn: find what was renamed while nobody looked, and sort the turns by age. */
void absent_all(struct tail *tail);
/* `f` comes after `old` in this log: follow the generations that came and went between two looks, in their order. */
void absent_between(struct tail *tail, struct followed *old, struct followed *f,
                    const char *log);
/* Is `path` what rotation makes of `base`: with a number or a date behind it? */
bool absent_is_rotated(const char *path, const char *base);
bool absent_is_packed(const char *path);
/* The followed file whose rotated name the first `len` bytes of `path` are; NULL. */
struct followed *absent_base(struct tail *tail, const char *path, size_t len);
/* Follow this generation of `f` from its beginning to its end, unless it is known; NULL. */
struct followed *absent_follow(struct followed *f, const char *path);

/* ---- generation.c --------------------------------------------------------- */

/* The next shorter name, below `len`, of which `path` may be a rotation: its length; 0: none. */
size_t generation_shorter(const char *path, size_t len);
/* Is `path` what rotation makes of the name with this hash? */
bool generation_is_of(const char *path, uint64_t log);
/* Was it written for the last time when `before` was not born yet? */
bool generation_was_done(const struct followed *f, const struct followed *before);
/* In the order that ends with `last`: after whom does `f` belong, by age? NULL: before all. */
struct followed *generation_before(struct followed *last, const struct followed *f,
                                   const char *log);
/* The new file `f` has a rotated name of a known log: it gets its place. After whom, and in which log; NULL: it has none. */
struct followed *generation_succeed(struct tail *tail, struct followed *f, char log[PATH_MAX]);

/* ---- unseen.c ------------------------------------------------------------- */

/* A file under a name that nobody had: it has its turns when generations before it were looked for. */
void unseen_expect(struct tail *tail, struct followed *f);
/* Look for them, if it is time. */
void unseen_look(struct tail *tail);

#endif /* TAIL_FOLLOW_H */
