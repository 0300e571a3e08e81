/* SPDX-License-Identifier: MIT */

#include "command/selftest.h"

#include "app/scan.h"
#include "base/clock.h"
#include "base/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXPECT_MAX = 64, SHOWN_MAX = 4 };

struct tally {
    const struct config_test *test;
    int64_t counts[EXPECT_MAX];
    uint64_t n;
    struct buffer found; /* the first few, for who has to find out why */
};

/* Does the finding count for this expectation? */
static bool selftest_fits(const struct config_expect *expect, const struct finding *finding)
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
    for (size_t i = 0; i < tally->test->expect_count; i++)
        tally->counts[i] += selftest_fits(&tally->test->expect[i], finding);
    if (tally->n <= SHOWN_MAX)
        buffer_printf(&tally->found, "%s%s on %s by %s to %s", tally->n > 1 ? ", " : "",
                      finding_kind_name(finding->kind), finding->series, finding->detector,
                      finding_route_name(finding->route));
}

/* What was asked for: "spike on errors by ewma to page". */
static void describe(const struct config_expect *e, struct buffer *out)
{
    const struct {
        const char *word, *value;
    } parts[] = {{" on ", e->series}, {" by ", e->detector}, {" to ", e->route}};
    buffer_text(out, e->kind ? e->kind : "any kind");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].value)
            buffer_printf(out, "%s%s", parts[i].word, parts[i].value);
}

static bool holds(const struct config_expect *e, int64_t count)
{
    return e->count < 0 ? count > 0 : count == e->count;
}

/* One line, whatever number of its expectations failed. */
static int judge_expects(const char *file, const struct tally *tally, FILE *out)
{
    const struct config_test *test = tally->test;
    struct buffer why = {0}, safe = {0};
    for (size_t i = 0; i < test->expect_count; i++) {
        const struct config_expect *e = &test->expect[i];
        if (holds(e, tally->counts[i]))
            continue;
        buffer_printf(&why, "%s%lld findings of ", why.len ? "; " : "",
                      (long long)tally->counts[i]);
        describe(e, &why);
        buffer_printf(&why, ", expected %s%lld", e->count < 0 ? "at least " : "",
                      (long long)(e->count < 0 ? 1 : e->count));
    }
    bool failed = why.len > 0;
    if (failed) // names of series may come from a log
        screen_text(&safe, tally->n ? buffer_bytes(&tally->found) : bytes_of("nothing"), 0);
    fprintf(out, "%s:%d: %s: ", file, test->line, test->name);
    if (failed)
        fprintf(out, "FAILED: %.*s (found: %.*s%s)\n", (int)why.len, why.at, (int)safe.len,
                safe.at, tally->n > SHOWN_MAX ? ", ..." : "");
    else
        fprintf(out, "passed\n");
    buffer_free(&why);
    buffer_free(&safe);
    return failed;
}

/* The lines lie beside the file that names them, wherever the command runs. */
static char *beside(struct arena *arena, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || !slash)
        return arena_text(arena, bytes_of(path));
    return arena_printf(arena, "%.*s/%s", (int)(slash - file), file, path);
}

/* Scans the lines as the stream; what cannot be read is no failed test but a mistake in the configuration. */
static int scan_lines(struct config *config, const struct config_stream *stream,
                      struct tally *tally, struct error *reterr)
{
    char *path = beside(&config->arena, stream->file, tally->test->lines);
    struct scan_options options = {.config = config,
                                   .only = stream,
                                   .since_ns = NO_TIME,
                                   .until_ns = NO_TIME,
                                   .deliver = count_finding,
                                   .context = tally};
    struct scan_result result = {0};
    struct inputs inputs;
    inputs_find(&path, 1, &inputs);
    int r = inputs.count ? scan(&inputs, &options, &result, reterr) : 0;
    if (r == 0 && (!inputs.count || result.failed))
        r = error_set(reterr, -ENOENT, "%s:%d: %s: its lines cannot be read: %s", stream->file,
                      tally->test->line, tally->test->name, path);
    inputs_free(&inputs);
    return r;
}

static int run_test(struct config *config, const struct config_stream *stream,
                    const struct config_test *test, FILE *out, struct error *reterr)
{
    struct tally tally = {.test = test};
    if (test->expect_count > EXPECT_MAX)
        return error_set(reterr, -EINVAL, "%s:%d: %s: %zu expectations; allowed are %d",
                         stream->file, test->line, test->name, test->expect_count, EXPECT_MAX);
    int r = scan_lines(config, stream, &tally, reterr);
    if (r == 0)
        r = judge_expects(stream->file, &tally, out);
    buffer_free(&tally.found);
    return r;
}

int selftest_run(struct config *config, FILE *out, struct error *reterr)
{
    int failed = 0;
    for (size_t i = 0; i < config->stream_count; i++)
        for (size_t k = 0; k < config->streams[i].test_count; k++) {
            const struct config_stream *stream = &config->streams[i];
            int r = run_test(config, stream, &stream->tests[k], out, reterr);
            if (r < 0)
                return r;
            failed += r;
        }
    return failed;
}
