/* SPDX-License-Identifier: MIT */
/*
 * plan_detectors.c - which detectors score a stream, with which parameters, and which series they look at.
 */

#include "config/plan_inner.h"

#include <string.h>

static int check_settings(struct draft *d, const struct config_detector *config,
                          const struct plugin *plugin)
{
    struct error error;
    for (size_t i = 0; i < config->set.count; i++) {
        struct plugin_setting setting = {config->set.at[i].name, config->set.at[i].value};
        if (plugin_check_setting(plugin, setting, &error) < 0)
            return plan_complain(d, config->line, error.text);
    }
    const char *list = plugin_patterns_param(plugin);
    if (config->patterns_name && (!list || strcmp(list, config->patterns_name) != 0))
        return plan_complain(d, config->line,
                             arena_printf(&d->plan->arena, "%s: '%s' takes no list",
                                          config->use, config->patterns_name));
    if (config->patterns_name && config->patterns.count == 0)
        return plan_complain(d, config->line,
                             arena_printf(&d->plan->arena, "%s: the list '%s' is empty",
                                          config->use, config->patterns_name));
    return 0;
}

/* Series of one use: its patterns where it has any, else what `on` says, else `lines`. */
static int plan_series_of(struct draft *d, const struct config_detector *config,
                          struct judge_use *use)
{
    static const char *usual[] = {"lines"};
    bool patterns = config->patterns_name != NULL;
    struct config_texts names = patterns           ? config->patterns
                                : config->on.count ? config->on
                                                   : (struct config_texts){usual, 1};
    uint32_t *on = arena_alloc(&d->plan->arena, names.count, sizeof(*on));
    int r = 0;
    for (size_t i = 0; i < names.count && r == 0; i++)
        r = patterns ? plan_want_pattern(d, config->line, names.at[i], &on[i])
                     : plan_want_series(d, config->line, names.at[i], &on[i]);
    use->on = on;
    use->on_count = names.count;
    return r;
}

static int plan_detector(struct draft *d, const struct config_detector *config,
                         struct judge_use *use)
{
    struct error error;
    if (library_get(d->library, config->use, &use->plugin, &error) < 0)
        return plan_complain(d, config->line, error.text);
    int r = check_settings(d, config, use->plugin);
    struct plugin_setting *settings =
        arena_alloc(&d->plan->arena, config->set.count, sizeof(*settings));
    for (size_t i = 0; i < config->set.count; i++)
        settings[i] = (struct plugin_setting){config->set.at[i].name, config->set.at[i].value};
    use->settings = settings;
    use->setting_count = config->set.count;
    use->wait = config->on_lag && strcmp(config->on_lag, "wait") == 0;
    use->shadow = config->shadow;
    return r < 0 ? r : plan_series_of(d, config, use);
}

/*
 * What judges a log when nobody says otherwise: how much is written, how much of it is bad, whether it falls silent, what it
 * says that it never said before or never so often, and, where it says how long things took, whether the slow ones got slower or
 * one of them took longer than ever.
 * Median and mean are for who knows his log: of few records and of a mixture of quick and slow things they cry wolf.
 */
static const char *on_lines[] = {"lines"};
static const char *on_troubles[] = {"errors", "warnings"};
static const char *on_news[] = {"new_templates", "new_troubles"};
static const char *on_records[] = {"records"};
static const char *on_durations[] = {"duration_p95_ms"};
static const char *on_longest[] = {"duration_max_ms"};
static const struct config_detector default_detectors[] = {
    {.use = "ewma", .on = {on_lines, 1}},       {.use = "pattern", .on = {on_troubles, 2}},
    {.use = "silence", .on = {on_lines, 1}},    {.use = "novelty", .on = {on_news, 2}},
    {.use = "template", .on = {on_records, 1}}, {.use = "ewma", .on = {on_durations, 1}},
    {.use = "worst", .on = {on_longest, 1}},
};

int plan_detectors(struct draft *d)
{
    const struct config_detector *detectors = d->config->detectors;
    size_t count = d->config->detector_count;
    if (!detectors) {
        detectors = default_detectors;
        count = sizeof(default_detectors) / sizeof(default_detectors[0]);
    }
    struct judge_use *uses = arena_alloc(&d->plan->arena, count, sizeof(*uses));
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++)
        r = plan_detector(d, &detectors[i], &uses[i]);
    d->plan->judge.uses = uses;
    d->plan->judge.use_count = count;
    struct error error;
    if (r == 0 && group_check(&d->groups, uses, count, &error) < 0)
        return plan_complain(d, d->config->line, error.text);
    return r;
}
