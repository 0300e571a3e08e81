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

struct bookmark; /* bookmark.h */
struct tail;

/* Where to begin in a file that is there at the start and has no bookmark; later ones begin at 0. */
enum tail_start { TAIL_BEGIN, TAIL_END };

/* What comes with a pattern, and goes with each file that it names. */
struct tail_wish {
    uint32_t group; /* comes back from tail_group(): the stream it belongs to */
    enum tail_start start;
};

struct tail_options {
    int64_t poll_ns; /* sweep for what inotify did not tell; 0 = 1 s (250 ms without inotify) */
    int64_t
        rotate_wait_ns; /* keep a rotated or deleted file open so long after the last byte that was read; 0 = 60 s */
    size_t files_max; /* followed at once; more are named once and left; 0 = 10,000 */
    bool no_inotify;  /* poll only */
};

int tail_create(const struct tail_options *options, struct tail **ret, struct error *reterr);
void tail_free(struct tail *tail); /* accepts NULL */

/*
 * Follow what `pattern` names: a file, a glob, or a directory (every regular file in it, not below). Need not exist yet.
 * Where several patterns name a file, the first one's wish counts. Nothing is opened before tail_begin().
 */
int tail_add(struct tail *tail, const char *pattern, struct tail_wish wish,
             struct error *reterr);

/* Look for no more files of this group; what is followed already stays until tail_done(). */
void tail_remove(struct tail *tail, uint32_t group);

/*
 * A bookmark of an earlier run; a later one of the same serial takes its place. Before tail_begin().
 *   Returns  0 (also for one that is too old to count), -EINVAL without a serial, -EBUSY too late, -ENOMEM
 */
int tail_know(struct tail *tail, const struct bookmark *mark);
/* Serials up to this one were given, though no bookmark may show it any more. Before tail_begin(). */
void tail_know_serials(struct tail *tail, uint64_t serials);
/* Find the files, and go on at their bookmarks. The first tail_next() does it otherwise; once is enough. */
int tail_begin(struct tail *tail);

/*
 * A source that may have bytes, in turn (a loud one starves none), or NULL after `timeout_ms` without any.
 *   Lends    the source, until tail_done(); the user pointer is the caller's
 *   Thread   one
 */
struct source *tail_next(struct tail *tail, int timeout_ms);
/*
 * To be called now and then by a caller that cannot take its turn: what happens to files is noticed all the same, and the descriptors of
 * deleted ones are released when nothing was read of them for `rotate_wait`; what was unread then is in source_gap(). Cheap when
 * nothing is due. The lent source stays as it is.
 */
void tail_tend(struct tail *tail);
/* Makes a sleeping tail_next() return NULL soon. From any thread. */
void tail_wake(struct tail *tail);
/* The caller got -ENODATA and let go of its own state: forget the source. */
void tail_done(struct tail *tail, struct source *source);

uint32_t tail_group(const struct source *source);
/*
 * The file whose name it took, while that is still followed; NULL: none. Bytes of a source are lent only after those of its predecessor; a
 * last line without its end in there will not be completed once there is something here.
 */
struct source *tail_predecessor(const struct source *source);
void *tail_user(const struct source *source);
void tail_set_user(struct source *source, void *user);
/* A number of the caller's that lives in the file's bookmark, such as the lines read so far; 0 in a new file. */
uint64_t tail_note(const struct source *source);
void tail_set_note(struct source *source, uint64_t note);

/* Walk all open sources: pass NULL to begin; NULL at the end. */
struct source *tail_each(struct tail *tail, struct source *last);

/*
 * The *serial* names one content of one file: dense from 1, kept in its bookmark, so a file has it over restarts and renames; a
 * file that was cut off and begins anew has a new one from the -ESTALE on. The archive or the copy that continues it has
 * one of its own.
 */
uint64_t tail_serial(const struct source *source);
uint64_t tail_origin(const struct source *source); /* serial of what it continues; 0 = none */
uint64_t tail_serials(const struct tail *tail);    /* how many were ever given */

/* ---- bookmarks, which somebody else keeps --------------------------------- */

/* The bookmark is lent for the call. */
typedef void tail_see(void *context, const struct bookmark *mark);
/*
 * The bookmark, as of now, of every file whose position, note, path, size or state has changed since the last call; of those
 * that were let go of, too.
 *   Cost     what changed, not what is there
 */
void tail_changes(struct tail *tail, tail_see *see, void *context);
/* The bookmark, as of now, of everything known: what a snapshot needs. What tail_changes() will show stays as it is. */
void tail_all(struct tail *tail, tail_see *see, void *context);

/*
 * After tail_begin(), to read once more what was read before a crash: open the content that is known under `serial`, wherever it is
 * now (under its name, beside it, deleted but still open here, or packed), apart from the followed source. source_read() begins at
 * `offset`, which must not lie behind its bookmark.
 *   Returns  0; -ENOENT when it is gone; -ESTALE when its content is another; -errno
 *   Owns     the caller, until source_close()
 */
int tail_reread(struct tail *tail, uint64_t serial, uint64_t offset, struct source **ret,
                struct error *reterr);

struct tail_counts {
    uint64_t files, opened, rotated, truncated, refused, bookmark_invalid;
    bool polling; /* inotify is not to be had */
};
struct tail_counts tail_counts(const struct tail *tail);

#endif /* TAIL_TAIL_H */
