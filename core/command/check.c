/* SPDX-License-Identifier: MIT */
/*
 * oddline check: is this configuration right, and does it do what its own tests say?
 *
 *      config ──▶ plan each stream (patterns compile, detectors load, series exist) ──▶ scan each test's lines ──▶ expect
 */

#include "app/cli.h"
#include "command/selftest.h"
#include "config/plan.h"
#include "config/routing_plan.h"

#include <errno.h>
#include <stdio.h>

enum { OPT_REFERENCE, OPTIONS };

static const struct option_spec specs[OPTIONS] = {
    [OPT_REFERENCE] = {"reference", NULL, "print all keys of a configuration as Markdown"},
};

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    (void)index, (void)value, (void)reterr;
    return *(bool *)context = true;
}

static int plan_all(const struct config *config, struct error *reterr)
{
    struct library library = {0};
    struct routing_check routes = {0};
    int r = 0;
    for (size_t i = 0; i < config->stream_count && r == 0; i++) {
        struct plan *plan;
        struct plan_place place = {config->path, (uint32_t)i, &library};
        r = plan_create(&config->streams[i], &place, &plan, reterr);
        if (r < 0)
            break;
        plan_say_budget(plan, stdout);
        routing_warn(plan, config->path, &routes);
        plan_free(plan);
    }
    library_free(&library);
    if (r == 0)
        routing_warn_unused(config, &routes);
    return r;
}

int command_check(int argc, char **argv)
{
    bool reference = false;
    struct option_set set = {"check", specs, OPTIONS, take, &reference};
    struct config config = {0};
    struct error error;
    int first, code, failed = 0;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (reference) {
        config_reference(stdout);
        return EXIT_DONE;
    }
    if (first + 1 != argc) {
        error_set(&error, -EINVAL, "check: name one configuration file");
        return say_failure(EXIT_USAGE, &error);
    }
    int r = config_read(argv[first], &config, &error);
    if (r == 0)
        r = plan_all(&config, &error);
    if (r == 0)
        r = failed = selftest_run(&config, stdout, &error);
    if (r >= 0)
        printf("%s: %zu streams, no mistakes%s\n", config.path, config.stream_count,
               failed ? " in it, but tests failed" : "");
    config_free(&config);
    return r < 0 ? say_failure(EXIT_CONFIG, &error) : failed ? EXIT_FOUND : EXIT_DONE;
}
