/* SPDX-License-Identifier: MIT */
/*
 * slo.h - the service level objectives of a stream: their ledgers, and what is claimed when a budget burns.
 *
 *      window ──bad, total──▶ ledger ──▶ burn: rules ──▶ claims ──finding──▶ mute, silence ──▶ deliver
 *
 * No detector and no score: rules say which route a burn takes, and the budget must outlive any worker. An SLO makes three claims, each a
 * finding with a fingerprint of its own: it pages (a page covers tickets that would begin meanwhile), it is a ticket, its budget is
 * gone. They are looked at whenever event time passes a unit of the period (a minute of 30 days), or a window where these are longer.
 *
 * A claim is over when no rule of it was met for a while in which records came: silence is not good. It is over too when
 * nothing at all is left in its windows.
 *
 *      slo.c          windows, and the life of a claim
 *      slo_words.c    what a claim says
 *      slo_finding.c  as a finding, with what goes with it
 *      slo_state.c    carried over a restart, a reload; and shown in the status
 */
#ifndef JUDGE_SLO_H
#define JUDGE_SLO_H

#include "base/json.h"
#include "judge/judge.h"
#include "judge/past.h"

struct slos;

/*
 * Where findings go. They come with what the stream and the SLO say, and are muted and silenced already. What one says of its past is kept
 * for its revisions in `kept`, which is empty with the first.
 */
struct slo_sink {
    void (*deliver)(void *context, struct finding *finding, struct recall *kept);
    void *context;
    const struct silences *silences;
};

int slos_create(const struct judge_stream *stream, struct slos **ret);
void slos_free(struct slos *slos); /* accepts NULL */

/* The `nth` (from 0) of the windows that the frame stands for. */
void slos_window(struct slos *slos, const struct closed *closed, uint64_t nth,
                 const struct slo_sink *sink);
/* Bytes that are not read: the time that they are of is not known. */
void slos_gap(struct slos *slos, int64_t at_ns);

/* Go on where those of `old`, the same stream before, left off. One that means something else by now begins anew, and says so. */
void slos_inherit(struct slos *slos, struct slos *old);
/* For another run of the program; what cannot be sets in->bad. */
void slos_pack(const struct slos *slos, struct buffer *out);
void slos_unpack(struct slos *slos, struct unpacker *in);
void slos_forget(struct slos *slos);

/* An object for each, into an array that was begun. */
void slos_report(const struct slos *slos, struct json *json);
/* Open findings, by where they went, are added. */
void slos_firing(const struct slos *slos, uint32_t counts[ROUTES]);

#endif /* JUDGE_SLO_H */
