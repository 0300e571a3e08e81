/* SPDX-License-Identifier: MIT */

#include "command/audit.h"

#include "base/clock.h"
#include "base/hash.h"

static void put_count(struct json *json, const char *key, size_t value)
{
    json_key(json, key);
    json_int(json, (int64_t)value);
}

static void put_number(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

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
    put_count(json, "v", 1);
    put_time(json, "since", a->since_ns);
    put_time(json, "until", a->count ? a->until_ns : NO_TIME);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        put_count(json, counts[i].name, counts[i].value);
    put_number(json, "precision", audit_precision(pages, a->falses));
    json_key(json, "noise");
    json_begin(json, '{');
    put_count(json, "brief", a->brief);
    put_count(json, "flapping", a->flapping);
    put_count(json, "outside", a->outside);
    put_text(json, "hours", a->hours_text);
    json_end(json, '}');
}

static void put_group(struct json *json, const struct audit_group *g)
{
    char hash[HASH_TEXT_SIZE];
    const struct audit_case *c = g->newest;
    json_begin(json, '{');
    put_text(json, "fingerprint", hash_format(c->fingerprint, hash));
    put_text(json, "stream", c->stream);
    put_text(json, "series", c->series);
    put_text(json, "kind", c->kind);
    put_text(json, "detector", c->detector);
    put_text(json, "rule", *c->rule ? c->rule : NULL);
    put_count(json, "pages", g->pages);
    put_count(json, "tickets", g->count - g->pages);
    put_count(json, "false", g->falses);
    put_number(json, "open_s", (double)g->open_ns / (double)NS_PER_S);
    put_number(json, "every_s", (double)g->usual_ns / (double)NS_PER_S);
    put_time(json, "last", c->called_ns);
    put_text(json, "last_id", c->id);
    json_key(json, "repeats");
    json_bool(json, g->count >= AUDIT_REPEATS);
    json_end(json, '}');
}

static void put_saving(struct json *json, const struct audit_stream *s, size_t step)
{
    const struct audit_saving *saving = &s->savings[step];
    json_begin(json, '{');
    put_number(json, "step", saving->step);
    put_number(json, "page", s->page + saving->step);
    put_count(json, "saved", saving->pages);
    put_count(json, "saved_false", saving->falses);
    put_count(json, "saved_other", saving->pages - saving->falses);
    json_end(json, '}');
}

static void put_stream(struct json *json, const struct audit_stream *s)
{
    json_begin(json, '{');
    put_text(json, "stream", s->name);
    put_count(json, "findings", s->findings);
    put_count(json, "pages", s->pages);
    put_count(json, "tickets", s->tickets);
    put_count(json, "false", s->falses);
    put_count(json, "right", s->trues);
    put_number(json, "precision", audit_precision(s->pages, s->falses));
    json_key(json, "thresholds");
    json_begin(json, '[');
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
    json_key(&json, "troubles");
    json_begin(&json, '[');
    for (size_t i = 0; i < audit->group_count; i++)
        put_group(&json, &audit->groups[i]);
    json_end(&json, ']');
    json_key(&json, "streams");
    json_begin(&json, '[');
    for (size_t i = 0; i < audit->stream_count; i++)
        put_stream(&json, &audit->streams[i]);
    json_end(&json, ']');
    audit_advise(audit, &advice);
    json_key(&json, "next");
    json_bytes(&json, buffer_bytes(&advice));
    json_end(&json, '}');
    buffer_char(&text, '\n');
    fwrite(text.at, 1, text.len, out);
    buffer_free(&text);
    buffer_free(&advice);
}
