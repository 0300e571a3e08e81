/* SPDX-License-Identifier: MIT */
/*
 * slo_inner.h - what is kept of an SLO: slo.c counts, slo_claim.c decides, slo_words.c and slo_finding.c say it, slo_state.c
 * carries it on.
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
    struct slo_kept kept;
};

struct slo {
    const struct judge_slo *terms;
    struct burn_terms burn;
    struct ledger ledger;
    struct claim claims[BURN_CLAIMS];
    struct proof proofs[SLO_PROOFS]; /* bad records of the last window that had any */
    size_t proof_count;
    int64_t gap_ns;      /* of the newest gap; NO_TIME: none */
    int64_t looked_ns;   /* when the rules were asked last; NO_TIME: never */
    struct weave *weave; /* owned: of the streams of a service; NULL: it is of one stream */
};

struct slos {
    const struct judge_stream *stream;
    struct slo *at; /* [count] */
    size_t count;
    bool service; /* `stream` is made up for it */
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

/* slo_finding.c: the labels that go with it, those of the SLO before those of the stream. */
struct finding_pairs slo_labels(const struct slos *slos, const struct slo *slo,
                                struct finding_pair room[FINDING_PAIRS_MAX]);

void slo_clear(struct slo *slo); /* gives back what it owns, and begins again */
/* slo_claim.c: ask the rules, as of the newest window. */
void slo_look_at(const struct slos *slos, struct slo *slo, int64_t closed_ns,
                 const struct slo_sink *sink);
void claim_clear(struct claim *claim);
/* The claim is over. */
void slo_resolve(const struct slos *slos, struct slo *slo, enum burn_claim which,
                 const struct slo_sink *sink);

/* Whose claims they were: a stream or a service, its SLO, and the labels that went with them. */
struct slo_late {
    const char *stream, *name;
    struct finding_pairs labels;
    bool redefined; /* else it is removed */
};
/* slo_retire.c: what is claimed is over. Open ones are taken, and `late` is copied. */
void slo_retire(struct retirees *retirees, const struct slo_late *late,
                struct claim claims[BURN_CLAIMS]);

#endif /* JUDGE_SLO_INNER_H */
