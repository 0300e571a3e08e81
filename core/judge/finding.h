/* SPDX-License-Identifier: MIT */
/*
 * finding.h - what the core decided to say, on its way from judge to deliver.
 *
 * Plain data; all text is lent for the call it is passed to. The words are those of docs/stream.md.
 */
#ifndef JUDGE_FINDING_H
#define JUDGE_FINDING_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum finding_status { FINDING_FIRING, FINDING_RESOLVED };
enum finding_route { ROUTE_PAGE, ROUTE_TICKET, ROUTE_LOG, ROUTES };
enum finding_kind {
    FINDING_SPIKE,
    FINDING_DROP,
    FINDING_SHIFT,
    FINDING_TREND,
    FINDING_NEW,
    FINDING_SILENCE,
    FINDING_BURN,
    FINDING_GAP,
    FINDING_PLUGIN,
};

enum {
    FINDING_EVIDENCE_MAX = 5,
    FINDING_REASONS_MAX = 8,
    FINDING_PAIRS_MAX = 24,
    FINDING_ID_SIZE = 48
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
    struct finding_pairs calibration; /* numbers, as text that is JSON */
    struct finding_evidence evidence[FINDING_EVIDENCE_MAX];
    size_t evidence_count;
    struct finding_pairs resource, labels, annotations;
    uint64_t config_hash;
    uint64_t suppressed; /* findings that the storm cap held back before this one */
};

/* It is delivered now: give it the times that it has not. */
void finding_date(struct finding *finding, int64_t now_ns);

const char *finding_status_name(enum finding_status status);
const char *finding_route_name(enum finding_route route);
const char *finding_kind_name(enum finding_kind kind);
/* OpenTelemetry: page 17, ticket 13, log 9. */
int finding_severity_number(enum finding_route route);

#endif /* JUDGE_FINDING_H */
