/* SPDX-License-Identifier: MIT */
/*
 * made.h - findings for the tests of reports: what is not said is plain.
 */
#ifndef UNIT_REPORT_MADE_H
#define UNIT_REPORT_MADE_H

#include "report/inner.h"

#include <stdio.h>
#include <stdlib.h>

#define MADE_START "2026-03-01T10:%02d:00.000Z"

struct made {
    const char *id, *stream, *route, *fingerprint, *kind,
        *more;                  /* more: members, with a comma before each */
    int minute, revision, ends; /* ends: 0 while it lasts */
    double observed;
};

static inline void made_take(struct report *report, struct made m)
{
    struct buffer text = {0};
    struct bytes rest;
    const char *id = m.id ? m.id : "a-1";
    buffer_printf(&text, "{\"id\":\"%s\",\"revision\":%d,\"status\":\"%s\",\"stream\":\"%s\",",
                  id, m.revision, m.ends ? "resolved" : "firing", m.stream ? m.stream : "web");
    buffer_printf(&text, "\"fingerprint\":\"%s\",\"route\":\"%s\",\"kind\":\"%s\",",
                  m.fingerprint ? m.fingerprint : id, m.route ? m.route : "page",
                  m.kind ? m.kind : "spike");
    buffer_printf(&text, "\"starts_at\":\"" MADE_START "\",", m.minute);
    if (m.ends)
        buffer_printf(&text, "\"ends_at\":\"" MADE_START "\",", m.ends);
    buffer_printf(&text,
                  "\"window\":{\"start\":\"" MADE_START "\",\"end\":\"" MADE_START "\"},",
                  m.minute + m.revision, m.minute + m.revision + 1);
    buffer_printf(
        &text, "\"observed\":%g,\"expected\":2,\"lower\":0,\"upper\":5,\"series\":\"errors\"",
        m.observed);
    buffer_printf(&text, ",\"summary\":\"errors at %g\"%s}", m.observed, m.more ? m.more : "");
    report_take(report, json_read(buffer_bytes(&text), &rest));
    buffer_free(&text);
}

static inline int64_t made_minute(int minute)
{
    char text[64];
    int64_t at = 0;
    snprintf(text, sizeof(text), MADE_START, minute);
    clock_parse(text, &at, NULL);
    return at;
}

/* From 10:00 until the newest. It is large: not for a stack. */
static inline struct report *made_report(void)
{
    struct report *report = calloc(1, sizeof(*report));
    if (!report)
        abort();
    report->since_ns = made_minute(0);
    report->until_ns = NO_TIME;
    return report;
}

static inline void made_free(struct report *report)
{
    report_free(report);
    free(report);
}

#endif /* UNIT_REPORT_MADE_H */
