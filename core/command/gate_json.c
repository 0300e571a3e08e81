/* SPDX-License-Identifier: MIT */
/* The verdict as JSON. What a record says is a value in it and nothing else. */

#include "command/gate_report.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"

enum { TOLD_MAX = 20 };

static void put_double(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

static void put_int(struct json *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_int(json, value);
}

static void put_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

/* Of a share `of` is records or windows, of a rate seconds. */
static void put_side(struct json *json, const char *key, struct tally tally, struct bound bound)
{
    json_key(json, key);
    json_begin(json, '{');
    put_double(json, "count", tally.part);
    put_double(json, "of", tally.all);
    put_double(json, "value", tally.all > 0 ? tally.part / tally.all : 0.0 / 0.0);
    put_double(json, "lower", bound.low);
    put_double(json, "upper", bound.high);
    json_end(json, '}');
}

static void put_days(struct json *json, const struct court *court, uint32_t shown_by)
{
    json_key(json, "shown_days_ago");
    json_begin(json, '[');
    for (size_t i = 0; i < court->gate.day_count; i++)
        if (shown_by >> i & 1)
            json_int(json, court->days[i]);
    json_end(json, ']');
}

static void put_questions(struct json *json, const struct court *court)
{
    json_key(json, "metrics");
    json_begin(json, '[');
    for (int q = 0; q < GATE_QUESTIONS; q++) {
        const struct gate_answer *answer = &court->result.answers[q];
        if (answer->state == GATE_ABSENT)
            continue;
        json_begin(json, '{');
        put_text(json, "name", gate_question_name((enum gate_question)q));
        put_text(json, "state", gate_state_name(answer->state));
        put_side(json, "before", answer->before, answer->before_bound);
        put_side(json, "after", answer->after, answer->after_bound);
        put_double(json, "limit", answer->limit);
        put_double(json, "spread", answer->spread);
        put_days(json, court, answer->shown_by);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_durations(struct json *json, const char *key, const struct gate_side *side,
                          size_t windows)
{
    struct quantile durations;
    gate_durations(side, windows, &durations);
    json_key(json, key);
    json_begin(json, '{');
    put_int(json, "count", (int64_t)durations.count);
    put_double(json, "p50", quantile_value(&durations, 0.5));
    put_double(json, "p95", quantile_value(&durations, 0.95));
    put_double(json, "p99", quantile_value(&durations, 0.99));
    json_end(json, '}');
}

static void put_template(struct json *json, const struct news *news)
{
    char id[HASH_TEXT_SIZE];
    json_begin(json, '{');
    put_text(json, "id", hash_format(news->root->id, id));
    json_key(json, "trouble");
    json_bool(json, news->trouble);
    put_int(json, "records", (int64_t)news->told);
    put_int(json, "windows", (int64_t)news->windows);
    put_text(json, "stream", news->stream->name);
    json_key(json, "template");
    json_bytes(json, news_text(news));
    json_key(json, "example");
    json_bytes(json, (struct bytes){news->example, news->example_len});
    json_end(json, '}');
}

static void put_templates(struct json *json, struct court *court)
{
    const struct news *news[TOLD_MAX];
    size_t count = newsroom_list(&court->news, court->looked, news, TOLD_MAX);
    put_int(json, "new_templates", (int64_t)count);
    json_key(json, "templates");
    json_begin(json, '[');
    for (size_t i = 0; i < count && i < TOLD_MAX; i++)
        put_template(json, news[i]);
    json_end(json, ']');
}

static void put_times(struct json *json, const struct court *court)
{
    const struct court_terms *t = &court->terms;
    json_key(json, "deployed_at");
    json_time(json, t->since_ns);
    json_key(json, "heard_until");
    json_time(json, t->since_ns + court_heard_ns(court));
    put_double(json, "after_seconds", (double)court_heard_ns(court) / (double)NS_PER_S);
    put_double(json, "baseline_seconds", (double)t->baseline_ns / (double)NS_PER_S);
    put_double(json, "wait_seconds", (double)t->wait_ns / (double)NS_PER_S);
}

static void put_terms(struct json *json, const struct court *court)
{
    put_double(json, "alpha", court->terms.alpha);
    put_double(json, "tolerate", court->terms.tolerate);
    put_int(json, "min_samples", (int64_t)court->terms.samples_min);
    put_int(json, "records_before", (int64_t)court->result.records_before);
    put_int(json, "records_after", (int64_t)court->result.records_after);
    put_int(json, "records_without_time", (int64_t)court->timeless);
    put_int(json, "days_of_reference", (int64_t)court->result.days);
    json_key(json, "control");
    json_bool(json, court->result.controlled);
}

void gate_report_json(const struct gate_report *report, struct buffer *out)
{
    struct court *court = report->court;
    struct json json = {.out = out};
    json_begin(&json, '{');
    put_int(&json, "v", 1);
    put_text(&json, "verdict",
             report->dry ? "dry-run" : gate_verdict_name(court->result.verdict));
    put_text(&json, "reason", court->result.reason);
    put_text(&json, "service", report->service);
    put_text(&json, "version", *report->version ? report->version : NULL);
    put_times(&json, court);
    put_terms(&json, court);
    put_templates(&json, court);
    put_questions(&json, court);
    json_key(&json, "duration_ms");
    json_begin(&json, '{');
    put_durations(&json, "before", &court->gate.service.before, SIZE_MAX);
    put_durations(&json, "after", &court->gate.service.after, court->looked);
    json_end(&json, '}');
    json_end(&json, '}');
    buffer_char(out, '\n');
}
