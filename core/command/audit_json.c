/* SPDX-License-Identifier: MIT */

#include "command/audit.h"

#include "base/clock.h"
#include "base/json_put.h"

/* ---- the parts --------------------------------------------------------------------- */

static void put_totals(struct json *json, const struct audit *a)
{
    size_t pages = a->findings[ROUTE_PAGE];
    const struct {
        const char *name;
        size_t value;
    } counts[] = {{"pages", pages},
                  {"tickets", a->findings[ROUTE_TICKET]},
                  {"logs", a->findings[ROUTE_LOG]},
                  {"skipped", a->skipped},
                  {"false", a->falses},
                  {"right", a->trues},
                  {"unmarked", pages - a->falses - a->trues},
                  {"marks_unknown", a->marks_stray},
                  {"marks_bad", a->marks_bad}};
    json_put_int(json, "v", 1);
    json_put_time(json, "asked_since", a->watched ? a->from_ns : NO_TIME);
    json_put_bool(json, "short", audit_is_short(a));
    json_put_time(json, "since", a->since_ns);
    json_put_time(json, "until", a->count ? a->until_ns : NO_TIME);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        json_put_count(json, counts[i].name, counts[i].value);
    json_put_double(json, "precision", audit_precision(pages, a->falses));
    json_put_begin(json, "noise", '{');
    json_put_count(json, "brief", a->brief);
    json_put_count(json, "flapping", a->flapping);
    json_put_count(json, "outside", a->outside);
    json_put_text(json, "hours", a->hours_text);
    json_end(json, '}');
}

static void put_group(struct json *json, const struct audit_group *g)
{
    const struct audit_case *c = g->newest;
    json_begin(json, '{');
    json_put_hash(json, "fingerprint", c->fingerprint);
    json_put_text(json, "stream", c->stream);
    json_put_text(json, "series", c->series);
    json_put_text(json, "kind", c->kind);
    json_put_text(json, "detector", c->detector);
    json_put_optional(json, "rule", c->rule);
    json_put_count(json, "pages", g->pages);
    json_put_count(json, "tickets", g->count - g->pages);
    json_put_count(json, "false", g->falses);
    json_put_double(json, "open_s", (double)g->open_ns / (double)NS_PER_S);
    json_put_double(json, "every_s", (double)g->usual_ns / (double)NS_PER_S);
    json_put_time(json, "last", c->called_ns);
    json_put_text(json, "last_id", c->id);
    json_put_bool(json, "repeats", g->count >= AUDIT_REPEATS);
    json_end(json, '}');
}

static void put_saving(struct json *json, const struct audit_stream *s, size_t step)
{
    const struct audit_saving *saving = &s->savings[step];
    json_begin(json, '{');
    json_put_double(json, "step", saving->step);
    json_put_double(json, "page", s->page + saving->step);
    json_put_count(json, "saved", saving->pages);
    json_put_count(json, "saved_false", saving->falses);
    json_put_count(json, "saved_other", saving->pages - saving->falses);
    json_end(json, '}');
}

static void put_stream(struct json *json, const struct audit_stream *s)
{
    json_begin(json, '{');
    json_put_text(json, "stream", s->name);
    json_put_count(json, "findings", s->findings);
    json_put_count(json, "pages", s->pages);
    json_put_count(json, "tickets", s->tickets);
    json_put_count(json, "false", s->falses);
    json_put_count(json, "right", s->trues);
    json_put_double(json, "precision", audit_precision(s->pages, s->falses));
    json_put_begin(json, "thresholds", '[');
    for (size_t i = 0; i < AUDIT_STEPS && s->page > 0; i++)
        put_saving(json, s, i);
    json_end(json, ']');
    json_end(json, '}');
}

void audit_json(const struct audit *audit, FILE *out)
{
    struct buffer text = {0}, advice = {0};
    struct json json = {.out = &text};
    json_begin(&json, '{');
    put_totals(&json, audit);
    json_put_begin(&json, "troubles", '[');
    for (size_t i = 0; i < audit->group_count; i++)
        put_group(&json, &audit->groups[i]);
    json_end(&json, ']');
    json_put_begin(&json, "streams", '[');
    for (size_t i = 0; i < audit->stream_count; i++)
        put_stream(&json, &audit->streams[i]);
    json_end(&json, ']');
    audit_advise(audit, &advice);
    json_put_bytes(&json, "next", buffer_bytes(&advice));
    json_end(&json, '}');
    buffer_char(&text, '\n');
    fwrite(text.at, 1, text.len, out);
    buffer_free(&text);
    buffer_free(&advice);
}
