/* SPDX-License-Identifier: MIT */
/*
 * verdict_inner.h - what a verdict remembers: verdict_weigh.c says what counts, verdict.c decides by it, verdict_normal.c accepts
 * new levels, verdict_state.c carries it over a restart, verdict_report.c shows it.
 */
#ifndef JUDGE_VERDICT_INNER_H
#define JUDGE_VERDICT_INNER_H

#include "judge/recur.h"
#include "judge/verdict.h"

enum side { TOO_MUCH, TOO_LITTLE, SIDES };

struct verdict {
    struct verdict_options options;
    struct trouble troubles[SIDES];
    struct hush hushes[SIDES]; /* why an open trouble is for the log only */
    uint32_t held[SIDES];      /* windows in a row over the threshold */
    bool capped[SIDES];       /* the storm cap holds back what is odd now, and has counted it */
    double tired;             /* recent pages and tickets, decayed */
    struct episodes episodes; /* of too much, that are over */
    uint64_t *accepted; /* [series of the stream]: 1 + window of the last new level; 0: none */
    struct proof last;  /* a record of the newest window that held any */
    int64_t storm_from_ns; /* the hour the cap counts in */
    uint32_t storm_count;
    uint64_t suppressed, suppressed_said, hushed;
    /* of the window judged last, for the status */
    double thresholds[ROUTES];
    uint64_t windows, opinions, warming; /* `windows` so far */
};

/* What a side finds odd, where that goes, and what keeps it from where it would go. */
struct call {
    const struct opinion *leader;    /* NULL: nothing */
    enum finding_route route;        /* ROUTES: nowhere */
    enum finding_route scored;       /* by its score alone */
    const struct routing_rule *rule; /* that decided; NULL: none */
    double strongest;                /* surprise of all that it finds odd */
    struct hush hush;                /* with a kind: it would be a page or a ticket */
};

enum side side_of(const struct opinion *opinion);
const struct judge_policy *verdict_policy(const struct verdict *verdict);
/* How far from what was expected. */
double verdict_size(const struct opinion *opinion);
bool verdict_admissible(const struct verdict *verdict, const struct closed *closed,
                        const struct opinion *opinion);
double verdict_threshold(const struct verdict *verdict, enum finding_route route);
/* The rule of the stream that fits it; NULL when none does. */
const struct routing_rule *verdict_rule(const struct verdict *verdict,
                                        const struct scene *scene,
                                        const struct opinion *opinion);
struct call verdict_call(const struct verdict *verdict, const struct scene *scene,
                         enum side side);

/* Deliver the trouble as it stands, with why it is for the log only. */
void verdict_send(struct verdict *verdict, struct trouble *trouble, const struct hush *hush,
                  enum finding_status status, int64_t detected_ns);
/* What came before it, for the finding that is about to be delivered; then, with its id, for those to come. */
void verdict_look_back(struct verdict *verdict, struct trouble *trouble,
                       struct finding *finding);
void verdict_remember(struct verdict *verdict, const struct trouble *trouble,
                      const struct finding *finding);
/* The open trouble of a side is over. */
void verdict_resolve(struct verdict *verdict, enum side side, int64_t detected_ns);
void verdict_accept(struct verdict *verdict, const struct scene *scene);

#endif /* JUDGE_VERDICT_INNER_H */
