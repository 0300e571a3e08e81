/* SPDX-License-Identifier: MIT */
/*
 * oddline check: is this configuration right, and does it do what its own tests say?
 *
 *      config ──▶ plan each stream (patterns compile, detectors load, series exist) ──▶ scan each test's lines ──▶ expect
 */

#include "app/cli.h"
#include "app/scan.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_REFERENCE, OPTIONS, EXPECT_MAX = 64 };

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
    int r = 0;
    for (size_t i = 0; i < config->stream_count && r == 0; i++) {
        struct plan *plan;
        struct plan_place place = {config->path, (uint32_t)i, &library};
        r = plan_create(&config->streams[i], &place, &plan, reterr);
        if (r == 0)
            plan_free(plan);
    }
    library_free(&library);
    return r;
}

/* ---- tests inside the configuration ------------------------------------- */

struct tally {
    const struct config_test *test;
    int64_t counts[EXPECT_MAX];
    uint64_t n;
};

static bool fits(const struct config_expect *expect, const struct finding *finding)
{
    return (!expect->kind || strcmp(expect->kind, finding_kind_name(finding->kind)) == 0) &&
           (!expect->series || strcmp(expect->series, finding->series) == 0) &&
           (!expect->detector || strcmp(expect->detector, finding->detector) == 0) &&
           (!expect->route || strcmp(expect->route, finding_route_name(finding->route)) == 0);
}

static void count_finding(void *context, struct finding *finding)
{
    struct tally *tally = context;
    if (finding->id[0])
        return; // a later revision of one that was counted
    snprintf(finding->id, sizeof(finding->id), "test-%llu", (unsigned long long)++tally->n);
    for (size_t i = 0; i < tally->test->expect_count && i < EXPECT_MAX; i++)
        tally->counts[i] += fits(&tally->test->expect[i], finding);
}

static int judge_expects(const char *file, const struct tally *tally)
{
    const struct config_test *test = tally->test;
    int failed = 0;
    for (size_t i = 0; i < test->expect_count && i < EXPECT_MAX; i++) {
        const struct config_expect *e = &test->expect[i];
        bool held = e->count < 0 ? tally->counts[i] > 0 : tally->counts[i] == e->count;
        if (held)
            continue;
        failed = 1;
        printf("%s:%d: %s: FAILED: %lld findings of %s%s%s, expected %s%lld\n", file,
               test->line, test->name, (long long)tally->counts[i],
               e->kind ? e->kind : "any kind", e->series ? " on " : "",
               e->series ? e->series : "", e->count < 0 ? "at least " : "",
               (long long)(e->count < 0 ? 1 : e->count));
    }
    if (!failed)
        printf("%s:%d: %s: passed\n", file, test->line, test->name);
    return failed;
}

/* The lines lie beside the file that names them, wherever the command runs. */
static const char *beside(struct arena *arena, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || !slash)
        return path;
    return arena_printf(arena, "%.*s/%s", (int)(slash - file), file, path);
}

static int run_test(struct config *config, const struct config_stream *stream,
                    const struct config_test *test, struct error *reterr)
{
    char *path = (char *)(uintptr_t)beside(&config->arena, stream->file, test->lines);
    struct tally tally = {.test = test};
    struct scan_options options = {.config = config,
                                   .only = stream,
                                   .since_ns = NO_TIME,
                                   .until_ns = NO_TIME,
                                   .deliver = count_finding,
                                   .context = &tally};
    struct scan_result result;
    struct inputs inputs;
    inputs_find(&path, 1, &inputs);
    int r = inputs.count ? scan(&inputs, &options, &result, reterr)
                         : error_set(reterr, -ENOENT, "%s:%d: %s: its lines are not there: %s",
                                     stream->file, test->line, test->name, path);
    inputs_free(&inputs);
    return r < 0 ? r : judge_expects(stream->file, &tally);
}

static int run_tests(struct config *config, int *ret_failed, struct error *reterr)
{
    for (size_t i = 0; i < config->stream_count; i++)
        for (size_t k = 0; k < config->streams[i].test_count; k++) {
            int r = run_test(config, &config->streams[i], &config->streams[i].tests[k], reterr);
            if (r < 0)
                return r;
            *ret_failed += r;
        }
    return 0;
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
        r = run_tests(&config, &failed, &error);
    if (r == 0)
        printf("%s: %zu streams, no mistakes%s\n", config.path, config.stream_count,
               failed ? " in it, but tests failed" : "");
    config_free(&config);
    return r < 0 ? say_failure(EXIT_CONFIG, &error) : failed ? EXIT_FOUND : EXIT_DONE;
}
