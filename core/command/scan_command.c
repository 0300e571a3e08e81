/* SPDX-License-Identifier: MIT */

/* oddline scan: options in, findings on stdout, everything else on stderr. */

#include "app/marks_file.h"
#include "app/scan.h"
#include "base/clock.h"
#include "base/log.h"
#include "command/gallery.h"
#include "command/given.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_CONFIG,
    OPT_JSON,
    OPT_TIMEZONE,
    OPT_YEAR,
    OPT_WINDOW,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_ROUTE,
    OPT_COLOR,
    OPT_EXIT_CODE,
    OPT_QUIET,
    OPT_MARKS,
    OPTIONS,
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_STREAMS,
    [OPT_JSON] = {"json", NULL, "JSON Lines, each revision a line"},
    [OPT_TIMEZONE] = GIVEN_TIMEZONE,
    [OPT_YEAR] = {"year", "YEAR", "of stamps without one (default: inferred from the file)"},
    [OPT_WINDOW] = {"window", "DURATION", "length of a window (default: chosen from the log)"},
    [OPT_SINCE] = GIVEN_FROM,
    [OPT_UNTIL] = GIVEN_BEFORE,
    [OPT_ROUTE] =
        {"route", "ROUTE",
         "show page, ticket (and page) or log (all; default: ticket, with --json log)"},
    [OPT_COLOR] = GIVEN_COLOR,
    [OPT_EXIT_CODE] = {"exit-code", "ROUTE",
                       "exit with 1 when there is a finding of this route or a worse one"},
    [OPT_QUIET] = {"quiet", NULL, "nothing on stderr but errors"},
    [OPT_MARKS] = {"marks", "FILE",
                   "deployments and post-mortems that findings name, as in marks.jsonl"},
};

struct request {
    const char *config, *color, *marks;
    struct scan_options scan;
    struct gallery gallery;
    enum finding_route route, exit_route; /* ROUTES: not given */
    bool quiet;
};

static bool parse_window(const char *text, int64_t *ret, struct error *reterr)
{
    int64_t window;
    if (clock_parse_duration(text, &window, reterr) < 0)
        return false;
    if (window < NS_PER_S || window > 86400 * NS_PER_S) {
        error_set(reterr, -EINVAL, "--window: %s is out of range; allowed is 1s to 24h", text);
        return false;
    }
    *ret = window;
    return true;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    struct config_stream *fallback = &request->scan.fallback;
    switch (index) {
    case OPT_CONFIG:
        request->config = value;
        return true;
    case OPT_JSON:
        return request->gallery.json = true;
    case OPT_TIMEZONE:
        fallback->timezone = value;
        return true;
    case OPT_YEAR:
        return given_number("year", value, (struct given_range){1970, 2200}, &fallback->year,
                            reterr) == 0;
    case OPT_WINDOW:
        return parse_window(value, &fallback->window_ns, reterr);
    case OPT_SINCE:
        return clock_parse(value, &request->scan.since_ns, reterr) == 0;
    case OPT_UNTIL:
        return clock_parse(value, &request->scan.until_ns, reterr) == 0;
    case OPT_ROUTE:
        return given_route("route", value, &request->route, reterr) == 0;
    case OPT_COLOR:
        request->color = value;
        return true;
    case OPT_EXIT_CODE:
        return given_route("exit-code", value, &request->exit_route, reterr) == 0;
    case OPT_MARKS:
        request->marks = value;
        return true;
    default:
        return request->quiet = true;
    }
}

/* ---- what a person sees on stderr --------------------------------------- */

static void say_choice(const char *stream, const char *path, const char *choice,
                       int64_t window_ns)
{
    char window[CLOCK_TEXT_SIZE];
    (void)path;
    log_notice("%s: %s; window %s", stream, choice, clock_format_duration(window_ns, window));
}

static void say_progress(uint64_t bytes, uint64_t lines, uint64_t total, int64_t elapsed_ns)
{
    double seconds = (double)elapsed_ns / 1e9;
    fprintf(stderr, "\r%6.1f MiB  %.2f M lines/s", (double)bytes / 1048576,
            (double)lines / seconds / 1e6);
    if (bytes &&
        bytes < total) // of archives the unpacked bytes are counted, so they show no time left
        fprintf(stderr, "  %.0f s left ", seconds * (double)(total - bytes) / (double)bytes);
    fprintf(stderr, "\033[K");
}

static void say_result(const struct request *request, const struct scan_result *result)
{
    char elapsed[CLOCK_TEXT_SIZE];
    const size_t *shown = request->gallery.shown;
    log_notice("%llu lines of %zu streams in %zu files, %s; %zu to page, %zu for a ticket, %zu "
               "for the log%s",
               (unsigned long long)result->lines, result->streams, result->files,
               clock_format_duration(result->elapsed_ns, elapsed), shown[ROUTE_PAGE],
               shown[ROUTE_TICKET], shown[ROUTE_LOG],
               result->suppressed ? "; a storm cap held some back" : "");
}

/* Is there one of the route that was asked for, or of a worse one? */
static bool found(const struct request *request)
{
    bool any = false;
    for (int route = 0; route <= (int)request->exit_route && route < ROUTES; route++)
        any |= request->gallery.shown[route] > 0;
    return any && request->exit_route != ROUTES;
}

static int finish(struct request *request, const struct scan_result *result, size_t unreadable)
{
    gallery_show(&request->gallery);
    if (!request->quiet)
        say_result(request, result);
    if (request->gallery.failed) {
        log_error("stdout: cannot be written: %s", strerror(errno));
        return EXIT_IO;
    }
    if (found(request))
        return EXIT_FOUND;
    return unreadable || result->failed ? EXIT_NO_INPUT : EXIT_DONE;
}

static int scan_paths(struct request *request, char **paths, size_t count)
{
    struct inputs inputs;
    struct scan_result result;
    struct error error;
    inputs_find(paths, count, &inputs);
    int code = EXIT_NO_INPUT;
    if (inputs.count) {
        int r = scan(&inputs, &request->scan, &result, &error);
        if (!request->quiet && request->scan.progress)
            fprintf(stderr, "\r\033[K");
        code = r < 0 ? say_failure(r == -EINVAL ? EXIT_CONFIG : EXIT_IO, &error)
                     : finish(request, &result, inputs.unreadable);
    } else if (!inputs.unreadable) {
        log_error("%s: no files in it", paths[0]);
    }
    inputs_free(&inputs);
    return code;
}

/* Packed into `into`, which the scan borrows. */
static int read_marks(struct request *request, struct buffer *into, struct error *reterr)
{
    struct remarks *remarks = calloc(1, sizeof(*remarks));
    size_t bad = 0;
    if (!remarks)
        return error_set(reterr, -ENOMEM, "%s: out of memory", request->marks);
    int r = access(request->marks, R_OK) < 0
                ? error_set(reterr, -errno, "%s: cannot be read: %s", request->marks,
                            strerror(errno))
                : marks_collect(request->marks, remarks, &bad, reterr);
    if (r == 0 && bad)
        log_warning("%s: %zu lines in it are no marks, and passed over", request->marks, bad);
    if (r == 0)
        remarks_pack(remarks, into);
    request->scan.remarks = buffer_bytes(into);
    remarks_free(remarks);
    free(remarks);
    return r;
}

int command_scan(int argc, char **argv)
{
    struct request request = {
        .color = "auto",
        .route = ROUTES,
        .exit_route = ROUTES,
        .scan = {.fallback = config_stream_default(), .since_ns = NO_TIME, .until_ns = NO_TIME},
        .gallery = {.out = stdout},
    };
    struct option_set set = {"scan", specs, OPTIONS, take, &request};
    struct config config = {0};
    struct buffer marks = {0};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first == argc) {
        error_set(&error, -EINVAL,
                  "scan: no path given; name files, directories, or - for stdin");
        return say_failure(EXIT_USAGE, &error);
    }
    if (request.config) {
        if (config_read(request.config, &config, &error) < 0)
            return say_failure(EXIT_CONFIG, &error);
        request.scan.config = &config;
        request.scan.isolation = config_isolation(&config);
    }
    if (request.marks && read_marks(&request, &marks, &error) < 0) {
        config_free(&config);
        return say_failure(EXIT_NO_INPUT, &error);
    }
    request.gallery.least = request.route != ROUTES ? request.route
                            : request.gallery.json  ? ROUTE_LOG
                                                    : ROUTE_TICKET;
    request.gallery.color = color_wanted(request.color, STDOUT_FILENO);
    request.gallery.width = terminal_width(STDOUT_FILENO);
    request.scan.deliver = gallery_take;
    request.scan.context = &request.gallery;
    request.scan.chose = request.quiet ? NULL : say_choice;
    request.scan.progress = !request.quiet && isatty(STDERR_FILENO) ? say_progress : NULL;
    code = scan_paths(&request, argv + first, (size_t)(argc - first));
    gallery_free(&request.gallery);
    buffer_free(&marks);
    config_free(&config);
    return code;
}
