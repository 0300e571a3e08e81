/* SPDX-License-Identifier: MIT */
/*
 * evidence.h - the records that show what a series counted in one window: the first, the worst, a typical one.
 *
 * Worst is the highest level; of a MIN, MAX, MEAN or SUM series it is the extreme value, whatever its level. Typical is the record at the highest power of two: it lies
 * in the second half of what was counted, needs no randomness and is copied O(log n) times. Texts are copied because the
 * batch is gone when the window closes, and redacted on the way. Text and name are bounded, so that a window with all the
 * evidence it can have still fits the smallest ring.
 */
#ifndef WINDOW_EVIDENCE_H
#define WINDOW_EVIDENCE_H

#include "base/pack.h"
#include "base/redact.h"
#include "ring/closed.h"
#include "window/path.h"

#include <oddline/detector.h>

#include <stdbool.h>

enum {
    EVIDENCE_PATH_BYTES = 512
}; /* the last ones of a longer name: they say which file it is */

/* One kept record. */
struct exhibit {
    struct path *path; /* NULL: none yet; a reference of its own */
    uint64_t offset, line, hash;
    int64_t time_ns;
    uint32_t length, level, text_len;
    char text[EVIDENCE_TEXT_BYTES];
};

/* What one series keeps in one window. */
struct evidence {
    struct exhibit roles[EVIDENCE_ROLES];
};

/* The record under consideration and where it stands. */
struct sighting {
    const struct oddline_batch *batch;
    const struct oddline_record *record;
    struct path *path;
    uint64_t offset, line; /* of the record */
    const struct redaction *redactions;
    size_t redaction_count;
};

/*
 * The `count`-th record (from 1) that the series counts in this window; `extreme` as series_add() said, and `by_value` as
 * series_by_value() does: then it alone says which record is the worst.
 */
void evidence_see(struct evidence *evidence, const struct sighting *sighting, uint64_t count,
                  bool by_value, bool extreme);
void evidence_clear(struct evidence *evidence);

/* Only what is there; a record in several roles once. */
void evidence_pack(const struct evidence *evidence, struct buffer *out);
/*
 * Into cleared evidence: false when the bytes are none; what was read until then is there, to be cleared. *path is the name
 * read last, which the next is likely to share; it is one of a reference that somebody holds, or NULL.
 */
bool evidence_unpack(struct evidence *evidence, struct unpacker *in, struct path **path);

/*
 * Append the texts of what `series` kept to a payload that is being built in `out` from `base` on, and describe them in `ret`;
 * returns how many. A record in several roles is written once. The structs go behind all texts, which only the caller
 * can know.
 */
size_t evidence_write(const struct evidence *evidence, uint32_t series, struct buffer *out,
                      size_t base, struct closed_evidence ret[EVIDENCE_ROLES]);

#endif /* WINDOW_EVIDENCE_H */
