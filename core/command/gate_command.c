/* SPDX-License-Identifier: MIT */
/*
 * oddline gate: is what came after a deployment worse than what came before? Exit code 0 pass, 1 fail, 2 inconclusive.
 *
 *      read what there is ──▶ look at each window that is over ──▶ sure? ──▶ report, --on-fail
 *                                   ▲──────── follow the logs ◀──no──┘
 */

#include "base/clock.h"
#include "base/log.h"
#include "command/gate_deploy.h"
#include "command/gate_hook.h"
#include "command/gate_report.h"
#include "command/given.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_CONFIG,
    OPT_STATE_DIR,
    OPT_SERVICE,
    OPT_SINCE,
    OPT_BASELINE,
    OPT_WAIT,
    OPT_CONTROL,
    OPT_JSON,
    OPT_ON_FAIL,
    OPT_ON_FAIL_TIMEOUT,
    OPT_DRY_RUN,
    OPT_ALPHA,
    OPT_MIN_SAMPLES,
    OPT_TOLERATE,
    OPT_TIMEZONE,
    OPTIONS,
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = {"config", "FILE", "(-c) configuration that names streams and marks"},
    [OPT_STATE_DIR] = {"state-dir", "DIR",
                       "where marks.jsonl is (default: of the configuration)"},
    [OPT_SERVICE] = {"service", "NAME", "whose deployment; required"},
    [OPT_SINCE] =
        {"since", "WHICH",
         "a version, a time, or how long ago (default: the newest deployment that is known)"},
    [OPT_BASELINE] = {"baseline", "DURATION", "how much of before counts (default: 1h)"},
    [OPT_WAIT] = {"wait", "DURATION", "how much of after counts, at most (default: 10m)"},
    [OPT_CONTROL] = {"control", "STREAM|PATH",
                     "logs of what was not deployed, up to 16: what it shows too is no fault"},
    [OPT_JSON] = {"json", NULL, "the verdict as one JSON object"},
    [OPT_ON_FAIL] = {"on-fail", "COMMAND", "sh -c COMMAND when it fails, the verdict on stdin"},
    [OPT_ON_FAIL_TIMEOUT] = {"on-fail-timeout", "DURATION", "then it is killed (default: 60s)"},
    [OPT_DRY_RUN] = {"dry-run", NULL,
                     "show what is found, and the verdict by now; wait and run nothing"},
    [OPT_ALPHA] = {"alpha", "CHANCE",
                   "that a release no worse than before fails (default: 0.01)"},
    [OPT_MIN_SAMPLES] = {"min-samples", "N",
                         "records before, and after, for any verdict (default: 100)"},
    [OPT_TOLERATE] = {"tolerate", "PERCENT",
                      "more records that are errors do not matter (default: 0.1)"},
    [OPT_TIMEZONE] = {"timezone", "ZONE", "of stamps without one (default: UTC)"},
};

/* A window must be long enough for a look, and all of it must fit into memory and patience. */
#define SHORTEST_NS NS_PER_S
#define LONGEST_NS  (7 * 86400 * NS_PER_S)
/* What is written at the end of a window has arrived so much later. */
#define ARRIVAL_NS (500 * NS_PER_MS)

enum { CAUGHT_UP_MS = 100, EXIT_UNSURE = 2 };

struct request {
    const char *config_path, *state_dir, *since, *on_fail;
    struct gate_wish wish;
    struct court_terms terms;
    int64_t hook_ns;
    bool json, dry;
};

/* ---- options ------------------------------------------------------------------------- */

static bool parse_span(size_t index, const char *value, int64_t *ret, struct error *reterr)
{
    int64_t span;
    if (clock_parse_duration(value, &span, reterr) < 0)
        return false;
    if (span < SHORTEST_NS || span > LONGEST_NS) {
        error_set(reterr, -EINVAL, "--%s: %s is out of range; allowed is 1s to 7d",
                  specs[index].name, value);
        return false;
    }
    *ret = span;
    return true;
}

static bool parse_number(size_t index, const char *value, const double range[2], double *ret,
                         struct error *reterr)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end || !(number >= range[0] && number <= range[1])) {
        error_set(reterr, -EINVAL, "--%s: '%s' is out of range; allowed is %g to %g",
                  specs[index].name, value, range[0], range[1]);
        return false;
    }
    *ret = number;
    return true;
}

static bool take_number(struct request *request, size_t index, const char *value,
                        struct error *reterr)
{
    double number;
    static const double ranges[OPTIONS][2] = {
        [OPT_ALPHA] = {1e-9, 0.5}, [OPT_MIN_SAMPLES] = {1, 1e12}, [OPT_TOLERATE] = {0, 100}};
    if (!parse_number(index, value, ranges[index], &number, reterr))
        return false;
    if (index == OPT_ALPHA)
        request->terms.alpha = number;
    else if (index == OPT_MIN_SAMPLES)
        request->terms.samples_min = (uint64_t)number;
    else
        request->terms.tolerate = number / 100;
    return true;
}

static bool take_control(struct gate_wish *wish, const char *value, struct error *reterr)
{
    size_t most = sizeof(wish->controls) / sizeof(wish->controls[0]);
    if (wish->control_count == most) {
        error_set(reterr, -EINVAL, "--control: at most %zu are taken", most);
        return false;
    }
    wish->controls[wish->control_count++] = value;
    return true;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    const struct {
        size_t index;
        const char **into;
    } texts[] = {
        {OPT_CONFIG, &request->config_path},   {OPT_STATE_DIR, &request->state_dir},
        {OPT_SERVICE, &request->wish.service}, {OPT_SINCE, &request->since},
        {OPT_ON_FAIL, &request->on_fail},      {OPT_TIMEZONE, &request->wish.plain.timezone}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].index == index) {
            *texts[i].into = value;
            return true;
        }
    switch (index) {
    case OPT_BASELINE:
        return parse_span(index, value, &request->terms.baseline_ns, reterr);
    case OPT_WAIT:
        return parse_span(index, value, &request->terms.wait_ns, reterr);
    case OPT_ON_FAIL_TIMEOUT:
        return parse_span(index, value, &request->hook_ns, reterr);
    case OPT_CONTROL:
        return take_control(&request->wish, value, reterr);
    case OPT_JSON:
        return request->json = true;
    case OPT_DRY_RUN:
        return request->dry = true;
    default:
        return take_number(request, index, value, reterr);
    }
}

/* ---- the gate ------------------------------------------------------------------------- */

struct gate {
    struct request *request;
    struct gate_deploy deploy;
    struct gate_stream streams[GATE_STREAMS_MAX];
    struct arena arena;
    struct court court;
    struct gate_spans spans;
    struct gate_reader *reader;
    struct gate_counts files;
};

static int find_deploy(struct gate *gate, struct error *reterr)
{
    const struct request *request = gate->request;
    const struct config *config = request->wish.config;
    const char *dir = request->state_dir ? request->state_dir
                      : config           ? config->state_dir
                                         : CONFIG_STATE_DIR;
    const char *path = arena_printf(&gate->arena, "%s/marks.jsonl", dir);
    const struct gate_deploy_wish wish = {path, &request->wish, request->since,
                                          request->terms.baseline_ns};
    return gate_deploy_find(&wish, &gate->arena, &gate->deploy, reterr);
}

static int open_court(struct gate *gate, struct error *reterr)
{
    struct court_terms terms = gate->request->terms;
    terms.since_ns = gate->deploy.time_ns;
    terms.until_ns = gate_deploy_end(&gate->deploy, terms.since_ns + terms.wait_ns);
    terms.deploys = gate->deploy.all;
    terms.deploy_count = gate->deploy.count;
    terms.controlled = gate->request->wish.control_count > 0;
    return court_open(&gate->court, &terms, reterr);
}

static int open_logs(struct gate *gate, struct error *reterr)
{
    int count = gate_streams_find(&gate->request->wish, &gate->arena, gate->streams, reterr);
    if (count < 0)
        return count;
    struct gate_reading reading = {gate->streams, (size_t)count, court_take, &gate->court,
                                   &gate->spans};
    court_spans(&gate->court, &gate->spans);
    int r = gate_reader_create(&reading, &gate->reader, reterr);
    if (r == 0)
        r = gate_files_add(gate->reader, &reading, &gate->files, reterr);
    if (r == 0 && gate->files.found == 0)
        r = error_set(reterr, -ENOENT, "gate: no log of '%s' is there: %s names no file",
                      gate->request->wish.service, gate->streams[0].paths.at[0]);
    return r < 0 ? r : gate_reader_begin(gate->reader, reterr);
}

/* Read on until something can be looked at. */
static void follow(struct gate *gate, int64_t until_ns)
{
    for (int64_t left; (left = until_ns - clock_wall_ns()) > 0;) {
        int64_t ms = left / NS_PER_MS + 1;
        gate_reader_step(gate->reader, ms < CAUGHT_UP_MS ? (int)ms : CAUGHT_UP_MS);
    }
}

static void judge(struct gate *gate)
{
    struct court *court = &gate->court;
    gate_reader_catch_up(gate->reader);
    for (;;) {
        int64_t heard = clock_wall_ns() - ARRIVAL_NS;
        bool last = gate->request->dry || heard >= court->terms.until_ns;
        if (court_look(court, heard, last) || last)
            break;
        follow(gate, court_next_ns(court) + ARRIVAL_NS);
    }
}

static int report(struct gate *gate)
{
    const struct request *request = gate->request;
    const struct gate_report report = {.court = &gate->court,
                                       .service = request->wish.service,
                                       .version = gate->deploy.version,
                                       .dry = request->dry,
                                       .on_fail = request->on_fail,
                                       .files = gate->files.needed};
    enum gate_verdict verdict = gate->court.result.verdict;
    struct buffer json = {0};
    struct error error;
    gate_report_json(&report, &json);
    if (request->json)
        fwrite(json.at, 1, json.len, stdout);
    else
        gate_report_text(&report, stdout);
    int code = fflush(stdout) != 0    ? EXIT_IO
               : request->dry         ? EXIT_DONE
               : verdict == GATE_FAIL ? EXIT_FOUND
               : verdict == GATE_PASS ? EXIT_DONE
                                      : EXIT_UNSURE;
    if (verdict == GATE_FAIL && !request->dry && request->on_fail &&
        gate_hook_run(request->on_fail, buffer_bytes(&json), request->hook_ns, &error) < 0)
        log_error("%s", error.text); // the verdict stays what it is
    buffer_free(&json);
    return code;
}

static int run(struct request *request, struct error *reterr)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    if (!gate)
        return error_set(reterr, -ENOMEM, "gate: out of memory");
    gate->request = request;
    int r = find_deploy(gate, reterr);
    if (r == 0)
        r = open_court(gate, reterr);
    if (r == 0)
        r = open_logs(gate, reterr);
    if (r == 0) {
        judge(gate);
        r = report(gate);
    }
    gate_reader_free(gate->reader);
    court_close(&gate->court);
    arena_free(&gate->arena);
    free(gate);
    return r;
}

static enum exit_code code_of(int r)
{
    return r == -EINVAL ? EXIT_USAGE : r == -ENODATA || r == -ENOENT ? EXIT_NO_INPUT : EXIT_IO;
}

int command_gate(int argc, char **argv)
{
    struct request request = {
        .wish = {.plain = config_stream_default()},
        .terms = {.baseline_ns = 3600 * NS_PER_S,
                  .wait_ns = 600 * NS_PER_S,
                  .alpha = 0.01,
                  .tolerate = 0.001,
                  .samples_min = 100},
        .hook_ns = 60 * NS_PER_S,
    };
    struct option_set set = {"gate", specs, OPTIONS, take, &request};
    struct config config = {0};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (!request.wish.service) {
        error_set(&error, -EINVAL, "gate: --service is missing");
        return say_failure(EXIT_USAGE, &error);
    }
    if (request.config_path) {
        if (config_read(request.config_path, &config, &error) < 0)
            return say_failure(EXIT_CONFIG, &error);
        request.wish.config = &config;
    }
    request.wish.paths = argv + first;
    request.wish.path_count = (size_t)(argc - first);
    int r = run(&request, &error);
    config_free(&config);
    return r < 0 ? say_failure(code_of(r), &error) : r;
}
