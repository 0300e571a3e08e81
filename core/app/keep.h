/* SPDX-License-Identifier: MIT */
/*
 * keep.h - all that has state, as bytes: the sections of a snapshot.
 *
 *      "meta"   what the journal was at       "lane"   streams: windows; sources: what their recorders learnt
 *      "tail"   bookmarks                     "judge"  troubles, calibration, what the detectors know
 *
 * Bookmarks are in a format that other builds understand; the others are the business of one build alone.
 */
#ifndef APP_KEEP_H
#define APP_KEEP_H

#include "app/commit.h"
#include "base/pack.h"

/* ---- written: lane thread, but for the last ------------------------------ */

void keep_lane(struct daemon *daemon, struct buffer *out);
void keep_tail(struct daemon *daemon, struct buffer *out);
/* moved, gap, lost, gaps, and how many serials the tail has given. */
void keep_counts(const struct conservation *bytes, uint64_t serials, struct buffer *out);
/* Judge thread, at the mark: the file, durable. Returns its size or -errno. */
int64_t keep_snapshot(struct daemon *daemon, const struct slip *slip);

/* ---- read ---------------------------------------------------------------- */

/* -EBADMSG when it makes no sense. */
int unkeep_counts(struct bytes packed, struct conservation *ret, uint64_t *ret_serials);

#endif /* APP_KEEP_H */
