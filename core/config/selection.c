/* SPDX-License-Identifier: MIT */

#include "config/selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_field(struct selection_names *names, const struct record_field *field,
                     uint32_t *ret, struct error *reterr)
{
    if (names->field_count == RECORD_FIELDS_MAX)
        return error_set(reterr, -EINVAL, "too many fields; at most %d are read",
                         RECORD_FIELDS_MAX);
    names->fields[names->field_count] = *field;
    *ret = (uint32_t)names->field_count++;
    return 0;
}

int selection_field(struct selection_names *names, const char *name, bool is_text,
                    uint32_t *ret, struct error *reterr)
{
    for (size_t i = 0; i < names->field_count; i++) {
        if (i + 1 == names->duration || strcmp(names->fields[i].name, name) != 0)
            continue;
        if (names->fields[i].is_text != is_text)
            return error_set(reterr, -EINVAL,
                             "field '%s' is used as %s here and as %s elsewhere", name,
                             is_text ? "text" : "a number", is_text ? "a number" : "text");
        *ret = (uint32_t)i;
        return 0;
    }
    struct record_field field = {.name = arena_text(names->arena, bytes_of(name)),
                                 .is_text = is_text};
    return add_field(names, &field, ret, reterr);
}

int selection_duration(struct selection_names *names, uint32_t *ret, struct error *reterr)
{
    static const struct record_field field = {.name = "duration"};
    uint32_t number = (uint32_t)names->duration - 1;
    int r = names->duration ? 0 : add_field(names, &field, &number, reterr);
    if (r < 0)
        return r;
    names->duration = number + 1;
    *ret = number;
    return 0;
}

/* A field that is a number elsewhere is one here too. */
static bool is_number(const struct selection_names *names, const char *field)
{
    for (size_t i = 0; i < names->field_count; i++)
        if (i + 1 != names->duration && strcmp(names->fields[i].name, field) == 0)
            return !names->fields[i].is_text;
    return false;
}

int selection_any_field(struct selection_names *names, const char *name, uint32_t *ret,
                        struct error *reterr)
{
    return selection_field(names, name, !is_number(names, name), ret, reterr);
}

static int compile_pattern(struct selection_names *names, const char *pattern, uint32_t *ret,
                           struct error *reterr)
{
    for (size_t i = 0; i < names->pattern_count; i++)
        if (strcmp(regex_text(names->patterns[i]), pattern) == 0) {
            *ret = (uint32_t)i + 1;
            return 0;
        }
    if (names->pattern_count == RECORD_PATTERNS_MAX)
        return error_set(reterr, -EINVAL, "too many patterns; at most %d are matched",
                         RECORD_PATTERNS_MAX);
    int r = regex_compile(pattern, &names->patterns[names->pattern_count], reterr);
    if (r == 0)
        *ret = (uint32_t)++names->pattern_count;
    return r;
}

static int compile_level(const char *text, struct selection *ret, struct error *reterr)
{
    static const struct {
        const char *name;
        uint8_t low, high;
    } levels[] = {{"trace", 1, 4},  {"debug", 5, 8},   {"info", 9, 12},
                  {"warn", 13, 16}, {"error", 17, 20}, {"fatal", 21, 24}};
    bool and_worse = strncmp(text, ">=", 2) == 0;
    const char *name = text + (and_worse ? 2 + strspn(text + 2, " ") : 0);
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i].name, name) == 0) {
            ret->level_min = levels[i].low;
            ret->level_max = and_worse ? 0 : levels[i].high;
            return 0;
        }
    return error_set(
        reterr, -EINVAL,
        "level '%s' is none of trace, debug, info, warn, error, fatal (or >= one of them)",
        text);
}

/* Two-letter signs first, or `>=` would be read as `>`. */
static const struct {
    const char *sign;
    enum compare compare;
} signs[] = {{">=", COMPARE_GE}, {"<=", COMPARE_LE}, {"!=", COMPARE_NE}, {"==", COMPARE_EQ},
             {">", COMPARE_GT},  {"<", COMPARE_LT},  {"=", COMPARE_EQ}};

/* "status >= 500": field, sign, value; a value that is no number is text. */
static int compile_where(struct selection_names *names, const char *text, struct selection *ret,
                         struct error *reterr)
{
    size_t name_len = strcspn(text, "<>=! \t");
    const char *at = text + name_len + strspn(text + name_len, " \t");
    for (size_t i = 0; name_len && i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t sign_len = strlen(signs[i].sign);
        if (strncmp(at, signs[i].sign, sign_len) != 0)
            continue;
        const char *value = at + sign_len + strspn(at + sign_len, " \t");
        char *end;
        ret->compare = signs[i].compare;
        ret->number = strtod(value, &end);
        bool is_text = end == value || *end;
        if (is_text && ret->compare != COMPARE_EQ && ret->compare != COMPARE_NE)
            return error_set(reterr, -EINVAL, "where '%s': only = and != compare text", text);
        if (is_text)
            ret->text = bytes_of(arena_text(names->arena, bytes_of(value)));
        return selection_field(names, arena_text(names->arena, (struct bytes){text, name_len}),
                               is_text, &ret->field, reterr);
    }
    return error_set(reterr, -EINVAL,
                     "where '%s': write a field, one of = != < <= > >=, and a value", text);
}

int selection_compile(struct selection_names *names, const struct config_select *select,
                      struct selection *ret, struct error *reterr)
{
    struct selection made = {.unparsed = select->unparsed};
    int r = 0;
    if (select->level)
        r = compile_level(select->level, &made, reterr);
    if (r == 0 && select->match)
        r = compile_pattern(names, select->match, &made.pattern, reterr);
    if (r == 0 && select->where)
        r = compile_where(names, select->where, &made, reterr);
    if (r == 0)
        *ret = made;
    return r;
}

/* ---- series ----------------------------------------------------------------- */

/* The one kind that is asked for, with its field; false when it is none or several. */
static bool kind_of(const struct config_series *config, struct series_spec *spec,
                    const char **ret_field)
{
    const struct {
        enum series_kind kind;
        bool given;
        const char *field;
    } kinds[] = {
        {SERIES_RECORDS, config->count, NULL},
        {SERIES_RATIO, config->ratio, NULL},
        {SERIES_SUM, config->sum, config->sum},
        {SERIES_MEAN, config->mean, config->mean},
        {SERIES_MIN, config->min, config->min},
        {SERIES_MAX, config->max, config->max},
        {SERIES_QUANTILE, config->quantile > 0, config->of ? config->of->field : NULL},
        {SERIES_DISTINCT, config->distinct, config->distinct},
    };
    int given = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!kinds[i].given)
            continue;
        given++;
        spec->kind = kinds[i].kind;
        *ret_field = kinds[i].field;
    }
    return given == 1;
}

static const char *mismatch(const struct config_series *config, const struct series_spec *spec,
                            const char *field)
{
    const struct config_ratio *ratio = config->ratio;
    if (config->of && spec->kind < SERIES_SUM)
        return "'of' goes with sum, mean, min, max, quantile and distinct only";
    if (spec->kind == SERIES_QUANTILE && !field)
        return "a quantile needs a field: 'of: latency_ms'";
    if (config->of && config->of->field && spec->kind != SERIES_QUANTILE)
        return "'of' has a field for a quantile only; here it says of which records";
    if (ratio && !ratio->of != !ratio->to)
        return "a ratio of two counts needs both 'of' and 'to'";
    bool all = ratio && (ratio->select.match || ratio->select.level || ratio->select.where ||
                         ratio->select.unparsed);
    return all && ratio->of ? "a ratio is of all records, or has 'of' and 'to', not both"
                            : NULL;
}

int selection_series(struct selection_names *names, const struct config_series *config,
                     struct series_spec *ret, struct error *reterr)
{
    struct series_spec spec = {.name = config->name,
                               .min_samples = (uint64_t)config->min_samples,
                               .quantile = config->quantile};
    const char *field = NULL;
    if (!kind_of(config, &spec, &field))
        return error_set(reterr, -EINVAL,
                         "a series needs exactly one of count, ratio, sum, mean, min, max, "
                         "quantile, distinct");
    const char *why = mismatch(config, &spec, field);
    if (why)
        return error_set(reterr, -EINVAL, "%s", why);
    const struct config_ratio *ratio = config->ratio;
    const struct config_select *select = config->count ? config->count
                                         : ratio      ? (ratio->of ? ratio->of : &ratio->select)
                                         : config->of ? &config->of->select
                                                      : NULL;
    int r = select ? selection_compile(names, select, &spec.select, reterr) : 0;
    if (r == 0 && ratio && ratio->to)
        r = selection_compile(names, ratio->to, &spec.to, reterr);
    if (r == 0 && field)
        r = spec.kind == SERIES_DISTINCT
                ? selection_any_field(names, field, &spec.field, reterr)
                : selection_field(names, field, false, &spec.field, reterr);
    if (r == 0)
        *ret = spec;
    return r;
}
