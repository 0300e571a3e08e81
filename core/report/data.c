/* SPDX-License-Identifier: MIT */
/*
 * data.c - the report as one JSON object, for programs. Nothing is cut: neither the timeline nor the findings.
 */

#include "base/json_put.h"
#include "report/inner.h"

/* ---- impact ---------------------------------------------------------------------------- */

static void put_counts(struct json *json, const struct report *report)
{
    const struct report_counts *c = &report->counts;
    json_put_begin(json, "counts", '{');
    for (int route = 0; route < REPORT_ROUTES; route++)
        json_put_count(json, report_route_name((enum report_route)route), c->routes[route]);
    json_put_count(json, "troubles", c->troubles);
    json_put_count(json, "gaps", c->gaps);
    json_put_count(json, "hushed", c->hushed);
    json_put_count(json, "marked_false", c->falses);
    json_put_count(json, "open", c->open);
    json_put_count(json, "left_out", report->left_out);
    json_put_double(json, "paged_s", (double)c->paged_ns / (double)NS_PER_S);
    json_end(json, '}');
}

static void put_budgets(struct json *json, const struct report *report)
{
    json_put_begin(json, "slos", '[');
    for (size_t i = 0; i < report->budget_count; i++) {
        const struct report_budget *b = &report->budgets[i];
        json_begin(json, '{');
        json_put_text(json, "slo", b->name);
        json_put_text(json, "stream", b->stream);
        json_put_double(json, "objective", b->objective);
        json_put_double(json, "period_s", b->period_s);
        json_put_double(json, "burning_s", (double)b->burning_ns / (double)NS_PER_S);
        json_put_double(json, "budget_used", 1 - b->left);
        json_put_time(json, "as_of", b->until_ns);
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* ---- timeline --------------------------------------------------------------------------- */

static void put_moment(struct json *json, const struct report_moment *m)
{
    json_begin(json, '{');
    json_put_time(json, "time", m->time_ns);
    json_put_text(json, "what", report_moment_name(m->kind));
    if (m->finding) {
        json_put_text(json, "id", m->finding->id);
        json_put_text(json, "stream", m->finding->stream);
        json_put_text(json, "route", report_route_name(m->finding->route));
        json_put_text(json, "summary", m->finding->summary);
    } else if (m->deploy) {
        json_put_text(json, "service", m->deploy->service);
        json_put_text(json, "version", m->deploy->version);
    } else if (m->silence) {
        json_put_optional(json, "stream", m->silence->stream);
        json_put_text(json, "reason", m->silence->reason);
    } else {
        json_put_text(json, "id", m->remark->id);
        json_put_text(json, "said", m->remark->text);
    }
    json_end(json, '}');
}

static void put_timeline(struct json *json, const struct report *report)
{
    json_put_begin(json, "timeline", '[');
    for (size_t i = 0; i < report->moment_count; i++)
        put_moment(json, &report->moments[i]);
    json_end(json, ']');
}

/* ---- series ------------------------------------------------------------------------------- */

static void put_point(struct json *json, const struct report_point *p)
{
    json_begin(json, '{');
    json_put_time(json, "start", p->start_ns);
    json_put_time(json, "end", p->end_ns);
    json_put_double(json, "observed", p->observed);
    json_put_double(json, "expected", p->expected);
    json_put_double(json, "lower", p->lower);
    json_put_double(json, "upper", p->upper);
    json_end(json, '}');
}

static void put_series(struct json *json, const struct report *report)
{
    json_put_begin(json, "series", '[');
    for (size_t i = 0; i < report->chart_count; i++) {
        const struct report_chart *c = &report->charts[i];
        json_begin(json, '{');
        json_put_text(json, "stream", c->stream);
        json_put_text(json, "series", c->series);
        json_put_optional(json, "key", c->key);
        json_put_text(json, "unit", c->unit);
        json_put_begin(json, "windows", '[');
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
    if (!*b->stream) {
        json_put_null(json, "began");
        return;
    }
    json_put_begin(json, "began", '{');
    json_put_text(json, "stream", b->stream);
    json_put_optional(json, "service", b->service);
    json_put_time(json, "starts_at", b->starts_ns);
    json_put_count(json, "shared_traces", b->shared);
    json_end(json, '}');
}

static void put_before(struct json *json, const struct report_before *b)
{
    if (!b->count) {
        json_put_null(json, "seen_before");
        return;
    }
    json_put_begin(json, "seen_before", '{');
    json_put_text(json, "id", b->id);
    json_put_count(json, "count", b->count);
    json_put_time(json, "starts_at", b->starts_ns);
    json_put_time(json, "ends_at", b->ends_ns);
    json_put_optional(json, "postmortem", b->postmortem);
    json_end(json, '}');
}

static void put_evidence(struct json *json, const struct report_finding *f)
{
    json_put_begin(json, "evidence", '[');
    for (size_t i = 0; i < f->evidence_count; i++) {
        const struct report_evidence *line = &f->evidence[i];
        json_begin(json, '{');
        json_put_text(json, "path", line->path);
        json_put_count(json, "line", line->line);
        json_put_time(json, "time", line->time_ns);
        json_put_text(json, "text", line->text);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_finding(struct json *json, const struct report_finding *f)
{
    json_begin(json, '{');
    json_put_text(json, "id", f->id);
    json_put_text(json, "fingerprint", f->fingerprint);
    json_put_text(json, "route", report_route_name(f->route));
    json_put_text(json, "status", f->resolved ? "resolved" : "firing");
    json_put_text(json, "stream", f->stream);
    json_put_text(json, "series", f->series);
    json_put_text(json, "kind", f->kind);
    json_put_text(json, "summary", f->summary);
    json_put_time(json, "starts_at", f->starts_ns);
    json_put_time(json, "ends_at", f->ends_ns);
    json_put_double(json, "score", f->score);
    put_began(json, &f->began);
    put_before(json, &f->before);
    json_put_begin(json, "trace_ids", '[');
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
    json_put_int(&json, "v", 1);
    json_put_text(&json, "title", report_title(report, &title));
    json_put_time(&json, "since", report->since_ns);
    json_put_time(&json, "until", report->until_ns);
    json_put_bytes(&json, "summary", buffer_bytes(&summary));
    put_counts(&json, report);
    put_budgets(&json, report);
    json_put_text(&json, "first", report->first ? report->first->id : NULL);
    put_timeline(&json, report);
    put_series(&json, report);
    json_put_begin(&json, "findings", '[');
    for (size_t i = 0; i < report->finding_count; i++)
        put_finding(&json, &report->findings[i]);
    json_end(&json, ']');
    json_end(&json, '}');
    buffer_char(out, '\n');
    buffer_free(&title);
    buffer_free(&summary);
}
