/* SPDX-License-Identifier: MIT */
/* The verdict as JSON. What a record says is a value in it and nothing else. */

#include "command/gate_report.h"

#include "base/clock.h"
#include "base/json_put.h"

enum { TOLD_MAX = 20 };

/* Of a share `of` is records or windows, of a rate seconds. */
static void put_side(struct json *json, const char *key, struct tally tally, struct bound bound)
{
    json_put_begin(json, key, '{');
    json_put_double(json, "count", tally.part);
    json_put_double(json, "of", tally.all);
    json_put_double(json, "value", tally.all > 0 ? tally.part / tally.all : 0.0 / 0.0);
    json_put_double(json, "lower", bound.low);
    json_put_double(json, "upper", bound.high);
    json_end(json, '}');
}

static void put_days(struct json *json, const struct court *court, uint32_t shown_by)
{
    json_put_begin(json, "shown_days_ago", '[');
    for (size_t i = 0; i < court->gate.day_count; i++)
        if (shown_by >> i & 1)
            json_int(json, court->days[i]);
    json_end(json, ']');
}

static void put_questions(struct json *json, const struct court *court)
{
    json_put_begin(json, "metrics", '[');
    for (int q = 0; q < GATE_QUESTIONS; q++) {
        const struct gate_answer *answer = &court->result.answers[q];
        if (answer->state == GATE_ABSENT)
            continue;
        json_begin(json, '{');
        json_put_text(json, "name", gate_question_name((enum gate_question)q));
        json_put_text(json, "state", gate_state_name(answer->state));
        put_side(json, "before", answer->before, answer->before_bound);
        put_side(json, "after", answer->after, answer->after_bound);
        json_put_double(json, "limit", answer->limit);
        json_put_double(json, "spread", answer->spread);
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
    json_put_begin(json, key, '{');
    json_put_count(json, "count", durations.count);
    json_put_double(json, "p50", quantile_value(&durations, 0.5));
    json_put_double(json, "p95", quantile_value(&durations, 0.95));
    json_put_double(json, "p99", quantile_value(&durations, 0.99));
    json_end(json, '}');
}

static void put_template(struct json *json, const struct news *news)
{
    json_begin(json, '{');
    json_put_hash(json, "id", news->root->id);
    json_put_bool(json, "trouble", news->trouble);
    json_put_count(json, "records", news->told);
    json_put_count(json, "windows", news->windows);
    json_put_text(json, "stream", news->stream->name);
    json_put_bytes(json, "template", news_text(news));
    json_put_bytes(json, "example", (struct bytes){news->example, news->example_len});
    json_end(json, '}');
}

static void put_templates(struct json *json, struct court *court)
{
    const struct news *news[TOLD_MAX];
    size_t count = newsroom_list(&court->news, court->looked, news, TOLD_MAX);
    json_put_count(json, "new_templates", count);
    json_put_begin(json, "templates", '[');
    for (size_t i = 0; i < count && i < TOLD_MAX; i++)
        put_template(json, news[i]);
    json_end(json, ']');
}

static void put_times(struct json *json, const struct court *court)
{
    const struct court_terms *t = &court->terms;
    json_put_time(json, "deployed_at", t->since_ns);
    json_put_time(json, "heard_until", t->since_ns + court_heard_ns(court));
    json_put_double(json, "after_seconds", (double)court_heard_ns(court) / (double)NS_PER_S);
    json_put_double(json, "baseline_seconds", (double)t->baseline_ns / (double)NS_PER_S);
    json_put_double(json, "wait_seconds", (double)t->wait_ns / (double)NS_PER_S);
}

static void put_terms(struct json *json, const struct court *court)
{
    json_put_double(json, "alpha", court->terms.alpha);
    json_put_double(json, "tolerate", court->terms.tolerate);
    json_put_count(json, "min_samples", court->terms.samples_min);
    json_put_count(json, "records_before", court->result.records_before);
    json_put_count(json, "records_after", court->result.records_after);
    json_put_count(json, "records_without_time", court->timeless);
    json_put_count(json, "days_of_reference", court->result.days);
    json_put_bool(json, "control", court->result.controlled);
}

void gate_report_json(const struct gate_report *report, struct buffer *out)
{
    struct court *court = report->court;
    struct json json = {.out = out};
    json_begin(&json, '{');
    json_put_int(&json, "v", 1);
    json_put_text(&json, "verdict",
                  report->dry ? "dry-run" : gate_verdict_name(court->result.verdict));
    json_put_text(&json, "reason", court->result.reason);
    json_put_text(&json, "service", report->service);
    json_put_optional(&json, "version", report->version);
    put_times(&json, court);
    put_terms(&json, court);
    put_templates(&json, court);
    put_questions(&json, court);
    json_put_begin(&json, "duration_ms", '{');
    put_durations(&json, "before", &court->gate.service.before, SIZE_MAX);
    put_durations(&json, "after", &court->gate.service.after, court->looked);
    json_end(&json, '}');
    json_end(&json, '}');
    buffer_char(out, '\n');
}
