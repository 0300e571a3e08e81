/* SPDX-License-Identifier: MIT */

#include "config/routing_plan.h"

#include "base/log.h"
#include "base/nearest.h"
#include "judge/placeholder.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = FINDING_PAIRS_MAX - 3 }; /* a hush and a trial add some */

/* A rule that is being compiled for a stream. */
struct draft {
    const struct config_stream *stream;
    const struct config_rule *from;
    struct plan *plan;
    struct routing_rule rule;
    struct error *reterr;
};

static int complain(struct draft *d, const char *what)
{
    return error_set(d->reterr, -EINVAL, "%s:%d: rule '%s': %s", d->from->file, d->from->line,
                     d->from->name, what);
}

static const struct config_when *when_of(const struct draft *d)
{
    static const struct config_when always = {0};
    return d->from->when ? d->from->when : &always;
}

static const char *did_you_mean(struct arena *arena, const char *near)
{
    return near ? arena_printf(arena, "; did you mean '%s'?", near) : "";
}

/* ---- what must fit -------------------------------------------------------- */

static const char *nearest_kind(const char *text)
{
    const char *names[FINDING_KINDS];
    for (int kind = 0; kind < FINDING_KINDS; kind++)
        names[kind] = finding_kind_name((enum finding_kind)kind);
    return nearest(text, names, FINDING_KINDS);
}

static int take_kinds(struct draft *d)
{
    const struct config_texts *texts = &when_of(d)->kinds;
    for (size_t i = 0; i < texts->count; i++) {
        enum finding_kind kind;
        if (!finding_kind_named(texts->at[i], &kind))
            return complain(
                d, arena_printf(&d->plan->arena, "no kind is called '%s'%s", texts->at[i],
                                did_you_mean(&d->plan->arena, nearest_kind(texts->at[i]))));
        d->rule.kinds |= 1u << kind;
    }
    return 0;
}

/* Two-letter signs first, or `>=` would be read as `>`. */
static int take_score(struct draft *d)
{
    static const struct {
        const char *sign;
        enum routing_compare compare;
    } signs[] = {{">=", ROUTING_GE}, {"<=", ROUTING_LE}, {">", ROUTING_GT}, {"<", ROUTING_LT}};
    const char *text = when_of(d)->score;
    for (size_t i = 0; text && i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t len = strlen(signs[i].sign);
        if (strncmp(text, signs[i].sign, len) != 0)
            continue;
        char *end;
        d->rule.score = strtod(text + len, &end);
        if (end == text + len || *end || !(d->rule.score >= 0 && d->rule.score <= 1000))
            break;
        d->rule.compare = signs[i].compare;
        return 0;
    }
    return text ? complain(d, arena_printf(&d->plan->arena,
                                           "score '%s': write one of >= > <= < and a number "
                                           "from 0 to 1000, such as '>= 8'",
                                           text))
                : 0;
}

static int take_hours(struct draft *d)
{
    const struct config_when *when = when_of(d);
    struct plan_hours hours = {"time", when->time, when->timezone};
    struct mute *mute = arena_alloc(&d->plan->arena, 1, sizeof(*mute));
    struct error why;
    if (!when->time)
        return when->timezone ? complain(d, "a timezone without a time means nothing") : 0;
    if (plan_hours(d->stream, d->plan, &hours, mute, &why) < 0)
        return complain(d, why.text);
    d->rule.hours = mute;
    return 0;
}

static int take_names(struct draft *d)
{
    const struct config_when *when = when_of(d);
    d->rule.series = (struct routing_globs){when->series.at, when->series.count};
    d->rule.detectors = (struct routing_globs){when->detectors.at, when->detectors.count};
    return 0;
}

/* ---- what it gives --------------------------------------------------------- */

static int take_route(struct draft *d)
{
    const struct config_rule *from = d->from;
    d->rule.name = from->name;
    d->rule.route = ROUTES;
    if (from->route)
        finding_route_named(from->route, &d->rule.route);
    return from->route || from->labels.count || from->annotations.count
               ? 0
               : complain(d, "it changes nothing: give it a route, labels or annotations");
}

static const char *value_of(struct config_pairs pairs, const char *name)
{
    return finding_pair_value((struct finding_pairs){pairs.at, pairs.count}, name);
}

static void add_pairs(struct finding_pair *at, size_t *count, struct config_pairs more)
{
    size_t known = *count;
    for (size_t i = 0; i < more.count; i++)
        if (!value_of((struct config_pairs){at, known}, more.at[i].name))
            at[(*count)++] = more.at[i];
}

/* `first` (may have no name), then those of the rule, then those of the stream that it has none of. */
static int merge(struct draft *d, struct finding_pair first, struct config_pairs own,
                 struct config_pairs streams, struct finding_pairs *ret)
{
    size_t count = first.name != NULL;
    struct finding_pair *at =
        arena_alloc(&d->plan->arena, 1 + own.count + streams.count, sizeof(*at));
    at[0] = first;
    add_pairs(at, &count, own);
    add_pairs(at, &count, streams);
    if (count > PAIRS_MAX)
        return complain(d, arena_printf(&d->plan->arena,
                                        "with those of stream '%s' it has %zu labels or "
                                        "annotations; at most %d can go with a finding",
                                        d->stream->name, count, PAIRS_MAX));
    *ret = (struct finding_pairs){at, count};
    return 0;
}

static int take_pairs(struct draft *d)
{
    const struct finding_pair name = {ROUTING_LABEL, d->from->name}, none = {0};
    int r = merge(d, name, d->from->labels, d->stream->labels, &d->rule.labels);
    return r < 0 ? r
                 : merge(d, none, d->from->annotations, d->stream->annotations,
                         &d->rule.annotations);
}

/* ---- placeholders ----------------------------------------------------------- */

/* Who says it, of which labels. */
struct speaker {
    struct arena *arena;
    struct config_pairs annotations, resource;
    struct finding_pairs labels;
};

static bool is_name(const char *const *names, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_is(name, names[i]))
            return true;
    return false;
}

static const char **all_names(const struct speaker *s, size_t *ret_count)
{
    size_t count = 0;
    const char **names = arena_alloc(
        s->arena, placeholder_name_count + s->labels.count + s->resource.count, sizeof(*names));
    for (size_t i = 0; i < placeholder_name_count; i++)
        names[count++] = placeholder_names[i];
    for (size_t i = 0; i < s->labels.count; i++)
        names[count++] = s->labels.at[i].name;
    for (size_t i = 0; i < s->resource.count; i++)
        names[count++] = s->resource.at[i].name;
    *ret_count = count;
    return names;
}

/* What is wrong with the placeholders, as a sentence; NULL when nothing is. */
static const char *unknown_placeholder(const struct speaker *s)
{
    size_t count;
    const char **names = all_names(s, &count);
    for (size_t i = 0; i < s->annotations.count; i++) {
        const char *text = s->annotations.at[i].value;
        struct placeholder_piece piece;
        while (placeholder_next(&text, &piece)) {
            if (!piece.is_name || is_name(names, count, piece.text))
                continue;
            const char *name = arena_text(s->arena, piece.text);
            return arena_printf(s->arena, "annotation %s: nothing is called '{%s}'%s",
                                s->annotations.at[i].name, name,
                                did_you_mean(s->arena, nearest(name, names, count)));
        }
    }
    return NULL;
}

static int check_placeholders(struct draft *d)
{
    struct speaker speaker = {&d->plan->arena, d->from->annotations, d->stream->resource,
                              d->rule.labels};
    const char *what = unknown_placeholder(&speaker);
    return what ? complain(d, arena_printf(&d->plan->arena, "%s (of stream '%s')", what,
                                           d->stream->name))
                : 0;
}

/* ---- all of it ---------------------------------------------------------------- */

/* Is it about the stream, as far as that is known before there is any finding? */
static bool may_fit(const struct draft *d)
{
    struct config_pairs wanted = when_of(d)->labels;
    for (size_t i = 0; i < wanted.count; i++) {
        const char *value = value_of(d->stream->labels, wanted.at[i].name);
        if (!value)
            value = value_of(d->stream->resource, wanted.at[i].name);
        if (!value || fnmatch(wanted.at[i].value, value, 0) != 0)
            return false;
    }
    return config_rule_names(d->from, d->stream->configured);
}

static int check_name(struct draft *d)
{
    for (const struct config_rule *r = d->stream->rules; r < d->from; r++)
        if (strcmp(r->name, d->from->name) == 0)
            return complain(d, arena_printf(&d->plan->arena,
                                            "it is there twice (first in line %d)", r->line));
    return 0;
}

/* A rule is read whether it fits or not: its mistakes are said before it is needed. */
static int compile(struct draft *d, bool *ret_fits)
{
    int (*const steps[])(struct draft *) = {check_name, take_route, take_kinds,
                                            take_score, take_hours, take_names};
    int r = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++)
        r = steps[i](d);
    *ret_fits = r == 0 && may_fit(d);
    if (*ret_fits)
        r = take_pairs(d);
    if (r == 0 && *ret_fits)
        r = check_placeholders(d);
    return r;
}

static int check_stream(const struct config_stream *c, const char *file, struct plan *plan,
                        struct error *reterr)
{
    struct speaker speaker = {
        &plan->arena, c->annotations, c->resource, {c->labels.at, c->labels.count}};
    const char *what = unknown_placeholder(&speaker);
    if (c->labels.count > PAIRS_MAX || c->annotations.count > PAIRS_MAX)
        what = arena_printf(&plan->arena,
                            "at most %d labels and as many annotations can go "
                            "with a finding",
                            PAIRS_MAX);
    return what ? error_set(reterr, -EINVAL, "%s:%d: stream '%s': %s", file, c->line, c->name,
                            what)
                : 0;
}

int routing_compile(const struct config_stream *config, struct plan *plan, struct routing *ret,
                    struct error *reterr)
{
    struct routing_rule *rules = arena_alloc(&plan->arena, config->rule_count, sizeof(*rules));
    size_t count = 0;
    int r = 0;
    if (config->rule_count > ROUTING_RULES_MAX)
        r = error_set(reterr, -EINVAL, "%s:%d: more than %d rules in routes",
                      config->rules[0].file, config->rules[0].line, ROUTING_RULES_MAX);
    for (size_t i = 0; i < config->rule_count && r == 0; i++) {
        struct draft d = {
            .stream = config, .from = &config->rules[i], .plan = plan, .reterr = reterr};
        bool fits = false;
        r = compile(&d, &fits);
        if (r == 0 && fits)
            rules[count++] = d.rule;
    }
    if (r == 0)
        *ret = (struct routing){rules, count};
    return r;
}

int routing_plan(const struct config_stream *config, const char *file, struct plan *plan,
                 struct error *reterr)
{
    int r = check_stream(config, file, plan, reterr);
    return r < 0 ? r : routing_compile(config, plan, &plan->judge.routing, reterr);
}

/* ---- what may be missed at night ------------------------------------------------ */

static bool has_runbook(struct finding_pairs annotations)
{
    for (size_t i = 0; i < annotations.count; i++)
        if (strcmp(annotations.at[i].name, "runbook_url") == 0 && *annotations.at[i].value)
            return true;
    return false;
}

static size_t place_of(const struct config_stream *c, const struct routing_rule *rule)
{
    size_t i = 0;
    while (strcmp(c->rules[i].name, rule->name) != 0)
        i++;
    return i;
}

static bool takes_all(const struct routing_rule *rule)
{
    return !rule->kinds && !rule->series.count && !rule->detectors.count && !rule->hours &&
           rule->compare == ROUTING_ANY;
}

void routing_warn(const struct plan *plan, const char *file, struct routing_check *check)
{
    const struct config_stream *c = plan->config;
    const struct routing *routing = &plan->judge.routing;
    bool pages = !plan->judge.policy.every, all = false;
    for (size_t i = 0; i < routing->count; i++) {
        const struct routing_rule *rule = &routing->rules[i];
        size_t place = place_of(c, rule);
        bool can = pages && !all && (rule->route == ROUTE_PAGE || rule->route == ROUTES);
        check->used[place] = true;
        all |= takes_all(rule);
        if (!can || check->warned[place] || has_runbook(rule->annotations))
            continue;
        check->warned[place] = true;
        log_warning("%s:%d: rule '%s' can page (stream '%s') without an annotation runbook_url",
                    c->rules[place].file, c->rules[place].line, rule->name, c->name);
    }
    if (pages && !all &&
        !has_runbook((struct finding_pairs){c->annotations.at, c->annotations.count}))
        log_warning("%s:%d: stream '%s' can page without an annotation runbook_url",
                    c->file ? c->file : file, c->line, c->name);
}

void routing_warn_unused(const struct config *config, const struct routing_check *check)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (!check->used[i])
            log_warning("%s:%d: rule '%s' is about no stream of this configuration",
                        config->rules[i].file, config->rules[i].line, config->rules[i].name);
}
