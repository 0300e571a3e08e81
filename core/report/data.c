/* SPDX-License-Identifier: MIT */
/*
 * data.c - the report as one JSON object, for programs. Nothing is cut: neither the timeline nor the findings.
 */

#include "report/inner.h"

static void put_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

static void put_time(struct json *json, const char *key, int64_t at_ns)
{
    json_key(json, key);
    json_time(json, at_ns);
}

static void put_number(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

static void put_count(struct json *json, const char *key, size_t value)
{
    json_key(json, key);
    json_int(json, (int64_t)value);
}

static void put_optional(struct json *json, const char *key, const char *text)
{
    put_text(json, key, text && *text ? text : NULL);
}

/* ---- impact ---------------------------------------------------------------------------- */

static void put_counts(struct json *json, const struct report *report)
{
    const struct report_counts *c = &report->counts;
    json_key(json, "counts");
    json_begin(json, '{');
    for (int route = 0; route < REPORT_ROUTES; route++)
        put_count(json, report_route_name((enum report_route)route), c->routes[route]);
    put_count(json, "troubles", c->troubles);
    put_count(json, "gaps", c->gaps);
    put_count(json, "hushed", c->hushed);
    put_count(json, "marked_false", c->falses);
    put_count(json, "open", c->open);
    put_count(json, "left_out", report->left_out);
    put_number(json, "paged_s", (double)c->paged_ns / (double)NS_PER_S);
    json_end(json, '}');
}

static void put_budgets(struct json *json, const struct report *report)
{
    json_key(json, "slos");
    json_begin(json, '[');
    for (size_t i = 0; i < report->budget_count; i++) {
        const struct report_budget *b = &report->budgets[i];
        json_begin(json, '{');
        put_text(json, "slo", b->name);
        put_text(json, "stream", b->stream);
        put_number(json, "objective", b->objective);
        put_number(json, "period_s", b->period_s);
        put_number(json, "burning_s", (double)b->burning_ns / (double)NS_PER_S);
        put_number(json, "budget_used", 1 - b->left);
        put_time(json, "as_of", b->until_ns);
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* ---- timeline --------------------------------------------------------------------------- */

static void put_moment(struct json *json, const struct report_moment *m)
{
    json_begin(json, '{');
    put_time(json, "time", m->time_ns);
    put_text(json, "what", report_moment_name(m->kind));
    if (m->finding) {
        put_text(json, "id", m->finding->id);
        put_text(json, "stream", m->finding->stream);
        put_text(json, "route", report_route_name(m->finding->route));
        put_text(json, "summary", m->finding->summary);
    } else if (m->deploy) {
        put_text(json, "service", m->deploy->service);
        put_text(json, "version", m->deploy->version);
    } else if (m->silence) {
        put_optional(json, "stream", m->silence->stream);
        put_text(json, "reason", m->silence->reason);
    } else {
        put_text(json, "id", m->remark->id);
        put_text(json, "said", m->remark->text);
    }
    json_end(json, '}');
}

static void put_timeline(struct json *json, const struct report *report)
{
    json_key(json, "timeline");
    json_begin(json, '[');
    for (size_t i = 0; i < report->moment_count; i++)
        put_moment(json, &report->moments[i]);
    json_end(json, ']');
}

/* ---- series ------------------------------------------------------------------------------- */

static void put_point(struct json *json, const struct report_point *p)
{
    json_begin(json, '{');
    put_time(json, "start", p->start_ns);
    put_time(json, "end", p->end_ns);
    put_number(json, "observed", p->observed);
    put_number(json, "expected", p->expected);
    put_number(json, "lower", p->lower);
    put_number(json, "upper", p->upper);
    json_end(json, '}');
}

static void put_series(struct json *json, const struct report *report)
{
    json_key(json, "series");
    json_begin(json, '[');
    for (size_t i = 0; i < report->chart_count; i++) {
        const struct report_chart *c = &report->charts[i];
        json_begin(json, '{');
        put_text(json, "stream", c->stream);
        put_text(json, "series", c->series);
        put_optional(json, "key", c->key);
        put_text(json, "unit", c->unit);
        json_key(json, "windows");
        json_begin(json, '[');
        for (size_t k = 0; k < c->point_count; k++)
            put_point(json, &c->points[k]);
        json_end(json, ']');
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* ---- findings ------------------------------------------------------------------------------ */

static void put_began(struct json *json, const struct report_began *b)
{
    json_key(json, "began");
    if (!*b->stream) {
        json_null(json);
        return;
    }
    json_begin(json, '{');
    put_text(json, "stream", b->stream);
    put_optional(json, "service", b->service);
    put_time(json, "starts_at", b->starts_ns);
    put_count(json, "shared_traces", b->shared);
    json_end(json, '}');
}

static void put_before(struct json *json, const struct report_before *b)
{
    json_key(json, "seen_before");
    if (!b->count) {
        json_null(json);
        return;
    }
    json_begin(json, '{');
    put_text(json, "id", b->id);
    put_count(json, "count", b->count);
    put_time(json, "starts_at", b->starts_ns);
    put_time(json, "ends_at", b->ends_ns);
    put_optional(json, "postmortem", b->postmortem);
    json_end(json, '}');
}

static void put_evidence(struct json *json, const struct report_finding *f)
{
    json_key(json, "evidence");
    json_begin(json, '[');
    for (size_t i = 0; i < f->evidence_count; i++) {
        const struct report_evidence *line = &f->evidence[i];
        json_begin(json, '{');
        put_text(json, "path", line->path);
        put_count(json, "line", line->line);
        put_time(json, "time", line->time_ns);
        put_text(json, "text", line->text);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_finding(struct json *json, const struct report_finding *f)
{
    json_begin(json, '{');
    put_text(json, "id", f->id);
    put_text(json, "fingerprint", f->fingerprint);
    put_text(json, "route", report_route_name(f->route));
    put_text(json, "status", f->resolved ? "resolved" : "firing");
    put_text(json, "stream", f->stream);
    put_text(json, "series", f->series);
    put_text(json, "kind", f->kind);
    put_text(json, "summary", f->summary);
    put_time(json, "starts_at", f->starts_ns);
    put_time(json, "ends_at", f->ends_ns);
    put_number(json, "score", f->score);
    put_began(json, &f->began);
    put_before(json, &f->before);
    json_key(json, "trace_ids");
    json_begin(json, '[');
    for (size_t i = 0; i < f->trace_count; i++)
        json_text(json, f->traces[i]);
    json_end(json, ']');
    put_evidence(json, f);
    json_end(json, '}');
}

void report_json(const struct report *report, struct buffer *out)
{
    struct json json = {.out = out};
    struct buffer title = {0}, summary = {0};
    report_summary(report, &summary);
    json_begin(&json, '{');
    put_count(&json, "v", 1);
    put_text(&json, "title", report_title(report, &title));
    put_time(&json, "since", report->since_ns);
    put_time(&json, "until", report->until_ns);
    json_key(&json, "summary");
    json_bytes(&json, buffer_bytes(&summary));
    put_counts(&json, report);
    put_budgets(&json, report);
    put_text(&json, "first", report->first ? report->first->id : NULL);
    put_timeline(&json, report);
    put_series(&json, report);
    json_key(&json, "findings");
    json_begin(&json, '[');
    for (size_t i = 0; i < report->finding_count; i++)
        put_finding(&json, &report->findings[i]);
    json_end(&json, ']');
    json_end(&json, '}');
    buffer_char(out, '\n');
    buffer_free(&title);
    buffer_free(&summary);
}
