/* SPDX-License-Identifier: MIT */
/*
 * setting.c - from `name = value` as a person wrote it to a checked value of the declared type.
 */

#include "host/plugin.h"

#include "base/clock.h"
#include "host/label.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Edits that a typing slip makes; beyond it a suggestion is a guess. */
enum { SLIP = 3 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance; texts longer than a name can be are as far as can be. */
static unsigned edits(const char *a, const char *b)
{
    unsigned row[LABEL_NAME_MAX + 2];
    size_t n = strlen(a), m = strlen(b);
    if (n > LABEL_NAME_MAX || m > LABEL_NAME_MAX)
        return UINT32_MAX;
    for (unsigned j = 0; j <= m; j++)
        row[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned above = row[j];
            row[j] = least(least(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

static int unknown(const struct oddline_plugin *label, const char *name, struct error *reterr)
{
    const char *nearest = NULL;
    unsigned best = SLIP + 1;
    for (uint32_t i = 0; i < label->param_count; i++) {
        unsigned d = edits(name, label->params[i].name);
        if (d < best) {
            best = d;
            nearest = label->params[i].name;
        }
    }
    if (nearest)
        return error_set(reterr, -EINVAL, "%s: %s: no such parameter: did you mean %s?",
                         label->id, name, nearest);
    struct buffer names = {0};
    for (uint32_t i = 0; i < label->param_count; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", label->params[i].name);
    buffer_char(&names, '\0');
    int r = error_set(reterr, -EINVAL, "%s: %s: no such parameter: it has %s", label->id, name,
                      label->param_count ? names.at : "none");
    buffer_free(&names);
    return r;
}

/* The allowed range in words, such as "2 to 100000 windows". */
static void say_range(const oddline_param *param, char *to, size_t size)
{
    char low[CLOCK_TEXT_SIZE], high[CLOCK_TEXT_SIZE];
    const char *gap = param->unit[0] ? " " : "";
    if (param->type == ODDLINE_F64)
        snprintf(to, size, "%g to %g%s%s", param->min.f64, param->max.f64, gap, param->unit);
    else if (param->type == ODDLINE_I64)
        snprintf(to, size, "%lld to %lld%s%s", (long long)param->min.i64,
                 (long long)param->max.i64, gap, param->unit);
    else
        snprintf(to, size, "%s to %s", clock_format_duration(param->min.i64, low),
                 clock_format_duration(param->max.i64, high));
}

static int parse_f64(const oddline_param *param, const char *text, oddline_value *ret)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value))
        return -EINVAL;
    if (value < param->min.f64 || value > param->max.f64)
        return -ERANGE;
    ret->f64 = value;
    return 0;
}

static int in_range(const oddline_param *param, int64_t value, oddline_value *ret)
{
    if (value < param->min.i64 || value > param->max.i64)
        return -ERANGE;
    ret->i64 = value;
    return 0;
}

static int parse_i64(const oddline_param *param, const char *text, oddline_value *ret)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end)
        return -EINVAL;
    return errno == ERANGE ? -ERANGE : in_range(param, value, ret);
}

static int parse_duration(const oddline_param *param, const char *text, oddline_value *ret)
{
    int64_t ns;
    if (clock_parse_duration(text, &ns, NULL) < 0)
        return -EINVAL;
    return in_range(param, ns, ret);
}

static int parse_bool(const oddline_param *param, const char *text, oddline_value *ret)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    (void)param;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(text, words[i]) == 0) {
            ret->i64 = i & 1;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_text(const oddline_param *param, const char *text, oddline_value *ret)
{
    (void)param;
    if (strnlen(text, LABEL_TEXT_MAX + 1) > LABEL_TEXT_MAX)
        return -EINVAL;
    ret->text = text;
    return 0;
}

static const struct {
    const char *what; /* for "not a ..." */
    int (*parse)(const oddline_param *param, const char *text, oddline_value *ret);
} types[] = {
    [ODDLINE_F64] = {"number", parse_f64},
    [ODDLINE_I64] = {"whole number", parse_i64},
    [ODDLINE_BOOL] = {"truth value (true or false)", parse_bool},
    [ODDLINE_TEXT] = {"text of at most 255 bytes", parse_text},
    [ODDLINE_DURATION] = {"duration such as 10s or 5m", parse_duration},
};

static const oddline_param *find(const struct oddline_plugin *label, const char *name)
{
    for (uint32_t i = 0; i < label->param_count; i++)
        if (strcmp(label->params[i].name, name) == 0)
            return &label->params[i];
    return NULL;
}

/* Whole sentence or value. */
static int read_setting(const struct oddline_plugin *label, struct plugin_setting setting,
                        const oddline_param **ret_param, oddline_value *ret_value,
                        struct error *reterr)
{
    const oddline_param *param = find(label, setting.name);
    if (!param)
        return unknown(label, setting.name, reterr);
    if (param->type == ODDLINE_PATTERNS)
        return error_set(reterr, -EINVAL, "%s: %s: takes a list of patterns, not one value",
                         label->id, setting.name);
    int r = types[param->type].parse(param, setting.value, ret_value);
    if (r == -EINVAL)
        return error_set(reterr, -EINVAL, "%s: %s: %s is not a %s", label->id, setting.name,
                         setting.value, types[param->type].what);
    if (r == -ERANGE) {
        char range[2 * CLOCK_TEXT_SIZE + LABEL_TEXT_MAX];
        say_range(param, range, sizeof(range));
        return error_set(reterr, -EINVAL, "%s: %s: %s is out of range: %s", label->id,
                         setting.name, setting.value, range);
    }
    *ret_param = param;
    return 0;
}

int plugin_check_setting(const struct plugin *plugin, struct plugin_setting setting,
                         struct error *reterr)
{
    const oddline_param *param;
    oddline_value value;
    return read_setting(plugin->label, setting, &param, &value, reterr);
}

const char *plugin_patterns_param(const struct plugin *plugin)
{
    for (uint32_t i = 0; i < plugin->label->param_count; i++)
        if (plugin->label->params[i].type == ODDLINE_PATTERNS)
            return plugin->label->params[i].name;
    return NULL;
}

int plugin_values(const struct plugin *plugin, const struct instance_options *options,
                  union oddline_value *values, struct error *reterr)
{
    const struct oddline_plugin *label = plugin->label;
    for (uint32_t i = 0; i < label->param_count; i++)
        values[i] = label->params[i].fallback;
    for (size_t i = 0; i < options->setting_count; i++) {
        const oddline_param *param = label->params;
        oddline_value value = {0};
        int r = read_setting(label, options->settings[i], &param, &value, reterr);
        if (r < 0)
            return r;
        values[param - label->params] = value;
    }
    return 0;
}
