/* SPDX-License-Identifier: MIT */
/*
 * first.h - of troubles in several streams at about the same time: which was there first, and which followed.
 *
 *      finding ──▶ [ troubles of all streams that are open, or were lately ] ──▶ finding.began
 *
 * Two troubles of different streams are *linked*
 *   - by traces: records that are evidence in their windows share a trace id, and neither was over long before the other began; or
 *   - by time: they began within FIRST_NEAR_NS (or three windows, where those are longer) of each other, both were worth a page or a
 *     ticket, also where nobody wanted to hear of it, and not both have trace ids. Where both have some and share none, what they
 *     served was not the same, and no link is made up.
 * A finding names the earliest of those it is linked with, or itself, and the others in the order they began. Began is when the first
 * record of its evidence was written, which is finer than the window that counted it. A link is one step: no chains, which on a busy
 * day would lead back to its morning.
 *
 * Nothing waits for it: who comes first cannot know who will follow, and says so when it is revised or resolved. A scan reads one stream
 * after the other, so there a finding knows the streams before its own.
 *
 *   State    FIRST_TROUBLES of about 400 bytes; the same frames give the same state
 *   Cost     a finding: the evidence of its window; a window: nothing, unless its stream is in trouble
 */
#ifndef JUDGE_FIRST_H
#define JUDGE_FIRST_H

#include "base/clock.h"
#include "base/pack.h"
#include "judge/finding.h"
#include "ring/closed.h"

enum { FIRST_TROUBLES = 64, FIRST_IDS = 32 };
#define FIRST_NEAR_NS (300 * NS_PER_S)

struct firsts;
int firsts_create(struct firsts **ret);
void firsts_free(struct firsts *firsts); /* accepts NULL */

/*
 * A finding that a detector made is about to be delivered: remember its trouble, and fill in `began`, which is lent until the next call.
 * `closed`: the window it was told from; may be NULL.
 */
void firsts_fill(struct firsts *firsts, struct finding *finding, const struct closed *closed);
/*
 * The same for the burn of an error budget, whose first bad record was written then. It is what a trouble did to people and no trouble of
 * its own: it asks, and no other finding is linked with it.
 */
void firsts_ask(struct firsts *firsts, struct finding *finding, int64_t sign_ns);
/* A window of a stream: if that is in trouble, what is evidence now may share traces with what follows. */
void firsts_window(struct firsts *firsts, const char *stream, const struct closed *closed);

/* For another run of the program; and back, in one that was just created. What cannot be sets in->bad. */
void firsts_pack(const struct firsts *firsts, struct buffer *out);
void firsts_unpack(struct firsts *firsts, struct unpacker *in);
void firsts_forget(struct firsts *firsts);

#endif /* JUDGE_FIRST_H */
