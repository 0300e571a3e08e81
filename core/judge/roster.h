/* SPDX-License-Identifier: MIT */
/*
 * roster.h - what the slots of grouped series are called, window by window.
 *
 *      frame: slot 3 ◀ /pay ──▶ series 17 is errors_by_route{route="/pay"}, key route=/pay
 *
 * The windows say with every frame who sits where (window/group.h). What the verdict says of a stream it says with these names; the panel
 * keeps those of the plan, which are always the same. They outlive the program for what is open when a group gives way: it ends
 * with the name that it began with.
 *
 * Thread   the judge's
 */
#ifndef JUDGE_ROSTER_H
#define JUDGE_ROSTER_H

#include "base/pack.h"
#include "judge/judge.h"

struct roster;

/* *ret is NULL for a stream without groups: it is what it was configured to be. */
int roster_create(const struct judge_stream *configured, struct roster **ret);
void roster_free(struct roster *roster); /* accepts NULL */

/* The stream with these names, for as long as the roster lives. */
const struct judge_stream *roster_stream(const struct roster *roster);

/* From this window on they are these. Whoever still speaks of a group that is gone has to end before. */
void roster_read(struct roster *roster, const struct closed *closed);

/* The names of another roster of the very same stream. */
void roster_inherit(struct roster *roster, const struct roster *old);
/* For another run of the program; what cannot be sets in->bad. */
void roster_pack(const struct roster *roster, struct buffer *out);
void roster_unpack(struct roster *roster, struct unpacker *in);
/* As configured. */
void roster_forget(struct roster *roster);

#endif /* JUDGE_ROSTER_H */
