/* SPDX-License-Identifier: MIT */
/* The options of a stream, checked and compiled once. */

#include "record/parse.h"

#include <errno.h>
#include <stdlib.h>

enum { BYTES_MIN = 64 }; /* a bound below this cuts stamps */

static int copy_fields(struct record_plan *plan, const struct record_options *options,
                       struct error *reterr)
{
    if (options->field_count > RECORD_FIELDS_MAX)
        return error_set(reterr, -E2BIG, "fields: %zu of them: at most %d",
                         options->field_count, RECORD_FIELDS_MAX);
    plan->duration = -1;
    for (size_t i = 0; i < options->field_count; i++) {
        if (i + 1 == options->duration) {
            plan->duration = (int)plan->wanted_count;
            plan->wanted[plan->wanted_count++] = (struct wanted){.is_text = false};
            continue;
        }
        const char *name = strdup(options->fields[i].name);
        if (!name)
            return error_set(reterr, -ENOMEM, "fields: out of memory");
        plan->wanted[plan->wanted_count++] =
            (struct wanted){.name = bytes_of(name), .is_text = options->fields[i].is_text};
        plan->named_count++;
    }
    return 0;
}

static int compile_line(struct record_plan *plan, const char *pattern, struct error *reterr)
{
    if (!pattern || !*pattern)
        return error_set(
            reterr, -EINVAL,
            "format regex: no pattern: set one with named groups such as (?<time>...)");
    int r = regex_compile(pattern, &plan->line, reterr);
    if (r < 0)
        return r;
    plan->time_group = regex_group_number(plan->line, "time");
    plan->level_group = regex_group_number(plan->line, "level");
    plan->message_group = regex_group_number(plan->line, "message");
    for (size_t i = 0; i < plan->wanted_count; i++) {
        plan->field_group[i] = -1;
        if ((int)i == plan->duration)
            continue;
        plan->field_group[i] = regex_group_number(plan->line, plan->wanted[i].name.at);
        if (plan->field_group[i] < 0)
            return error_set(reterr, -EINVAL,
                             "field '%s': the pattern has no group of that name",
                             plan->wanted[i].name.at);
    }
    return 0;
}

static int make_sieve(struct record_plan *plan, struct error *reterr)
{
    const char *texts[BATCH_PATTERNS];
    if (!plan->pattern_count)
        return 0;
    for (size_t i = 0; i < plan->pattern_count; i++)
        texts[i] = regex_text(plan->patterns[i]);
    int r = sieve_create(texts, plan->pattern_count, &plan->sieve);
    if (r < 0)
        return error_set(reterr, r, "patterns: out of memory");
    for (size_t i = 0; i < plan->pattern_count; i++)
        plan->blind[i / 64] |= (uint64_t)sieve_blind(plan->sieve, i) << (i % 64);
    return 0;
}

static int compile(struct record_plan *plan, const struct record_options *options,
                   struct error *reterr)
{
    const char *start = options->multiline_start;
    int r = copy_fields(plan, options, reterr);
    if (r < 0)
        return r;
    if (options->pattern_count > RECORD_PATTERNS_MAX)
        return error_set(reterr, -E2BIG, "patterns: %zu of them: at most %d",
                         options->pattern_count, RECORD_PATTERNS_MAX);
    r = make_sieve(plan, reterr);
    if (r == 0)
        r = zone_open(options->timezone, &plan->zone, reterr);
    if (r == 0 && options->format == RECORD_REGEX)
        r = compile_line(plan, options->regex, reterr);
    if (r == 0 && start && *start)
        r = regex_compile(start, &plan->start, reterr);
    return r;
}

int record_plan_create(const struct record_options *options, struct record_plan **ret,
                       struct error *reterr)
{
    struct record_plan *plan = calloc(1, sizeof(*plan));
    if (!plan)
        return error_set(reterr, -ENOMEM, "record: out of memory");
    size_t most = options->bytes_max ? options->bytes_max : RECORD_BYTES_MAX;
    plan->format = options->format;
    plan->year = options->year;
    plan->each_line = options->multiline_start && !*options->multiline_start;
    plan->bytes_max = most > RECORD_BYTES_MAX ? RECORD_BYTES_MAX
                      : most < BYTES_MIN      ? BYTES_MIN
                                              : most;
    plan->patterns = options->patterns;
    plan->pattern_count = options->pattern_count;
    plan->heads_of_matches =
        options->heads_of_matches && options->pattern_count <= 64; // what `matches` can tell
    int r = compile(plan, options, reterr);
    if (r < 0)
        goto fail;
    combined_plan(plan);
    *ret = plan;
    return 0;
fail:
    record_plan_free(plan);
    return r;
}

void record_plan_free(struct record_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->wanted_count; i++)
        free((void *)(uintptr_t)plan->wanted[i].name.at); // ours, though lent as const
    sieve_free(plan->sieve);
    regex_free(plan->line);
    regex_free(plan->start);
    zone_free(plan->zone);
    free(plan);
}
