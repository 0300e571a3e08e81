/* SPDX-License-Identifier: MIT */
/*
 * report.h - what happened in a span of time, as one file that can be mailed.
 *
 *      findings ──▶ drafts.c, take.c ─┐                       ┌─▶ compose.c ──pen──▶ html.c (svg.c, style.c), markdown.c
 *      marks, silences, budgets ──────┴─▶ settle.c, charts.c ─┤
 *                                                             └─▶ data.c: JSON
 *
 * Everything comes from what findings store; no log is read, so it works where the logs are gone. The same input gives the same bytes:
 * no clock is asked. Nobody is named: authors of marks and silences do not come in. Texts are any bytes until escape.h.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

enum {
    REPORT_FINDINGS_MAX = 10000, /* of the span; the rest is counted */
    REPORT_BYTES_MAX = 64 << 20, /* of JSON that is kept until settled */
    REPORT_POINTS_MAX = 32,      /* windows of one finding */
    REPORT_NOTES_MAX = 1000,     /* deployments, marks, silences: of each */
    REPORT_BUDGETS_MAX = 64,
    REPORT_STREAMS_MAX = 64, /* that can be asked for */
    REPORT_EVIDENCE_MAX = 5,
    REPORT_REASONS_MAX = 8,
    REPORT_PAIRS_MAX = 24,
    REPORT_TRACES_MAX = 8,
    REPORT_FOLLOWED_MAX = 8,
    REPORT_CHARTS_MAX = 12,
    REPORT_CHART_POINTS = 400,
};
#define REPORT_SPAN_MAX (INT64_C(36600) * 86400 * NS_PER_S) /* an int64_t holds its length */

enum report_route { REPORT_PAGE, REPORT_TICKET, REPORT_LOG, REPORT_ROUTES };
const char *report_route_name(enum report_route route);

/* ---- what is known; text belongs to the report, and is "" where there is none ---- */

/* One window of a series that fired. */
struct report_point {
    int64_t start_ns, end_ns;
    double observed, expected, lower, upper; /* NaN: no such thing */
    enum report_route route;                 /* of the finding */
};

struct report_evidence {
    const char *path, *text;
    uint64_t line, offset; /* line 0: not known */
    int64_t time_ns;
};

struct report_pair {
    const char *name, *value;
};

/* In which stream troubles of about the same time began; `stream` "": there was no other. */
struct report_began {
    const char *stream, *service;
    int64_t starts_ns;
    uint32_t shared;
    const char *followed[REPORT_FOLLOWED_MAX];
    size_t followed_count;
};

/* The same trouble earlier; count 0: never. */
struct report_before {
    uint64_t count;
    const char *id, *postmortem, *false_reason; /* false_reason NULL: nobody said so */
    int64_t starts_ns, ends_ns;
};

struct report_finding {
    const char *id, *fingerprint, *stream, *series, *key, *kind, *detector, *summary, *service;
    uint32_t revision;
    enum report_route route;
    bool resolved, momentary; /* momentary: a gap, a detector that failed */
    bool escalated;           /* goes on for a milder one, which is not counted */
    const char *hushed;       /* why it is for the log only; "": it is not */
    int64_t starts_ns, ends_ns, detected_ns, first_window_ns; /* ends: NO_TIME while it lasts */
    double score;
    const char *reasons[REPORT_REASONS_MAX];
    size_t reason_count;
    struct report_evidence evidence[REPORT_EVIDENCE_MAX];
    size_t evidence_count;
    struct report_pair labels[REPORT_PAIRS_MAX], annotations[REPORT_PAIRS_MAX];
    size_t label_count, annotation_count;
    const char *traces[REPORT_TRACES_MAX];
    size_t trace_count;
    struct report_began began;
    struct report_before before;
    const char *deploy_version, *deploy_service, *deploy_url;
    int64_t deploy_ns;           /* NO_TIME: none */
    struct report_point *points; /* [point_count], by window */
    size_t point_count;
    const char *postmortem, *false_reason; /* that people said; false_reason NULL: nobody did */
};

struct report_deploy {
    const char *service, *version, *url;
    int64_t time_ns;
};

/* What people said of a finding. */
enum report_remark_kind { REPORT_FALSE, REPORT_POSTMORTEM };
struct report_remark {
    enum report_remark_kind kind;
    const char *id, *fingerprint, *text; /* text: why, or the URL */
    int64_t time_ns;
};

struct report_silence {
    const char *stream, *series, *detector, *reason;
    int64_t from_ns, until_ns;
};

/* An error budget as the daemon wrote it last. */
struct report_budget {
    const char *name, *stream,
        *window; /* window: the shortest that reaches back to where trouble began */
    double objective, period_s, total, bad, left,
        budget_records; /* left: a share; below 0: overdrawn */
    double window_bad;  /* NaN: no window reaches back so far */
    int64_t until_ns,
        burning_ns; /* burning: time in the span in which a finding of it was open */
};

/* ---- what is made of it ------------------------------------------------- */

enum report_moment_kind {
    MOMENT_DEPLOY,
    MOMENT_SILENCE_BEGINS,
    MOMENT_FIRING,
    MOMENT_ESCALATED,
    MOMENT_GAP,
    MOMENT_RESOLVED,
    MOMENT_SILENCE_ENDS,
    MOMENT_FALSE,
    MOMENT_POSTMORTEM,
    MOMENT_KINDS
};
const char *report_moment_name(enum report_moment_kind kind);

/* A line of the timeline: one of these is what it is about. */
struct report_moment {
    enum report_moment_kind kind;
    int64_t time_ns;
    const struct report_finding *finding;
    const struct report_deploy *deploy;
    const struct report_remark *remark;
    const struct report_silence *silence;
};

struct report_chart {
    const char *stream, *series, *key;
    const char *unit;            /* of the values, for people */
    struct report_point *points; /* [point_count], one a window, in order */
    size_t point_count;
    const struct report_finding **findings; /* [finding_count] */
    size_t finding_count;
    enum report_route route; /* the most urgent of them */
};

struct report_counts {
    size_t routes[REPORT_ROUTES], gaps, hushed, open, falses, troubles;
    int64_t paged_ns; /* time in the span in which a page was open */
};

struct report_drafts;
struct report {
    struct arena arena;
    /* asked */
    const char *title;
    const char *streams[REPORT_STREAMS_MAX]; /* patterns as of a shell; none: all */
    size_t stream_count;
    int64_t since_ns, until_ns; /* until: NO_TIME until settled: the newest finding */
    int64_t ago_ns;             /* not 0: since is so long before until */
    int64_t known_ns;           /* settled: until then something is known of the span */
    /* known */
    struct report_drafts *drafts;
    struct report_finding *findings; /* [finding_count], by when they began */
    size_t finding_count, left_out, senseless;
    struct report_deploy deploys[REPORT_NOTES_MAX];
    struct report_remark remarks[REPORT_NOTES_MAX];
    struct report_silence silences[REPORT_NOTES_MAX];
    struct report_budget budgets[REPORT_BUDGETS_MAX];
    size_t deploy_count, remark_count, silence_count, budget_count;
    /* made */
    struct report_moment *moments; /* [moment_count], in order */
    size_t moment_count;
    struct report_chart charts[REPORT_CHARTS_MAX];
    size_t chart_count, chart_more; /* more: series that have none */
    struct report_counts counts;
    /* page or ticket that began first, else the first of all; NULL: none */
    const struct report_finding *first;
    /* where that, and what fired in the same window, began; NULL: it was alone */
    const struct report_began *began;
};

/* ---- putting in --------------------------------------------------------- */

/* Sets what was asked before the first report_take(). Zero-initialise. */
void report_take(struct report *report,
                 struct json_value finding); /* one revision, in any order */
void report_add_deploy(struct report *report, const struct report_deploy *deploy);
void report_add_remark(struct report *report, const struct report_remark *remark);
void report_add_silence(struct report *report, const struct report_silence *silence);
/* From where on it is known to matter by now; NO_TIME: from ever. */
int64_t report_begins(const struct report *report);
/* An element of "slos" in the status. */
void report_add_budget(struct report *report, struct json_value slo);
void report_free(struct report *report);

/* ---- taking out --------------------------------------------------------- */

/* Once, when all is in. */
void report_settle(struct report *report);

void report_html(const struct report *report, struct buffer *out);
void report_markdown(const struct report *report, struct buffer *out);
void report_json(const struct report *report, struct buffer *out);

#endif /* REPORT_REPORT_H */
