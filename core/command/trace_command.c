/* SPDX-License-Identifier: MIT */

/* oddline trace: one transaction on its way through the services; or which ones are worth a look. */

#include "base/log.h"
#include "command/given.h"
#include "command/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    OPT_CONFIG,
    OPT_JSON,
    OPT_COLOR,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_TIMEZONE,
    OPT_ALL,
    OPT_SLOW,
    OPT_FAILED,
    OPT_TOP,
    OPTIONS,
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_STREAMS,
    [OPT_JSON] = {"json", NULL, "one JSON object; with --slow and --failed one a line"},
    [OPT_COLOR] = GIVEN_COLOR,
    [OPT_SINCE] = GIVEN_FROM,
    [OPT_UNTIL] = GIVEN_BEFORE,
    [OPT_TIMEZONE] = GIVEN_TIMEZONE,
    [OPT_ALL] = {"all", NULL, "every record of the transaction, not only the first ones"},
    [OPT_SLOW] = {"slow", NULL, "no ID: list those that took longest"},
    [OPT_FAILED] = {"failed", NULL, "no ID: list the newest that failed"},
    [OPT_TOP] = {"top", "N", "so many of them (default 20)"},
};

enum { TOP = 20, TOP_MAX = 10000 };

struct options {
    struct trace_request request;
    const char *config, *color;
    struct config_stream fallback;
    int64_t top;
    bool slow, failed;
};

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct options *o = context;
    switch (index) {
    case OPT_CONFIG:
        o->config = value;
        return true;
    case OPT_JSON:
        return o->request.json = true;
    case OPT_COLOR:
        o->color = value;
        return true;
    case OPT_SINCE:
        return clock_parse(value, &o->request.since_ns, reterr) == 0;
    case OPT_UNTIL:
        return clock_parse(value, &o->request.until_ns, reterr) == 0;
    case OPT_TIMEZONE:
        o->fallback.timezone = value;
        return true;
    case OPT_ALL:
        return o->request.all = true;
    case OPT_SLOW:
        return o->slow = true;
    case OPT_FAILED:
        return o->failed = true;
    default:
        return given_number("top", value, (struct given_range){1, TOP_MAX}, &o->top, reterr) ==
               0;
    }
}

/* ---- one id ----------------------------------------------------------------- */

static int show(struct trace_collected *c, const char *id, const struct trace_totals *totals)
{
    path_close(&c->path);
    if (c->path.step_count == 0) {
        log_error("trace: %s is in none of %" PRIu64 " bytes", id, totals->bytes);
        return totals->failed ? EXIT_NO_INPUT : EXIT_FOUND;
    }
    if ((c->request->json ? trace_json : trace_draw)(c, id, totals) < 0) {
        log_error("stdout: cannot be written: %s", strerror(errno));
        return EXIT_IO;
    }
    return totals->failed ? EXIT_NO_INPUT : EXIT_DONE;
}

static int trace_one(const struct trace_request *request, struct trace_reading *reading,
                     const struct needle *needle)
{
    struct trace_collected *c = calloc(1, sizeof(*c));
    struct trace_totals totals;
    struct error error;
    if (!c)
        return EXIT_IO;
    c->request = request;
    c->error_ns = NO_TIME;
    c->names = trace_names(reading->inputs);
    reading->needle = needle;
    reading->take = trace_collect;
    reading->context = c;
    int r = trace_read(reading, &totals, &error);
    int code = r < 0 ? say_failure(r == -EINVAL ? EXIT_CONFIG : EXIT_IO, &error)
                     : show(c, needle->id.text, &totals);
    path_free(&c->path);
    free(c);
    return code;
}

/* ---- the command ------------------------------------------------------------ */

static int run(struct options *o, char **paths, size_t count)
{
    struct trace_request *request = &o->request;
    struct config config = {0};
    struct inputs inputs;
    struct needle needle;
    struct error error;
    if (request->id && !needle_make(bytes_of(request->id), &needle)) {
        error_set(&error, -EINVAL, "trace: '%s' is no id: 4 to %d bytes", request->id,
                  TRACE_ID_MAX);
        return say_failure(EXIT_USAGE, &error);
    }
    if (o->config && config_read(o->config, &config, &error) < 0)
        return say_failure(EXIT_CONFIG, &error);
    o->request.top = (size_t)o->top;
    inputs_find(paths, count, &inputs);
    struct trace_reading reading = {
        .inputs = &inputs, .config = o->config ? &config : NULL, .fallback = o->fallback};
    int code = EXIT_NO_INPUT;
    if (inputs.count)
        code =
            request->id ? trace_one(request, &reading, &needle) : trace_list(request, &reading);
    else if (!inputs.unreadable)
        log_error("%s: no files in it", paths[0]);
    inputs_free(&inputs);
    config_free(&config);
    return code;
}

int command_trace(int argc, char **argv)
{
    struct options o = {.color = "auto",
                        .fallback = config_stream_default(),
                        .top = TOP,
                        .request = {.since_ns = NO_TIME, .until_ns = NO_TIME, .out = stdout}};
    struct option_set set = {"trace", specs, OPTIONS, take, &o};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    bool list = o.slow || o.failed;
    if (o.slow && o.failed) {
        error_set(&error, -EINVAL, "trace: --slow or --failed, not both");
        return say_failure(EXIT_USAGE, &error);
    }
    if (argc - first < (list ? 1 : 2)) {
        error_set(&error, -EINVAL,
                  list ? "trace: no path given; name files, directories, or - for stdin"
                       : "trace: an ID and at least one path, or --slow, or --failed");
        return say_failure(EXIT_USAGE, &error);
    }
    o.request.rank = o.failed ? INDEX_FAILED : INDEX_SLOW;
    if (!list)
        o.request.id = argv[first++];
    o.request.color = color_wanted(o.color, STDOUT_FILENO);
    o.request.width = terminal_width(STDOUT_FILENO);
    return run(&o, argv + first, (size_t)(argc - first));
}
