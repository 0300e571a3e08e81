/* SPDX-License-Identifier: MIT */
/*
 * judge_inner.h - the judge and what it keeps of each stream: judge.c goes through the frames, judge_deliver.c hands on what they say, judge_state.c carries it over a restart,
 * judge_report.c shows it.
 */
#ifndef JUDGE_JUDGE_INNER_H
#define JUDGE_JUDGE_INNER_H

#include "judge/first.h"
#include "judge/gaps.h"
#include "judge/judge.h"
#include "judge/panel.h"
#include "judge/placeholder.h"
#include "judge/roster.h"
#include "judge/slo.h"
#include "judge/verdict.h"

/* What the judge keeps of one stream; and of a service, which has only `slos`. */
struct bench {
    struct judge *judge;
    const struct judge_stream *configured;
    const struct judge_stream *stream; /* the same, or with the names that slots have now */
    struct roster *roster;             /* whose; NULL: it has no groups */
    struct panel *panel;
    struct verdict *verdict; /* NULL until it is needed */
    struct verdict *shadow;  /* of detectors that are only watched; NULL when there is none */
    struct gaps *gaps;       /* windows that detectors could not score */
    struct slos *slos;
    struct bench_share *shares; /* [share_count], owned: in SLOs of services */
    size_t share_count;
    int64_t reached_ns; /* event time of the newest window */
    bool kept;          /* it goes on where it was in a run or a configuration before */
};

struct bench_share {
    struct bench *service;
    struct slo_share share;
};

struct judge {
    struct judge_options options;
    struct bench *
        *benches; /* [bench_count], by number of the stream; NULL where there is none */
    size_t bench_count;
    struct bench **services; /* [service_count], owned */
    size_t service_count;
    bool services_made;
    struct retirees retirees; /* burns whose SLO is gone */
    struct bench late;        /* of which they are, while that is said */
    struct crew *crew;        /* all detectors of all streams */
    uint64_t position;        /* of the frame being judged */
    struct judge_counts counts;
    struct silences *silences;           /* owned; verdicts look at it */
    struct firsts *firsts;               /* owned: troubles of all streams */
    const struct closed *closed;         /* the window being judged; NULL: none */
    struct past *past;                   /* owned; verdicts look at it, and change it */
    struct placeholder_room annotations; /* of the finding that is being delivered */
};

/* ---- judge_deliver.c: findings on their way out; `context` is a bench ---- */

/* Of a trouble: with which stream it began. */
void judge_deliver_trouble(void *context, struct finding *finding);
/* Kept apart: for the log whatever it would have been, and labelled. */
void judge_deliver_shadow(void *context, struct finding *finding);
/* An error budget's. */
void judge_deliver_burn(void *context, struct finding *finding, struct slo_kept *kept);
/* Windows that a detector could not score. */
void judge_deliver_gap(void *context, struct gap_run *run, enum finding_status status);
/* A ticket of our own goes where the rules say. `capped`: it counts among those of its hour. */
void judge_deliver_ticket(struct bench *bench, struct finding *finding, bool capped);
/* A finding that no detector made: over as soon as it is said. Without a time it takes that of its delivery. */
struct finding judge_plain_finding(const struct bench *bench, enum finding_kind kind,
                                   int64_t at_ns);
/* What is wrong with a detector; `context` is the judge. */
void judge_complain(void *context, enum crew_trouble trouble, uint32_t seat,
                    const char *sentence);

/* ---- judge_past.c: what came before ---- */

int judge_past_create(struct judge *judge);
void judge_past_free(struct judge *judge);
/* It is handed on; `old` can only be freed then. */
void judge_past_inherit(struct judge *judge, struct judge *old);
void judge_remarks(struct judge *judge, const struct remarks_notice *notice);
void judge_deploy(struct judge *judge, const struct deploy_notice *notice);
/*
 * For a finding that no verdict delivers: what came before it, which it borrows from `kept`; then, with its id, for those to come.
 * `first`: it had none before.
 */
void judge_look_back(struct bench *bench, struct finding *finding, struct recall *kept);
void judge_remember(struct bench *bench, const struct finding *finding, bool first);

/* ---- judge_service.c: SLOs over several streams ---- */

/* All streams are there. May be called again. */
void judge_services(struct judge *judge);
void judge_services_free(struct judge *judge);
void judge_services_forget(struct judge *judge);
/* A window of a stream, a gap in it; everybody has had his turn; nothing follows. */
void judge_share(struct bench *bench, const struct closed *closed, uint64_t nth);
void judge_share_gap(struct bench *bench, int64_t at_ns);
void judge_services_mark(struct judge *judge);
void judge_services_end(struct judge *judge);
/* Say that burns are over whose SLO is gone. */
void judge_retire(struct judge *judge);
struct slo_heirs judge_heirs(struct judge *judge);
void judge_services_inherit(struct judge *judge, struct judge *old);
void judge_services_pack(const struct judge *judge, struct buffer *out);
void judge_services_unpack(struct judge *judge, struct unpacker *in);
/* The SLOs of a stream or a service of that name; `bench` NULL: it is not there any more. */
void judge_slos_unpack(struct judge *judge, struct bench *bench, struct bytes name,
                       struct unpacker *in);

/* The verdicts of a stream, made when the first is needed. */
struct verdict *judge_verdict(struct bench *bench);
/* Of its detectors on trial; NULL when there are none. */
struct verdict *judge_shadow(struct bench *bench);

#endif /* JUDGE_JUDGE_INNER_H */
