/* SPDX-License-Identifier: MIT */
/*
 * weave.h - the windows of several streams as one row of pieces in event time: what the budget of a service is counted by.
 *
 *      web     |── 1 m ──|── 1 m ──|── 1 m ──|
 *      api     |────────────── 3 m ──────────|        a strand each
 *      pieces  |─────────|─────────|─────────|        each ends where a window ends, and counts the windows that end there
 *
 * A piece is made when all strands that have begun reach as far. Thus it does not matter who came first: one after the other, as in a
 * scan, or side by side. Its time is known when each of them knows it; what a strand does not know is never good. A stream that has more
 * to read is waited for, so nothing is said of a time that is read by half; one that is quiet goes on by the clock of the lane.
 *
 * A stream that has said nothing yet is no part of the service. Where streams are read one after the other (`patient`) it may still come:
 * it is waited for until the end. Else it is waited for until everybody has been read once (WEAVE_MARKS marks), and after that
 * WEAVE_GRACE windows, so that its first one is not late.
 *
 * A window that comes when its time has gone by counts where it belongs, and its time stays unknown.
 *
 *   State    72 bytes for each window that waits (a run of empty ones is one), and the bad records that it shows
 */
#ifndef JUDGE_WEAVE_H
#define JUDGE_WEAVE_H

#include "base/pack.h"
#include "judge/ledger.h"
#include "judge/trouble.h"

enum {
    WEAVE_PROOFS = EVIDENCE_ROLES,
    WEAVE_MARKS = 30, /* 50 ms apart or more: thrice what a short file waits for its format */
    WEAVE_GRACE = 2,
    WEAVE_WAITING_MAX =
        1 << 18, /* windows of one strand: half a year of minutes. Then nobody is waited for. */
    WEAVE_PROOFS_MAX = 1 << 12, /* bad records that wait with them; further windows show none */
};

struct weave;
struct weave *weave_create(const char *name, bool patient); /* `name` is lent */
void weave_free(struct weave *weave);                       /* accepts NULL */
/* One more stream. Their order is that of the names, whoever comes first; numbers hold once all are there. */
void weave_strand(struct weave *weave, const char *stream);
size_t weave_number(const struct weave *weave, const char *stream);

/* A window of that strand; the bad records that show it are copied. Its time may have gone by: then it is a piece of its own. */
struct weave_window {
    struct ledger_window counted;
    const struct proof *proofs; /* [proof_count] */
    size_t proof_count;
};
void weave_add(struct weave *weave, size_t strand, const struct weave_window *window);
/* Bytes of that strand that are not read: the time that they are of is not known. */
void weave_gap(struct weave *weave, size_t strand, int64_t at_ns);
/* Is that in a gap of the strand? */
bool weave_in_gap(const struct weave *weave, size_t strand, int64_t start_ns, int64_t end_ns);
/* Everything that was there to read has had its turn once more. */
void weave_mark(struct weave *weave);
/* Nothing will follow for any of them. */
void weave_end(struct weave *weave);

/* The next piece; false when somebody is waited for. `proofs` are lent until the next call; `late`: its time had gone by. */
struct weave_piece {
    struct ledger_window counted;
    const struct proof *proofs;
    size_t proof_count;
    bool late;
};
bool weave_next(struct weave *weave, struct weave_piece *ret);
/* Who is waited for, and holds back what others brought; NULL: nobody. */
const char *weave_awaits(const struct weave *weave);

/* As if nothing had come; the strands stay. */
void weave_forget(struct weave *weave);
/*
 * Go on where `old` was. A strand that is not there any more gives what it has; of one for which `kept` says no the stream has begun
 * anew: what it has stands, and it is waited for like one that has said nothing.
 */
typedef bool weave_kept(const void *context, const char *stream);
void weave_inherit(struct weave *weave, struct weave *old, weave_kept *kept,
                   const void *context);
void weave_pack(const struct weave *weave, struct buffer *out);
/* Into one that was just created, without strands. What cannot be sets in->bad. */
void weave_unpack(struct weave *weave, struct unpacker *in);

#endif /* JUDGE_WEAVE_H */
