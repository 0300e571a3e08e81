/* SPDX-License-Identifier: MIT */
/*
 * oddline backtest: what would a configuration have found in old logs, and what would it have cost?
 *
 *      labels ─────────────────────────────────────────┐
 *      logs ──scan with the configuration──▶ findings ─┴─▶ precision, recall, delay, pages a week
 *
 * A sweep scans once for each threshold: which troubles are joined, how tired a stream is and what the storm cap holds back all depend on
 * it, so nothing less is honest.
 */

#include "command/backtest.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "command/given.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_CONFIG,
    OPT_LABELS,
    OPT_AGAINST,
    OPT_SWEEP,
    OPT_TOLERANCE,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_WORST,
    OPT_JSON,
    OPTIONS,
    WORST_DEFAULT = 5,
    WORST_MAX = 1000,
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = {"config", "FILE",
                    "(-c) the configuration; its streams are matched by path"},
    [OPT_LABELS] = {"labels", "FILE.csv",
                    "what happened: stream,start,end,name and perhaps kind"},
    [OPT_AGAINST] = {"against", "FILE", "a second configuration to compare with"},
    [OPT_SWEEP] = {"sweep", NULL, "also with lower and higher thresholds; a scan for each"},
    [OPT_TOLERANCE] = {"tolerance", "DURATION", "on both sides of a label (default 60s)"},
    [OPT_SINCE] = GIVEN_FROM,
    [OPT_UNTIL] = GIVEN_BEFORE,
    [OPT_WORST] = {"worst", "N", "missed labels and false alarms to name (default 5)"},
    [OPT_JSON] = {"json", NULL, "JSON Lines, a row each"},
};

/* By how much a sweep raises the thresholds of all routes. */
static const double steps[] = {-1, -0.5, 0, 0.5, 1, 2, 3};

struct request {
    const char *config, *labels, *against;
    bool sweep, json;
    int64_t worst;
    struct backtest_rules rules;
    struct scan_options scan;
};

static bool take_option(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    switch (index) {
    case OPT_CONFIG:
        request->config = value;
        return true;
    case OPT_LABELS:
        request->labels = value;
        return true;
    case OPT_AGAINST:
        request->against = value;
        return true;
    case OPT_SWEEP:
        return request->sweep = true;
    case OPT_TOLERANCE:
        return clock_parse_duration(value, &request->rules.tolerance_ns, reterr) == 0;
    case OPT_SINCE:
        return clock_parse(value, &request->scan.since_ns, reterr) == 0;
    case OPT_UNTIL:
        return clock_parse(value, &request->scan.until_ns, reterr) == 0;
    case OPT_WORST:
        return given_number("worst", value, (struct given_range){0, WORST_MAX}, &request->worst,
                            reterr) == 0;
    default:
        return request->json = true;
    }
}

/* ---- one run ------------------------------------------------------------ */

static struct backtest_finding *find(struct backtest_run *run, const char *id)
{
    for (size_t i = run->findings.count; i > 0; i--) // the newest is the likeliest
        if (strcmp(run->findings.at[i - 1].id, id) == 0)
            return &run->findings.at[i - 1];
    return NULL;
}

static struct backtest_finding *add(struct backtest_run *run, const char *id)
{
    struct backtest_findings *all = &run->findings;
    if (all->count == BACKTEST_FINDINGS_MAX) {
        run->overflowed = true;
        return NULL;
    }
    if (all->count == run->capacity) {
        run->capacity = run->capacity ? 2 * run->capacity : 256;
        all->at = realloc(all->at, run->capacity * sizeof(*all->at));
        CHECK(all->at);
    }
    struct backtest_finding *f = &all->at[all->count++];
    *f = (struct backtest_finding){.id = ""};
    memcpy(f->id, id, sizeof(f->id));
    return f;
}

static void note(struct backtest_run *run, const struct finding *finding,
                 struct backtest_finding *f)
{
    const struct config_stream *configured = scan_claimed(&run->config, finding->stream);
    snprintf(f->detector, sizeof(f->detector), "%s", finding->detector);
    snprintf(f->summary, sizeof(f->summary), "%s", finding->summary);
    if (!f->stream)
        f->stream = arena_text(&run->names, bytes_of(finding->stream));
    f->configured = configured ? configured->name : NULL;
    f->route = finding->route;
    f->starts_ns = finding->starts_ns;
    f->detected_ns = finding->detected_ns;
    f->ends_ns = finding->ends_ns != NO_TIME                     ? finding->ends_ns
                 : finding->window_end_ns > finding->detected_ns ? finding->window_end_ns
                                                                 : finding->detected_ns;
}

static void take_finding(void *context, struct finding *finding)
{
    struct backtest_run *run = context;
    bool first = !finding->id[0];
    if (first)
        snprintf(finding->id, sizeof(finding->id), "backtest-%llu",
                 (unsigned long long)++run->n);
    if (finding->route == ROUTE_LOG || finding->starts_ns == NO_TIME)
        return;
    struct backtest_finding *f = first ? add(run, finding->id) : find(run, finding->id);
    if (f)
        note(run, finding, f);
}

static void run_free(struct backtest_run *run)
{
    free(run->findings.at);
    arena_free(&run->names);
    config_free(&run->config);
    *run = (struct backtest_run){.mark = ""};
}

/* Reads the configuration and scans all inputs with it. */
static int run_once(struct backtest_run *run, const struct request *request,
                    const struct inputs *inputs, struct error *reterr)
{
    struct scan_options options = request->scan;
    int r = config_read(run->path, &run->config, reterr);
    if (r < 0)
        return r;
    options.config = &run->config;
    options.isolation = config_isolation(&run->config);
    options.raise = run->raise;
    options.deliver = take_finding;
    options.context = run;
    r = scan(inputs, &options, &run->result, reterr);
    if (r == 0 && run->overflowed)
        log_warning("%s: more than %d findings; the rest is not scored", run->path,
                    BACKTEST_FINDINGS_MAX);
    return r;
}

/* ---- all of it ---------------------------------------------------------- */

/* What nobody could find: the logs do not reach there. */
static void say_outside(const struct labels *labels, const struct scan_result *result)
{
    size_t outside = 0;
    for (size_t i = 0; i < labels->count; i++)
        outside += result->first_ns == NO_TIME || labels->at[i].end_ns < result->first_ns ||
                   labels->at[i].start_ns > result->last_ns;
    if (outside)
        log_warning("%zu of %zu labels lie outside the time of the logs, and count as missed",
                    outside, labels->count);
}

static int compare(const struct request *request, const struct backtest_view *view,
                   const struct inputs *inputs, struct error *reterr)
{
    size_t count = request->against ? 2 : 1;
    struct backtest_run runs[2] = {
        {.mark = request->against ? "A" : "", .path = request->config},
        {.mark = "B", .path = request->against}};
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++)
        r = run_once(&runs[i], request, inputs, reterr);
    if (r == 0) {
        say_outside(view->labels, &runs[0].result);
        backtest_table(view, runs, count);
    }
    if (r == 0 && !view->json && count == 2)
        backtest_differences(view, runs);
    else if (r == 0 && !view->json)
        backtest_worst(view, &runs[0], (size_t)request->worst);
    for (size_t i = 0; i < count; i++)
        run_free(&runs[i]);
    return r;
}

static int sweep(const struct request *request, const struct backtest_view *view,
                 const struct inputs *inputs, struct error *reterr)
{
    int r = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++) {
        struct backtest_run run = {.mark = "", .path = request->config, .raise = steps[i]};
        r = run_once(&run, request, inputs, reterr);
        if (r == 0)
            backtest_sweep_row(view, &run, i == 0);
        fflush(view->out);
        run_free(&run);
    }
    return r;
}

static int read_labels(const char *path, struct labels *ret, struct error *reterr)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(reterr, -errno, "%s: cannot be read: %s", path, strerror(errno));
    int r = labels_read(path, file, ret, reterr);
    fclose(file);
    return r;
}

static int backtest(const struct request *request, char **paths, size_t count)
{
    struct labels labels = {0};
    struct inputs inputs;
    struct error error;
    if (read_labels(request->labels, &labels, &error) < 0)
        return say_failure(EXIT_DATA, &error);
    struct backtest_view view = {
        .out = stdout, .labels = &labels, .rules = request->rules, .json = request->json};
    inputs_find(paths, count, &inputs);
    int r = 0, code = inputs.unreadable || !inputs.count ? EXIT_NO_INPUT : EXIT_DONE;
    if (inputs.count)
        r = compare(request, &view, &inputs, &error);
    else if (!inputs.unreadable)
        log_error("%s: no files in it", paths[0]);
    if (r == 0 && inputs.count && request->sweep)
        r = sweep(request, &view, &inputs, &error);
    if (r < 0)
        code = say_failure(EXIT_CONFIG, &error);
    else if (fflush(stdout) != 0) {
        error_set(&error, -errno, "stdout: cannot be written: %s", strerror(errno));
        code = say_failure(EXIT_IO, &error);
    }
    inputs_free(&inputs);
    labels_free(&labels);
    return code;
}

int command_backtest(int argc, char **argv)
{
    struct request request = {
        .worst = WORST_DEFAULT,
        .rules = backtest_rules_default,
        .scan = {.fallback = config_stream_default(), .since_ns = NO_TIME, .until_ns = NO_TIME},
    };
    struct option_set set = {"backtest", specs, OPTIONS, take_option, &request};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    const char *missing = !request.config   ? "-c FILE, the configuration"
                          : !request.labels ? "--labels FILE.csv, what happened"
                          : first == argc   ? "paths of logs"
                                            : NULL;
    if (missing) {
        error_set(&error, -EINVAL, "backtest: what is missing is %s", missing);
        return say_failure(EXIT_USAGE, &error);
    }
    return backtest(&request, argv + first, (size_t)(argc - first));
}
