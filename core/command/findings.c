/* SPDX-License-Identifier: MIT */
/*
 * oddline findings: what was found, from the outbox of a daemon on this host.
 *
 * The outbox keeps what sinks confirmed as far as there is room, so this works with any sink, and while the daemon runs.
 */

#include "base/clock.h"
#include "base/json.h"
#include "command/given.h"
#include "deliver/console.h"
#include "deliver/journal.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_CONFIG,
    OPT_STATE_DIR,
    OPT_SINCE,
    OPT_ROUTE,
    OPT_FOLLOW,
    OPT_JSON,
    OPT_COLOR,
    OPTIONS
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_SINCE] = {"since", "TIME",
                   "a duration such as 1h, or a time such as 2016-12-19T17:14:38Z"},
    [OPT_ROUTE] = {"route", "ROUTE", "only page, ticket or log"},
    [OPT_FOLLOW] = {"follow", NULL, "(-f) go on as findings are made"},
    [OPT_JSON] = {"json", NULL, "JSON Lines"},
    [OPT_COLOR] = GIVEN_COLOR,
};

struct request {
    const char *config, *state_dir, *color;
    int64_t since_ns;
    enum finding_route route; /* ROUTES: all */
    bool follow, json;
    struct console *console;
};

static bool take_since(struct request *request, const char *value, struct error *reterr)
{
    struct given_since since;
    if (given_since(value, &since, reterr) < 0)
        return false;
    request->since_ns = given_since_ns(since);
    return true;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    switch (index) {
    case OPT_CONFIG:
        request->config = value;
        return true;
    case OPT_STATE_DIR:
        request->state_dir = value;
        return true;
    case OPT_SINCE:
        return take_since(request, value, reterr);
    case OPT_ROUTE:
        return given_route("route", value, &request->route, reterr) == 0;
    case OPT_FOLLOW:
        return request->follow = true;
    case OPT_JSON:
        return request->json = true;
    default:
        request->color = value;
        return true;
    }
}

static int show(const struct request *request, const struct entry *entry)
{
    if (entry->ts_ns < request->since_ns ||
        (request->route != ROUTES && entry->route != request->route))
        return 0;
    if (!request->json)
        return console_entry(request->console, entry->data);
    bool written = fwrite(entry->data.at, 1, entry->data.len, stdout) == entry->data.len &&
                   putchar('\n') != EOF;
    return written ? 0 : -EIO;
}

static int show_all(const struct request *request, struct journal *journal,
                    struct journal_reader *reader)
{
    uint64_t shown = 0;
    for (;;) {
        journal_read(journal, reader, shown, JOURNAL_READ_MAX);
        for (size_t i = 0; i < reader->count; i++) {
            int r = show(request, &reader->entries[i]);
            if (r < 0 && r != -EBADMSG)
                return r;
            shown = reader->entries[i].n;
        }
        if (fflush(stdout) != 0)
            return -errno;
        if (reader->count)
            continue;
        if (!request->follow)
            return 0;
        usleep(200 * 1000);
    }
}

static int open_outbox(const char *state_dir, struct journal **ret, struct error *reterr)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/journal", state_dir);
    int r = journal_open_readonly(path, ret, reterr);
    if (r == -ENOENT)
        return error_set(reterr, r,
                         "%s: no findings here: no daemon has run with this state directory; "
                         "name its own with --state-dir or -c",
                         state_dir);
    return r;
}

static int open_and_show(struct request *request, const char *state_dir)
{
    static struct journal_reader reader; // 16 KiB of entries
    struct console_options options = {.out = stdout,
                                      .color = color_wanted(request->color, STDOUT_FILENO),
                                      .width = terminal_width(STDOUT_FILENO),
                                      .evidence_most = 3};
    struct journal *journal;
    struct error error;
    int r = open_outbox(state_dir, &journal, &error);
    if (r < 0)
        return say_failure(EXIT_NO_INPUT, &error);
    r = console_open(&options, &request->console, &error);
    if (r == 0)
        r = journal_reader_init(&reader);
    if (r == 0)
        r = show_all(request, journal, &reader);
    if (r < 0)
        error_set(&error, r, "stdout: cannot be written: %s", strerror(-r));
    journal_reader_free(&reader);
    console_close(request->console);
    journal_close(journal);
    return r < 0 ? say_failure(EXIT_IO, &error) : EXIT_DONE;
}

int command_findings(int argc, char **argv)
{
    struct request request = {.color = "auto", .route = ROUTES, .since_ns = NO_TIME};
    struct option_set set = {"findings", specs, OPTIONS, take, &request};
    struct config config = {0};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first != argc) {
        error_set(&error, -EINVAL, "findings: takes no operand, but '%s' is there",
                  argv[first]);
        return say_failure(EXIT_USAGE, &error);
    }
    const char *dir;
    if (given_state_dir(request.config, request.state_dir, &config, &dir, &error) < 0)
        return say_failure(EXIT_CONFIG, &error);
    code = open_and_show(&request, dir);
    config_free(&config);
    return code;
}
