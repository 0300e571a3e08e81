/* SPDX-License-Identifier: MIT */
/*
 * finding.h - what the core decided to say, on its way from judge to deliver.
 *
 * Plain data; all text is lent for the call it is passed to. The words are those of docs/stream.md.
 */
#ifndef JUDGE_FINDING_H
#define JUDGE_FINDING_H

#include "base/bytes.h"
#include "judge/finding_words.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    FINDING_EVIDENCE_MAX = 5,
    FINDING_REASONS_MAX = 8,
    FINDING_PAIRS_MAX = 24,
    FINDING_OPINIONS_MAX = 8,
    FINDING_ID_SIZE = 48,
    FINDING_TRACE_IDS_MAX = 8,
    FINDING_TRACE_ID_SIZE = 65,
    FINDING_FOLLOWED_MAX = 8,
};

struct finding_evidence {
    struct bytes path, text; /* text is redacted; may hold any bytes */
    uint64_t offset, line, hash;
    uint32_t length;
    int64_t time_ns;
};

/* name = value, for labels, annotations, resource */
struct finding_pair {
    const char *name, *value;
};
struct finding_pairs {
    const struct finding_pair *at;
    size_t count;
};

/* The value of that name; NULL: there is none. */
static inline const char *finding_pair_value(struct finding_pairs pairs, const char *name)
{
    for (size_t i = 0; i < pairs.count; i++)
        if (strcmp(pairs.at[i].name, name) == 0)
            return pairs.at[i].value;
    return NULL;
}

/* ---- what a score came from: anybody can compute it again (oddline explain) ---- */

/* The tail that a calibrated score was held against, see calibrate.h; peaks == 0: too little was known for a score above 0. */
struct calibration_fit {
    uint64_t seen, peaks;
    double threshold, scale, shape;
};

/* What the detector's own number is. */
enum finding_basis {
    BASIS_NONE,       /* no detector said it */
    BASIS_CALIBRATED, /* bigger is odder: the fit makes the score of it */
    BASIS_SURPRISE,   /* a surprise under the detector's own model: believed */
    BASIS_RAW,        /* handed on as it is, policy `every` */
};

/* What another detector, or the same of another series, said of the same window. */
struct finding_opinion {
    const char *detector, *series;
    enum finding_kind kind;
    enum finding_basis basis;
    double score, raw, observed, expected;
    struct calibration_fit calibration;
};

/* How the score became a finding. */
struct finding_explain {
    enum finding_basis basis;
    bool accepted;             /* said because a change is the new normal, not for its score */
    enum finding_route route;  /* by score; that of the finding may be milder */
    double thresholds[ROUTES]; /* as configured ... */
    double fatigue;            /* ... and what recent findings added to it */
    bool floors_apply;         /* it is a count with an expectation: then both must hold */
    double floor, floor_ratio;
    uint32_t hold, warmup;
    uint64_t windows; /* of the stream that were closed before this one */
    struct finding_opinion raised[FINDING_OPINIONS_MAX],
        lowered[FINDING_OPINIONS_MAX]; /* who agreed, and who saw less in the same series */
    size_t raised_count, lowered_count;
};

/* ---- what came before it ---- */

/* The deployment of its service; `version` NULL: none that is known, or too long before. */
struct finding_deploy {
    const char *version, *service, *url; /* url "": none */
    int64_t time_ns;
};
/* The same fingerprint earlier; count 0: never. */
struct finding_before {
    uint64_t count;             /* how often */
    const char *id;             /* of the last one, and ... */
    int64_t starts_ns, ends_ns; /* ... when it was; NO_TIME: it did not end */
    const char *postmortem;     /* a URL; NULL: none */
    const char *false_reason;   /* why somebody said that it was false; NULL: nobody did */
};

/* Of troubles in several streams at about the same time (first.h); `stream` NULL: there was no other. */
struct finding_began {
    const char *stream, *service;               /* where it began; service NULL: not known */
    int64_t starts_ns;                          /* the first record of its evidence */
    uint32_t shared;                            /* trace ids that this one has too */
    const char *followed[FINDING_FOLLOWED_MAX]; /* streams, in the order they did */
    size_t followed_count;
};

struct finding {
    char id[FINDING_ID_SIZE]; /* "" until first delivered; the same for every revision */
    uint64_t epoch, n;        /* given out at delivery, dense per host */
    uint64_t fingerprint;
    enum finding_status status;
    uint32_t revision;
    /* NO_TIME: ends_ns while firing; else that of the delivery, see finding_date() */
    int64_t starts_ns, ends_ns, detected_ns;
    const char *stream, *series, *detector, *detector_version;
    struct bytes key;     /* template or pattern that the series counts; empty when none */
    const char *key_name; /* what `key` is: "pattern"; NULL means "template" */
    enum finding_kind kind;
    enum finding_route route;
    double score, raw, threshold;
    double observed, expected, lower, upper; /* NaN: no such thing */
    uint64_t samples;
    int64_t window_start_ns, window_end_ns;
    const char *summary;
    const char *reasons[FINDING_REASONS_MAX];
    size_t reason_count;
    struct calibration_fit calibration; /* seen == 0: the score was not calibrated */
    struct finding_explain explain;
    struct finding_evidence evidence[FINDING_EVIDENCE_MAX];
    size_t evidence_count;
    struct finding_pairs resource, labels, annotations;
    struct finding_deploy deploy;
    struct finding_before before;
    struct finding_began began;
    char trace_ids[FINDING_TRACE_IDS_MAX]
                  [FINDING_TRACE_ID_SIZE]; /* of the evidence, in its order */
    size_t trace_id_count;
    uint64_t config_hash;
    uint64_t suppressed; /* findings that the storm cap held back before this one */
};

/* It is delivered now: give it the times that it has not. */
void finding_date(struct finding *finding, int64_t now_ns);

/* "calibrated", "surprise", "raw"; NULL for BASIS_NONE. */
const char *finding_basis_name(enum finding_basis basis);
/* OpenTelemetry: page 17, ticket 13, log 9. */
int finding_severity_number(enum finding_route route);

#endif /* JUDGE_FINDING_H */
