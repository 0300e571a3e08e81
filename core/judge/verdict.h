/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - decides which opinions of a stream become findings, and when those are over.
 *
 *      opinions ──▶ admissible? ──▶ strongest of its side ──▶ over the threshold + fatigue? ──▶ hold ──▶ fire
 *                                                            below it for a while? ──▶ resolve
 *
 * A stream has at most one open trouble on each side: too much (spike, shift, trend, new) and too little (drop,
 * silence). What else is odd meanwhile supports the open one: that is one finding for one trouble, whatever the number of
 * series and detectors that see it. Each page or ticket makes the stream a little tired: its threshold rises and comes back over some
 * dozens of windows, so a trouble that comes again and again must be odder each time. What is muted, silenced or over the storm cap is a
 * finding for the log, labelled with the reason; it fires aloud when that ends and the trouble does not.
 */
#ifndef JUDGE_VERDICT_H
#define JUDGE_VERDICT_H

#include "judge/panel.h"
#include "judge/trouble.h"

struct verdict;

struct verdict_options {
    const struct judge_stream *stream;
    /* Fills in the id, and detected_ns where the judge is live. */
    void (*deliver)(void *context, struct finding *finding);
    void *context;
    const struct silences *silences; /* of all streams, as they stand now; may be NULL */
    struct past *past;               /* of all streams; may be NULL */
    bool apart;                      /* detectors on trial: what they find is no incident */
};
int verdict_create(const struct verdict_options *options, struct verdict **ret);
void verdict_free(
    struct verdict *verdict); /* accepts NULL; open troubles stay open in the world */

/* Another judge goes on with it: `context` of its deliveries is this one now, and `stream` is the same under its roof. */
void verdict_move(struct verdict *verdict, const struct judge_stream *stream, void *context);

/* The series begins anew, as another group's: forget what was said of it, and end what is open about it. */
void verdict_renew(struct verdict *verdict, uint32_t series, int64_t now_ns);

/* All opinions on one closed window. */
void verdict_window(struct verdict *verdict, const struct closed *closed, uint64_t nth,
                    const struct opinion *opinions, size_t count);

/* Those on one that is not over yet: what is too much already does not wait for its end. */
void verdict_glance(struct verdict *verdict, const struct closed *closed,
                    const struct opinion *opinions, size_t count);

/* New pages and tickets that the storm cap held back. */
uint64_t verdict_suppressed(const struct verdict *verdict);
/* A status object: how far it has warmed up, its thresholds, what is open. */
void verdict_report(const struct verdict *verdict, struct json *json);
/* Its open troubles, by where they went, are added. */
void verdict_firing(const struct verdict *verdict, uint32_t counts[ROUTES]);

/* May one more finding of page or ticket be sent at this event time (NO_TIME: before any)? Counts it as held back when not. */
bool verdict_admit(struct verdict *verdict, int64_t now_ns);

/* All it remembers, for another run of the program; and back, in one that was just created. What cannot be sets in->bad. */
void verdict_pack(const struct verdict *verdict, struct buffer *out);
void verdict_unpack(struct verdict *verdict, struct unpacker *in, const struct panel *panel);

#endif /* JUDGE_VERDICT_H */
