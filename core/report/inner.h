/* SPDX-License-Identifier: MIT */
/*
 * inner.h - what the files of this room share.
 */
#ifndef REPORT_INNER_H
#define REPORT_INNER_H

#include "report/report.h"

/* ---- drafts.c: one a finding, until all is known ------------------------- */

struct report_draft {
    char *json; /* its last revision; owned */
    size_t len;
    uint64_t id; /* hash */
    uint32_t revision;
    bool lasting; /* did not end, as far as is known */
    int64_t starts_ns, newest_ns, first_window_ns;
    struct report_point *points; /* owned */
    size_t point_count;
};
struct report_drafts {
    struct report_draft *at; /* [count] */
    size_t count;
    uint32_t *index; /* by hash: place + 1 */
    size_t bytes;
    int64_t newest_ns;
    size_t stale;      /* that came to lie before the floor since it was compacted, which ... */
    int64_t packed_ns; /* ... was when the floor was this */
};
void report_drop_drafts(struct report *report);

/* Was the stream asked for? */
bool report_wants(const struct report *report, const char *stream);

/* ---- take.c: JSON ----------------------------------------------------------- */

int64_t report_time(struct json_value object, const char *path); /* NO_TIME: none */
/* "" when there is none; NUL bytes are shown as \x00. */
const char *report_text(struct report *report, struct json_value object, const char *path);
/* A count; 0 for what is none. */
uint64_t report_count(struct json_value object, const char *path);
bool report_point_of(struct json_value finding, struct report_point *ret);
void report_read(struct report *report, const struct report_draft *draft,
                 struct report_finding *ret);

/* ---- settle.c, timeline.c, charts.c ------------------------------------------ */

/* The part of the finding that lies in the span. */
struct report_stay {
    int64_t from_ns, until_ns;
};
struct report_stay report_stay(const struct report *report, const struct report_finding *f);
/* How long at least one of [count] lasted; sorts them. */
int64_t report_union(struct report_stay *stays, size_t count);

void report_make_timeline(struct report *report);
void report_make_charts(struct report *report);

static inline bool report_inside(const struct report *report, int64_t at_ns)
{
    return at_ns != NO_TIME && at_ns >= report->since_ns && at_ns <= report->until_ns;
}

/* ---- words.c ------------------------------------------------------------------ */

enum { WORDS_SIZE = 64 };
/* `2026-03-01 10:03:31Z` */
char *report_when(int64_t at_ns, char text[WORDS_SIZE]);
char *report_number(double value, char text[WORDS_SIZE]);
/* "1 page", "3 pages" */
char *report_plural(size_t count, const char *noun, char text[WORDS_SIZE]);
/* The same trouble came before the span already; within it, it is the timeline that says so. */
bool report_recurs(const struct report *report, const struct report_finding *f);
const char *report_title(const struct report *report, struct buffer *room);
void report_summary(const struct report *report, struct buffer *out);

#endif /* REPORT_INNER_H */
