/* SPDX-License-Identifier: MIT */
/*
 * audit.h - what called people, and what of it was worth it.
 *
 *      findings.jsonl, journal ────▶ cases (one a finding, as it stood last) ─┐
 *      marks.jsonl ────────────────────────────────────────────────────────────┴─▶ audit ──▶ table, JSON, one sentence
 *
 * Nothing is guessed about a page that nobody marked: it counts as right, so a precision is the best that can be; how many were marked
 * stands beside it.
 */
#ifndef COMMAND_AUDIT_H
#define COMMAND_AUDIT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "judge/hush.h"

#include <stdio.h>

enum {
    AUDIT_CASES_MAX = 500000,
    AUDIT_STREAMS_MAX = 64, /* as many as a daemon has */
    AUDIT_STEPS = 4,        /* thresholds that are tried */
    AUDIT_RECENT = 256,
    AUDIT_REPEATS = 3, /* so many of one fingerprint are a repeat */
};
extern const double audit_steps[AUDIT_STEPS];

enum audit_verdict { AUDIT_UNMARKED, AUDIT_FALSE, AUDIT_TRUE };

/* One finding. Text belongs to the audit. */
struct audit_case {
    const char *id, *stream, *series, *kind, *detector, *rule;
    uint64_t fingerprint;
    uint32_t revision;
    enum finding_route route;
    bool scored;          /* its score, against the threshold of a page, is what made it one */
    bool resolved, brief, /* brief: over within its window */
        flapping,         /* it came again within as long as it takes to resolve */
        outside;          /* nobody was at work */
    int64_t starts_ns, ends_ns, called_ns; /* called: detected, or begun */
    int64_t window_ns;
    double score, threshold, page; /* page: threshold as configured */
    enum audit_verdict verdict;
};

/* Cases of one fingerprint, newest last. */
struct audit_group {
    const struct audit_case *newest;
    size_t count, pages, falses;
    int64_t open_ns, usual_ns; /* all together; from one to the next, the median */
};

struct audit_saving {
    double step;
    size_t pages, falses; /* that would not have come, and how many of them were marked false */
};

struct audit_stream {
    const char *name;
    size_t findings, pages, tickets, falses, trues;
    double page; /* threshold as configured, of the newest page; 0: none was by score */
    struct audit_saving savings[AUDIT_STEPS];
};

struct audit {
    struct arena arena;
    struct audit_case *cases; /* [count] */
    size_t count, capacity, skipped;
    size_t marks, marks_bad, marks_stray; /* stray: of findings that are not here */
    int64_t since_ns, until_ns;           /* until: the newest */
    struct mute hours;                    /* at work */
    const char *hours_text;
    struct audit_group *groups; /* [group_count], most pages first */
    size_t group_count;
    struct audit_stream streams[AUDIT_STREAMS_MAX];
    size_t stream_count;
    const char *recent[AUDIT_RECENT]; /* names met lately, by hash */
    bool watched;                     /* what a daemon has, not files that somebody named */
    const char *jsonl;                /* the file that was read of it; NULL: none */
    int64_t from_ns;                  /* of these no older ones are wanted */
    size_t read;                      /* findings, of whatever age ... */
    int64_t oldest_ns;                /* ... and the oldest; before it nothing is kept ... */
    bool whole;                       /* ... unless it is the first of all */
    size_t findings[ROUTES], falses, trues, brief, flapping,
        outside; /* of pages, but findings */
};

/* ---- audit.c: cases ------------------------------------------------------- */

/* One revision of a finding; what is none is counted as skipped. Then audit_settle() keeps the last of each. */
void audit_add(struct audit *audit, struct json_value finding);
/* Drops what is older than `since_ns`, or, where `ago_ns` is not 0, than so long before the newest. */
void audit_settle(struct audit *audit, int64_t since_ns, int64_t ago_ns);
struct audit_case *audit_find(const struct audit *audit, const char *id); /* once settled */
void audit_free(struct audit *audit);

/* ---- audit_read.c: what a daemon has found --------------------------------- */

struct audit_sources {
    const char *jsonl, *state_dir; /* jsonl NULL: it writes none */
    int64_t since_ns;
};
/* -ENOENT: no daemon has run there. */
int audit_read(struct audit *audit, const struct audit_sources *from, struct error *reterr);
/* Less is kept than was asked for. */
bool audit_is_short(const struct audit *audit);

/* ---- audit_marks.c: what people said --------------------------------------- */

/* 0 also where there is no such file. */
int audit_marks(struct audit *audit, const char *path, struct error *reterr);

/* ---- audit_weigh.c, audit_advice.c ------------------------------------------ */

void audit_weigh(struct audit *audit);
/* What to do next, in a sentence. */
void audit_advise(const struct audit *audit, struct buffer *out);

/* ---- audit_table.c, audit_json.c --------------------------------------------- */

void audit_table(const struct audit *audit, size_t most, FILE *out);
void audit_json(const struct audit *audit, FILE *out);

/* 1 - falses / pages; NaN without pages. */
double audit_precision(size_t pages, size_t falses);

#endif /* COMMAND_AUDIT_H */
