/* SPDX-License-Identifier: MIT */

#include "command/routes_answer.h"

#include "base/clock.h"
#include "base/json_put.h"
#include "base/screen.h"
#include "command/show_text.h"
#include "judge/budget.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* ---- the question ----------------------------------------------------------- */

/* ROUTES: of none. */
static enum finding_route route_named(const char *name)
{
    enum finding_route route = ROUTES;
    finding_route_named(name, &route);
    return route;
}

static const char *text_at(struct json_value json, const char *path, struct arena *arena)
{
    struct buffer text = {0};
    show_text(json, path, &text);
    const char *copy = arena_text(arena, buffer_bytes(&text));
    buffer_free(&text);
    return copy;
}

static int64_t time_at(struct json_value json, const char *path, struct arena *arena)
{
    int64_t at = NO_TIME;
    clock_parse(text_at(json, path, arena), &at, NULL);
    return at;
}

static struct finding_pairs pairs_at(struct json_value json, const char *path,
                                     struct arena *arena)
{
    struct json_value object = json_at(json, path), member;
    struct finding_pair *at = arena_alloc(arena, FINDING_PAIRS_MAX, sizeof(*at));
    struct json_walk walk = json_walk(object);
    struct bytes key;
    size_t count = 0;
    while (object.type == JSON_OBJECT && count < FINDING_PAIRS_MAX &&
           json_next(&walk, &key, &member)) {
        char *value = arena_alloc(arena, member.raw.len + 1, 1);
        json_unescape(member.raw, value);
        at[count++] = (struct finding_pair){arena_text(arena, key), value};
    }
    return (struct finding_pairs){at, count};
}

/* It was for the log because of something that no rule changes. */
static const char *kept_by(struct json_value json, struct finding_pairs labels,
                           struct arena *arena)
{
    static const char *const words[] = {"muted", "silenced", "capped", "recurs", "shadow"};
    for (size_t i = 0; i < labels.count; i++)
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
            if (strcmp(labels.at[i].name, words[k]) == 0)
                return arena_printf(arena, "%s: %s", words[k], labels.at[i].value);
    double windows = json_number(json_at(json, "explain.windows"), INFINITY),
           warmup = json_number(json_at(json, "explain.warmup"), 0);
    if (json_at(json, "explain.accepted").type == JSON_TRUE)
        return "it says that a change became normal";
    return windows < warmup ? "the stream was warming up" : NULL;
}

int routes_read(struct json_value json, struct arena *arena, struct routes_question *ret)
{
    struct finding f = {.stream = text_at(json, "stream", arena),
                        .series = text_at(json, "series", arena),
                        .detector = text_at(json, "detector", arena),
                        .score = json_number(json_at(json, "score"), NAN),
                        .starts_ns = time_at(json, "starts_at", arena),
                        .ends_ns = time_at(json, "ends_at", arena),
                        .window_start_ns = time_at(json, "window.start", arena),
                        .resource = pairs_at(json, "resource", arena),
                        .route = route_named(text_at(json, "route", arena))};
    const char *id = text_at(json, "id", arena);
    if (!finding_kind_named(text_at(json, "kind", arena), &f.kind) || f.route == ROUTES ||
        strlen(id) >= sizeof(f.id))
        return -EBADMSG;
    memcpy(f.id, id, strlen(id) + 1);
    f.fingerprint = strtoull(text_at(json, "fingerprint", arena), NULL, 16);
    f.status = strcmp(text_at(json, "status", arena), "firing") == 0 ? FINDING_FIRING
                                                                     : FINDING_RESOLVED;
    enum finding_route scored = route_named(text_at(json, "explain.route", arena));
    *ret =
        (struct routes_question){.finding = f,
                                 .scored = scored,
                                 .kept = kept_by(json, pairs_at(json, "labels", arena), arena),
                                 .made = true};
    if (scored == ROUTES) { // no detector scored it
        ret->scored = f.route;
        ret->finding.score = NAN;
        ret->finding.window_start_ns = f.starts_ns; // rules were asked by it
    }
    return 0;
}

/* ---- the answer -------------------------------------------------------------- */

/* Where a score sends it in this stream. */
static enum finding_route score_route(const struct plan *plan, double score)
{
    double thresholds[ROUTES];
    int64_t window_ns = plan->config->window_ns;
    budget_thresholds(&plan->judge, window_ns ? window_ns : 60 * NS_PER_S, thresholds);
    enum finding_route route = isnan(score) ? ROUTE_TICKET : ROUTE_PAGE;
    while (!isnan(score) && route < ROUTES && score < thresholds[route])
        route++;
    return route;
}

static bool is_muted(const struct plan *plan, const struct finding *f, struct hush *ret)
{
    struct hush_about about = {.stream = f->stream,
                               .series = f->series,
                               .detector = f->detector,
                               .start_ns = f->window_start_ns,
                               .end_ns = f->window_start_ns};
    return f->route < ROUTE_LOG &&
           hush_find(plan->judge.mutes, plan->judge.mute_count, NULL, &about, ret);
}

void routes_decide(const struct plan *plan, const struct routes_question *question,
                   struct routes_answer *ret)
{
    struct finding *f = &ret->finding;
    struct hush hush = {.kind = HUSH_NONE};
    *f = question->finding;
    f->labels = plan->judge.labels;
    f->annotations = plan->judge.annotations;
    ret->scored = question->scored == ROUTES ? score_route(plan, f->score) : question->scored;
    struct routing_about about = {.kind = f->kind,
                                  .series = f->series,
                                  .detector = f->detector,
                                  .score = f->score,
                                  .at_ns = f->window_start_ns};
    ret->rule = ret->scored == ROUTES ? NULL : routing_find(&plan->judge.routing, &about);
    f->route = routing_route(ret->rule, ret->scored);
    if (ret->rule) {
        f->labels = ret->rule->labels;
        f->annotations = ret->rule->annotations;
    }
    ret->kept = question->kept;
    if (!ret->kept && is_muted(plan, f, &hush))
        ret->kept = "muted";
    if (ret->kept && f->route < ROUTE_LOG)
        f->route = ROUTE_LOG;
    if (f->route == ROUTES)
        return; // nothing would leave
    hush_mark(&hush, f, &ret->words);
    placeholder_fill(f, &ret->room);
}

/* ---- for people ---------------------------------------------------------------- */

static void put(struct buffer *out, const char *text)
{
    screen_text(out, bytes_of(text), 0);
}

static void put_pairs(struct buffer *out, const char *what, struct finding_pairs pairs)
{
    for (size_t i = 0; i < pairs.count; i++) {
        buffer_printf(out, "  %-11s ", i ? "" : what);
        put(out, pairs.at[i].name);
        buffer_text(out, " = ");
        put(out, pairs.at[i].value);
        buffer_char(out, '\n');
    }
}

static const char *route_word(enum finding_route route)
{
    return route == ROUTES ? "nowhere" : finding_route_name(route);
}

/* Why: the rule with its place, or the score. */
static void put_why(struct buffer *out, const struct routes_answer *a, const struct plan *plan)
{
    const struct config_stream *c = plan->config;
    for (size_t i = 0; a->rule && i < c->rule_count; i++)
        if (strcmp(c->rules[i].name, a->rule->name) == 0) {
            buffer_text(out, "  by rule '");
            put(out, a->rule->name);
            buffer_printf(out, "' (%s:%d)", c->rules[i].file, c->rules[i].line);
        }
    if (!isnan(a->finding.score))
        buffer_printf(out, "  by its score of %.3g: %s", a->finding.score,
                      route_word(a->scored));
    if (a->kept) {
        buffer_text(out, "  kept for the log: ");
        put(out, a->kept);
    }
    buffer_char(out, '\n');
}

void routes_print(const struct routes_question *question, const struct routes_answer *answer,
                  const struct plan *plan, FILE *out)
{
    const struct finding *f = &answer->finding;
    struct buffer text = {0};
    buffer_printf(&text, "%-8s", route_word(f->route));
    put(&text, f->stream);
    if (*f->series)
        buffer_char(&text, ' ');
    put(&text, f->series);
    buffer_printf(&text, " %s", finding_kind_name(f->kind));
    put_why(&text, answer, plan);
    if (question->made) {
        buffer_printf(&text, "  %-11s ", "finding");
        put(&text, f->id);
        buffer_printf(&text, ", which was a %s\n", route_word(question->finding.route));
    }
    put_pairs(&text, "labels", f->labels);
    put_pairs(&text, "annotations", f->annotations);
    fwrite(text.at, 1, text.len, out);
    buffer_free(&text);
}

/* ---- for programs ---------------------------------------------------------------- */

static void json_pairs(struct json *json, const char *key, struct finding_pairs pairs)
{
    json_put_begin(json, key, '{');
    for (size_t i = 0; i < pairs.count; i++) {
        json_name(json, bytes_of(pairs.at[i].name));
        json_text(json, pairs.at[i].value);
    }
    json_end(json, '}');
}

void routes_json(const struct routes_question *question, const struct routes_answer *answer,
                 FILE *out)
{
    const struct finding *f = &answer->finding;
    struct buffer text = {0};
    struct json json = {.out = &text};
    json_begin(&json, '{');
    json_put_text(&json, "id", question->made ? f->id : NULL);
    json_put_text(&json, "stream", f->stream);
    json_put_text(&json, "series", f->series);
    json_put_text(&json, "kind", finding_kind_name(f->kind));
    json_put_text(&json, "detector", f->detector);
    json_put_double(&json, "score", f->score);
    json_put_text(&json, "was", question->made ? route_word(question->finding.route) : NULL);
    json_put_text(&json, "by_score", isnan(f->score) ? NULL : route_word(answer->scored));
    json_put_text(&json, "rule", answer->rule ? answer->rule->name : NULL);
    json_put_text(&json, "kept", answer->kept);
    json_put_text(&json, "route", f->route == ROUTES ? NULL : finding_route_name(f->route));
    json_pairs(&json, "labels", f->labels);
    json_pairs(&json, "annotations", f->annotations);
    json_end(&json, '}');
    buffer_char(&text, '\n');
    fwrite(text.at, 1, text.len, out);
    buffer_free(&text);
}
