/* SPDX-License-Identifier: MIT */
/*
 * slo_inner.h - what is kept of an SLO: slo.c decides by it, slo_words.c and slo_finding.c say it, slo_state.c carries it on.
 */
#ifndef JUDGE_SLO_INNER_H
#define JUDGE_SLO_INNER_H

#include "judge/burn.h"
#include "judge/slo.h"
#include "judge/trouble.h"

enum { SLO_TEXT_SIZE = 256, SLO_REASONS = 6, SLO_PROOFS = EVIDENCE_ROLES };

/* A finding that is open. */
struct claim {
    bool open;
    char id[FINDING_ID_SIZE];
    uint32_t revision;
    int64_t starts_ns, detected_ns;
    int64_t met_ns;           /* when a rule of it was met last */
    int64_t calm_ns;          /* how long it was not, while records came */
    enum finding_route route; /* that it began with: it never changes */
    struct hush hush;
    double burn, expected, threshold; /* of the strongest look */
    uint64_t samples;
    int64_t from_ns, until_ns; /* the long window of it */
    char summary[SLO_TEXT_SIZE], reasons[SLO_REASONS][SLO_TEXT_SIZE];
    size_t reason_count;
    struct proof proofs[SLO_PROOFS];
    size_t proof_count;
    struct recall past; /* what came before it */
};

struct slo {
    const struct judge_slo *terms;
    struct burn_terms burn;
    struct ledger ledger;
    struct claim claims[BURN_CLAIMS];
    struct proof proofs[SLO_PROOFS]; /* bad records of the last window that had any */
    size_t proof_count;
    int64_t gap_ns;    /* of the newest gap; NO_TIME: none */
    int64_t looked_ns; /* when the rules were asked last; NO_TIME: never */
};

struct slos {
    const struct judge_stream *stream;
    struct slo *at; /* [count] */
    size_t count;
};

/* How all of it stands after a window. */
struct slo_look {
    struct burn_stand stands[BURN_RULES];
    struct burn_budget budget;
    int64_t now_ns, closed_ns; /* the end of the window, and when it was closed */
    int64_t passed_ns;         /* since the look before */
};

/* Write down why the claim is made now. `rule` is the one that leads; -1: the budget. */
void claim_phrase(struct claim *claim, const struct slo *slo, const struct slo_look *look,
                  int rule);
/* And how it ended. */
void claim_phrase_end(struct claim *claim, const struct slo *slo, const struct slo_look *look,
                      enum burn_claim which);
/* One more sentence; in the last place when there is no other. */
void claim_reason(struct claim *claim, const char *text);

/* slo_finding.c: deliver the claim as it stands. */
void slo_send(const struct slos *slos, struct slo *slo, enum burn_claim which,
              enum finding_status status, const struct slo_sink *sink);

void slo_begin(struct slo *slo, const struct judge_slo *terms);
void slo_clear(struct slo *slo); /* gives back what it owns, and begins again */

#endif /* JUDGE_SLO_INNER_H */
