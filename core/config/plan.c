/* SPDX-License-Identifier: MIT */

#include "config/plan_inner.h"

#include "base/hash.h"
#include "base/nearest.h"
#include "config/routing_plan.h"
#include "config/slo_plan.h"
#include "record/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int plan_complain(struct draft *d, int line, const char *sentence)
{
    return error_set(d->reterr, -EINVAL, "%s:%d: stream '%s': %s", d->file, line,
                     d->config->name, sentence);
}

/* ---- series ------------------------------------------------------------- */

struct builtin {
    const char *name;
    struct series_spec spec;
};

#define LEVEL(low, high)                                                                       \
    {                                                                                          \
        .select = {.level_min = (low), .level_max = (high) }                                   \
    }

/* Of how long things took. 20 are the fewest of which the highest is not the 95th percentile: one alone says little. */
#define DURATION(what, share, samples)                                                         \
    {                                                                                          \
        .kind = (what), .quantile = (share), .min_samples = (samples)                          \
    }

static const struct builtin builtins[] = {
    {"lines", {.kind = SERIES_LINES}},
    {"records", {.kind = SERIES_RECORDS}},
    {"bytes", {.kind = SERIES_BYTES}},
    {"errors", LEVEL(ODDLINE_LEVEL_ERROR, 0)},
    {"warnings", LEVEL(ODDLINE_LEVEL_WARN, ODDLINE_LEVEL_ERROR - 1)},
    {"troubles", LEVEL(ODDLINE_LEVEL_WARN, 0)},
    {"error_ratio",
     {.kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_ERROR}, .min_samples = 50}},
    {"unparsed", {.select = {.unparsed = true}}},
    {"level_trace", LEVEL(ODDLINE_LEVEL_TRACE, ODDLINE_LEVEL_DEBUG - 1)},
    {"level_debug", LEVEL(ODDLINE_LEVEL_DEBUG, ODDLINE_LEVEL_INFO - 1)},
    {"level_info", LEVEL(ODDLINE_LEVEL_INFO, ODDLINE_LEVEL_WARN - 1)},
    {"level_warn", LEVEL(ODDLINE_LEVEL_WARN, ODDLINE_LEVEL_ERROR - 1)},
    {"level_error", LEVEL(ODDLINE_LEVEL_ERROR, ODDLINE_LEVEL_FATAL - 1)},
    {"level_fatal", LEVEL(ODDLINE_LEVEL_FATAL, 0)},
    {"new_templates", {.kind = SERIES_NEW}},
    {"new_troubles", {.kind = SERIES_NEW, .select = {.level_min = ODDLINE_LEVEL_WARN}}},
    {"duration_p50_ms", DURATION(SERIES_QUANTILE, 0.5, 20)},
    {"duration_p95_ms", DURATION(SERIES_QUANTILE, 0.95, 20)},
    {"duration_mean_ms", DURATION(SERIES_MEAN, 0, 20)},
    {"duration_max_ms", DURATION(SERIES_MAX, 0, 1)},
    {"duration_sum_ms", DURATION(SERIES_SUM, 0, 0)},
};
enum { BUILTINS = sizeof(builtins) / sizeof(builtins[0]) };

/* What takes longer is bad, what is done sooner is not. */
static bool is_duration(const struct draft *d, const struct series_spec *spec)
{
    return spec->kind >= SERIES_SUM && spec->kind <= SERIES_QUANTILE &&
           spec->field + 1 == d->names.duration;
}

static struct judge_series judged_of(const struct draft *d, const struct series_spec *spec,
                                     struct bytes key)
{
    return (struct judge_series){.name = spec->name,
                                 .key = key,
                                 .is_count = spec->kind <= SERIES_BYTES,
                                 .is_bad = spec->select.level_min >= ODDLINE_LEVEL_WARN ||
                                           spec->select.unparsed || is_duration(d, spec) ||
                                           spec->kind == SERIES_NEW};
}

static int add_series(struct draft *d, int line, const struct series_spec *spec,
                      struct bytes key, uint32_t *ret)
{
    if (d->series_count == WINDOW_SERIES_MAX)
        return plan_complain(d, line,
                             arena_printf(&d->plan->arena,
                                          "too many series; at most %d are counted",
                                          WINDOW_SERIES_MAX));
    d->series[d->series_count] = *spec;
    d->judged[d->series_count] = judged_of(d, spec, key);
    *ret = (uint32_t)d->series_count++;
    return 0;
}

static int configured_series(struct draft *d, const struct config_series *config,
                             struct series_spec *ret)
{
    struct error error;
    uint32_t field;
    if (config->groups && !config->by)
        return plan_complain(d, config->line,
                             arena_printf(&d->plan->arena,
                                          "series '%s': 'groups' goes with 'by'",
                                          config->name));
    if (selection_series(&d->names, config, ret, &error) < 0 ||
        (config->by && selection_any_field(&d->names, config->by, &field, &error) < 0))
        return plan_complain(d, config->line, error.text);
    return 0;
}

/* A configured series that has a slot for each value of a field; `spec` is that of a slot. */
static int add_group(struct draft *d, const struct config_series *config,
                     const struct series_spec *spec, uint32_t *ret)
{
    struct error error;
    struct group_wish wish = {.spec = *spec,
                              .judged = judged_of(d, spec, (struct bytes){0}),
                              .field_name = config->by,
                              .slots =
                                  config->groups ? (uint32_t)config->groups : GROUP_DEFAULT};
    if (selection_any_field(&d->names, config->by, &wish.field, &error) < 0 ||
        group_add(&d->groups, &wish, ret, &error) < 0)
        return plan_complain(d, config->line, error.text);
    return 0;
}

static const struct config_series *find_configured(const struct draft *d, const char *name)
{
    for (size_t i = 0; i < d->config->series_count; i++)
        if (strcmp(d->config->series[i].name, name) == 0)
            return &d->config->series[i];
    return NULL;
}

static int unknown_series(struct draft *d, int line, const char *name)
{
    const char *names[BUILTINS + WINDOW_SERIES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < d->config->series_count && count < WINDOW_SERIES_MAX; i++)
        names[count++] = d->config->series[i].name;
    for (size_t i = 0; i < BUILTINS; i++)
        names[count++] = builtins[i].name;
    const char *near = nearest(name, names, count);
    return plan_complain(d, line,
                         arena_printf(&d->plan->arena, "no series is called '%s'%s%s%s", name,
                                      near ? "; did you mean '" : "", near ? near : "",
                                      near ? "'?" : ""));
}

/* The index of the series of that name, planned now if it was not yet. */
int plan_want_series(struct draft *d, int line, const char *name, uint32_t *ret)
{
    for (size_t i = 0; i < d->series_count; i++)
        if (strcmp(d->series[i].name, name) == 0) {
            *ret = (uint32_t)i;
            return 0;
        }
    const struct config_series *configured = find_configured(d, name);
    struct series_spec spec = {0};
    struct error error;
    if (group_find(&d->groups, name, ret))
        return 0;
    if (configured) {
        int r = configured_series(d, configured, &spec);
        if (r == 0 && configured->by)
            return add_group(d, configured, &spec, ret);
        return r < 0 ? r : add_series(d, line, &spec, (struct bytes){0}, ret);
    }
    for (size_t i = 0; i < BUILTINS; i++)
        if (strcmp(builtins[i].name, name) == 0) {
            spec = builtins[i].spec;
            spec.name = builtins[i].name;
            return spec.kind >= SERIES_SUM &&
                           selection_duration(&d->names, &spec.field, &error) < 0
                       ? plan_complain(d, line, error.text)
                       : add_series(d, line, &spec, (struct bytes){0}, ret);
        }
    return unknown_series(d, line, name);
}

int plan_want_pattern(struct draft *d, int line, const char *pattern, uint32_t *ret)
{
    struct config_select select = {.match = pattern};
    struct series_spec spec = {.name = arena_printf(&d->plan->arena, "pattern %s", pattern)};
    struct error error;
    for (size_t i = 0; i < d->series_count; i++)
        if (strcmp(d->series[i].name, spec.name) == 0) {
            *ret = (uint32_t)i;
            return 0;
        }
    if (selection_compile(&d->names, &select, &spec.select, &error) < 0)
        return plan_complain(d, line, error.text);
    return add_series(d, line, &spec, bytes_of(pattern), ret);
}

/* ---- what is counted for others ------------------------------------------ */

/* One hidden series each: of what is bad, and of how many. */
static int plan_slos(struct draft *d)
{
    size_t count = d->config->slo_count;
    struct judge_slo *slos = arena_alloc(&d->plan->arena, count, sizeof(*slos));
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++) {
        const struct config_slo *config = d->config->slos[i];
        struct series_spec spec;
        struct error error;
        if (slo_plan(config, &d->names, &spec, &slos[i], &error) < 0)
            return error_set(d->reterr, -EINVAL, "%s:%d: SLO '%s': %s", config->file,
                             config->line, config->name, error.text);
        if (config->service)
            slos[i].service = &d->plan->service;
        r = add_series(d, config->line, &spec, (struct bytes){0}, &slos[i].series);
    }
    d->plan->judge.slos = slos;
    d->plan->judge.slo_count = count;
    return r;
}

/* ---- the rest ----------------------------------------------------------- */

/* Compiled twice, since the lane and the judge search at the same time. */
static int plan_redactions(struct draft *d)
{
    struct plan *plan = d->plan;
    size_t count = d->config->redact_count;
    struct redaction *rules = arena_alloc(&plan->arena, 2 * count, sizeof(*rules));
    plan->redactions = arena_alloc(&plan->arena, 2 * count, sizeof(*plan->redactions));
    for (size_t i = 0; i < 2 * count; i++) {
        struct error error;
        if (regex_compile(d->config->redact[i % count].match, &plan->redactions[i], &error) < 0)
            return plan_complain(d, d->config->line, error.text);
        plan->redaction_count = i + 1;
        rules[i] = (struct redaction){plan->redactions[i], d->config->redact[i % count].with};
    }
    plan->lane.window.redactions = rules;
    plan->judge.redactions = rules + count;
    plan->lane.window.redaction_count = plan->judge.redaction_count = count;
    return 0;
}

/* Does anybody see the level, or what is behind it, of a record that no pattern fits? */
static bool asks_heads(const struct draft *d)
{
    const struct judge_stream *judge = &d->plan->judge;
    for (size_t i = 0; i < judge->use_count; i++)
        if (plugin_label(judge->uses[i].plugin)->observe)
            return true;
    for (size_t i = 0; i < d->series_count; i++)
        if (series_asks_levels(&d->series[i]) || d->series[i].kind == SERIES_NEW)
            return true;
    return d->names.field_count > 0 || d->names.duration > 0;
}

static int plan_record(struct draft *d)
{
    const struct config_stream *c = d->config;
    struct record_options options = {
        .regex = c->regex,
        .multiline_start = c->multiline ? c->multiline->start : NULL,
        .timezone = c->timezone,
        .year = (int)c->year,
        .fields = d->names.fields,
        .field_count = d->names.field_count,
        .duration = d->names.duration,
        .patterns = d->plan->patterns,
        .pattern_count = d->names.pattern_count,
        .heads_of_matches = !asks_heads(d),
    };
    struct error error;
    if (record_format_parse(c->format, &options.format) < 0)
        return plan_complain(d, c->line, "unknown format");
    if (record_plan_create(&options, &d->plan->record, &error) < 0)
        return plan_complain(d, c->line, error.text);
    return 0;
}

static int plan_releases(struct draft *d)
{
    struct error error;
    int line, r = plan_deploys(d->config, d->plan, &d->names, &line, &error);
    return r < 0 ? plan_complain(d, line, error.text) : 0;
}

static int plan_calls(struct draft *d)
{
    struct error error;
    const struct config_stream *c = d->config;
    int line, r = plan_alarm(c, d->plan, &line, &error);
    if (r < 0)
        return plan_complain(d, line, error.text);
    r = routing_plan(c, d->file, d->plan, d->reterr);
    for (size_t i = 0; i < c->slo_count && r == 0; i++) // of one service, all of them
        if (c->slos[i]->service)
            return slo_plan_service(c->slos[i]->service, c, d->plan, d->reterr);
    return r;
}

static void *copy_of(struct draft *d, const void *at, size_t count, size_t size)
{
    return memcpy(arena_alloc(&d->plan->arena, count, size), at, count * size);
}

/* Templates are looked for where a detector or a series asks for them. */
static bool wants_templates(const struct draft *d)
{
    const struct judge_stream *judge = &d->plan->judge;
    for (size_t i = 0; i < judge->use_count; i++)
        if (plugin_label(judge->uses[i].plugin)->needs & ODDLINE_NEEDS_TEMPLATE)
            return true;
    for (size_t i = 0; i < d->series_count; i++)
        if (d->series[i].kind == SERIES_NEW)
            return true;
    return false;
}

static void finish(struct draft *d)
{
    const struct config_stream *c = d->config;
    struct plan *plan = d->plan;
    const char **names = arena_alloc(&plan->arena, d->names.field_count, sizeof(*names));
    for (size_t i = 0; i < d->names.field_count; i++)
        names[i] = d->names.fields[i].name;
    plan->lane.name = c->name;
    plan->lane.key = c->name ? hash_bytes(bytes_of(c->name)) : 0;
    plan->lane.number = plan->number;
    plan->lane.record = plan->record;
    plan->lane.flush_after_ns = c->multiline ? c->multiline->flush_after_ns : 300 * NS_PER_MS;
    plan->lane.templates = wants_templates(d);
    plan->lane.window.stream = plan->number;
    plan->lane.window.window_ns = c->window_ns;
    plan->lane.window.lateness_ns = c->lateness_ns;
    plan->lane.window.from_ns = plan->lane.window.until_ns = NO_TIME;
    plan->lane.window.series = copy_of(d, d->series, d->series_count, sizeof(*d->series));
    plan->lane.window.series_count = d->series_count;
    plan->judge.name = c->name;
    plan->judge.hash = c->hash;
    plan->judge.series = copy_of(d, d->judged, d->series_count, sizeof(*d->judged));
    plan->judge.series_count = d->series_count;
    plan->judge.field_names = names;
    plan->judge.field_count = d->names.field_count;
    plan->judge.labels = (struct finding_pairs){c->labels.at, c->labels.count};
    plan->judge.annotations = (struct finding_pairs){c->annotations.at, c->annotations.count};
    group_spread(&d->groups, plan);
}

/* Of two series of one name only the first would ever be counted. */
static int check_series_names(struct draft *d)
{
    const struct config_series *s = d->config->series;
    for (size_t i = 0; i < d->config->series_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(s[i].name, s[j].name) == 0)
                return plan_complain(
                    d, s[i].line,
                    arena_printf(&d->plan->arena, "series '%s' is there twice", s[i].name));
    return 0;
}

/*
 * Each series is compiled once for its mistakes alone, whether a detector wants it or not; against names of its own, so
 * that nothing is read or matched for it at run time.
 */
static int check_series(struct draft *d)
{
    struct regex *patterns[2]; // a ratio has two selections, and each has one pattern
    struct selection_names wanted = d->names;
    int r = 0;
    for (size_t i = 0; i < d->config->series_count && r == 0; i++) {
        struct series_spec spec;
        d->names.patterns = patterns;
        d->names.pattern_count = 0;
        r = configured_series(d, &d->config->series[i], &spec);
        while (d->names.pattern_count)
            regex_free(patterns[--d->names.pattern_count]);
        d->names = wanted;
    }
    return r;
}

/* Fields that the configuration names, in its order; the others follow as they are asked for. */
static int plan_fields(struct draft *d)
{
    for (size_t i = 0; i < d->config->fields.count; i++) {
        const struct finding_pair *field = &d->config->fields.at[i];
        struct error error;
        uint32_t number;
        bool is_text = strcmp(field->value, "text") == 0;
        if (!is_text && strcmp(field->value, "number") != 0)
            return plan_complain(d, d->config->line,
                                 arena_printf(&d->plan->arena,
                                              "field %s: '%s' is neither number nor text",
                                              field->name, field->value));
        if (selection_field(&d->names, field->name, is_text, &number, &error) < 0)
            return plan_complain(d, d->config->line, error.text);
    }
    return 0;
}

int plan_create(const struct config_stream *config, const struct plan_place *place,
                struct plan **ret, struct error *reterr)
{
    struct plan *plan = calloc(1, sizeof(*plan));
    if (!plan)
        return error_set(reterr, -ENOMEM, "%s: out of memory", place->file);
    plan->name = config->name;
    plan->number = place->number;
    plan->config = config;
    plan->patterns = arena_alloc(&plan->arena, RECORD_PATTERNS_MAX, sizeof(*plan->patterns));
    struct draft d = {
        .plan = plan,
        .config = config,
        .file = config->file ? config->file : place->file,
        .library = place->library,
        .reterr = reterr,
        .names = {.arena = &plan->arena, .patterns = plan->patterns},
    };
    int (*const steps[])(struct draft *) = {check_series_names, plan_fields, check_series,
                                            plan_detectors,     plan_slos,   plan_redactions,
                                            plan_releases,      plan_record, plan_calls};
    int r = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++)
        r = steps[i](&d);
    plan->pattern_count = d.names.pattern_count;
    if (r < 0) {
        plan_free(plan);
        return r;
    }
    finish(&d);
    *ret = plan;
    return 0;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    record_plan_free(plan->record);
    for (size_t i = 0; i < plan->zone_count; i++)
        zone_free(plan->zones[i]);
    for (size_t i = 0; i < plan->pattern_count; i++)
        regex_free(plan->patterns[i]);
    for (size_t i = 0; i < plan->redaction_count; i++)
        regex_free(plan->redactions[i]);
    arena_free(&plan->arena);
    free(plan);
}
