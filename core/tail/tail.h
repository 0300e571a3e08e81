/* SPDX-License-Identifier: MIT */
/*
 * tail.h - follows many files: finds them, notices what happens to them, says which one has bytes.
 *
 *      globs, directories ──▶ discover ──▶ [ followed files ] ──▶ tail_next() ──▶ one that may have bytes, in turn
 *                               ▲ inotify on directories, or polling alone
 *
 * Rotation by rename: the old file is read to its end through its open descriptor, then, after `rotate_wait`, closed;
 * the new one under the name starts at 0. Copytruncate: noticed by size and by the marker before the offset. The same file under
 * two names (hard link, symlink, two globs) is followed once, under the name found first. A symlink is followed to a regular file;
 * when it is switched, that is a rotation.
 */
#ifndef TAIL_TAIL_H
#define TAIL_TAIL_H

#include "tail/source.h"

struct tail;

/* Where to begin in a file that is there at the start and has no bookmark; later ones begin at 0. */
enum tail_start { TAIL_BEGIN, TAIL_END };

/* What comes with a pattern, and goes with each file that it names. */
struct tail_wish {
    uint32_t group; /* comes back from tail_group(): the stream it belongs to */
    enum tail_start start;
};

struct tail_options {
    const char *bookmarks; /* file that remembers how far each file was read; NULL = none */
    int64_t poll_ns; /* sweep for what inotify did not tell; 0 = 1 s (250 ms without inotify) */
    int64_t
        rotate_wait_ns; /* keep a rotated or deleted file open so long after its last byte; 0 = 60 s */
    size_t files_max; /* followed at once; more are named once and left; 0 = 10,000 */
    bool no_inotify;  /* poll only */
};

int tail_create(const struct tail_options *options, struct tail **ret, struct error *reterr);
void tail_free(struct tail *tail); /* accepts NULL; does not write bookmarks */

/*
 * Follow what `pattern` names: a file, a glob, or a directory (every regular file in it, not below). Need not exist yet.
 * Where several patterns name a file, the first one's wish counts.
 */
int tail_add(struct tail *tail, const char *pattern, struct tail_wish wish,
             struct error *reterr);

/* Look for no more files of this group; what is followed already stays until tail_done(). */
void tail_remove(struct tail *tail, uint32_t group);

/*
 * A source that may have bytes, in turn (a loud one starves none), or NULL after `timeout_ms` without any.
 *   Lends    the source, until tail_done(); the user pointer is the caller's
 *   Thread   one
 */
struct source *tail_next(struct tail *tail, int timeout_ms);
/* Makes a sleeping tail_next() return NULL soon. From any thread. */
void tail_wake(struct tail *tail);
/* The caller got -ENODATA and let go of its own state: forget the source. */
void tail_done(struct tail *tail, struct source *source);

uint32_t tail_group(const struct source *source);
void *tail_user(const struct source *source);
void tail_set_user(struct source *source, void *user);
/* A number of the caller's that lives in the file's bookmark, such as the lines read so far; 0 in a new file. */
uint64_t tail_note(const struct source *source);
void tail_set_note(struct source *source, uint64_t note);

/* Walk all open sources: pass NULL to begin; NULL at the end. */
struct source *tail_each(struct tail *tail, struct source *last);

/*
 * Bookmarks. tail_mark() notes the consumed offset of every file now; once those bytes are scored, tail_save() makes the
 * newest mark durable: temp file, fdatasync, rename, fsync of the directory.
 */
void tail_mark(struct tail *tail);
int tail_save(struct tail *tail, struct error *reterr);

struct tail_counts {
    uint64_t files, opened, rotated, truncated, refused, bookmark_invalid;
    bool polling; /* inotify is not to be had */
};
struct tail_counts tail_counts(const struct tail *tail);

#endif /* TAIL_TAIL_H */
