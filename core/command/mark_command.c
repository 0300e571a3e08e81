/* SPDX-License-Identifier: MIT */

/*
 * oddline mark: what went out when, which finding was false, where its post-mortem is. Appends to marks.jsonl beside a running daemon,
 * and without one.
 */

#include "app/marks_file.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/screen.h"
#include "command/given.h"
#include "command/mark_finding.h"
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_CONFIG,
    OPT_STATE_DIR,
    OPT_SERVICE,
    OPT_VERSION,
    OPT_URL,
    OPT_TIME,
    OPT_AUTHOR,
    OPT_REASON,
    OPT_SINCE,
    OPT_JSON,
    OPTIONS
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_SERVICE] = {"service", "NAME",
                     "deploy: what was deployed: service.name of the resource, or a stream"},
    [OPT_VERSION] = {"version", "TEXT", "deploy: which version of it"},
    [OPT_URL] = {"url", "URL", "deploy: where to read about it"},
    [OPT_TIME] = {"time", "TIME", "when it was, such as 2016-12-19T17:14:38Z (default: now)"},
    [OPT_AUTHOR] = {"author", "NAME", "who says so"},
    [OPT_REASON] = {"reason", "TEXT", "false: why"},
    [OPT_SINCE] = {"since", "TIME", "list: a duration such as 7d, or a time"},
    [OPT_JSON] = {"json", NULL, "list: JSON Lines, as they stand in the file"},
};

/* Clocks differ by so much. */
#define AHEAD_NS (300 * NS_PER_S)

struct request {
    const char *values[OPTIONS];
    const char *dir;
    struct config config;
    bool bad_config;
};

/* ---- what somebody typed ------------------------------------------------- */

static int take_url(const char *what, const char *text, struct said *said, struct error *reterr)
{
    int r = given_text(what, text, said->url, sizeof(said->url), reterr);
    if (r < 0 || !text)
        return r;
    const char *host = bytes_starts_with(bytes_of(text), "https://")  ? text + 8
                       : bytes_starts_with(bytes_of(text), "http://") ? text + 7
                                                                      : "";
    if (!*host || *host == '/' || strpbrk(text, " \"<>\\^`{|}"))
        return error_set(reterr, -EINVAL, "%s: '%s' is no http or https address", what, text);
    return 0;
}

static int take_time(const struct request *request, struct said *said, struct error *reterr)
{
    const char *text = request->values[OPT_TIME];
    int64_t now = clock_wall_ns();
    said->time_ns = now;
    int r = text ? clock_parse(text, &said->time_ns, reterr) : 0;
    if (r == 0 && said->time_ns > now + AHEAD_NS)
        r = error_set(reterr, -EINVAL, "--time: '%s' is still to come", text);
    return r;
}

/* What all kinds may have. */
static int take_common(const struct request *request, struct said *said, struct error *reterr)
{
    const char *const *v = request->values;
    int r = take_time(request, said, reterr);
    if (r == 0)
        r = given_text("--author", v[OPT_AUTHOR], said->author, sizeof(said->author), reterr);
    return r;
}

/* ---- the kinds ----------------------------------------------------------- */

/* A misspelt service would be found out at night; but it may be one of another daemon. */
static void doubt_service(const struct request *request)
{
    const struct config *config = &request->config;
    const char *wanted = request->values[OPT_SERVICE], *names[64];
    size_t count = 0;
    for (size_t i = 0; i < config->resource.count && !count; i++)
        if (strcmp(config->resource.at[i].name, "service.name") == 0)
            names[count++] = config->resource.at[i].value;
    bool named = count > 0; // else each stream is a service
    for (size_t i = 0; i < config->stream_count && count < 64 && !named; i++)
        names[count++] = config->streams[i].name;
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], wanted) == 0)
            return;
    const char *near = nearest(wanted, names, count);
    if (count)
        log_warning("--service: nothing here is called '%s'%s%s%s; it is marked all the same",
                    wanted, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int make_deploy(const struct request *request, struct said *said, struct error *reterr)
{
    const char *const *v = request->values;
    static const size_t needed[] = {OPT_SERVICE, OPT_VERSION};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!v[needed[i]])
            return error_set(reterr, -EINVAL, "mark deploy: --%s is missing",
                             specs[needed[i]].name);
    int r =
        given_text("--service", v[OPT_SERVICE], said->service, sizeof(said->service), reterr);
    if (r == 0)
        r = given_text("--version", v[OPT_VERSION], said->version, sizeof(said->version),
                       reterr);
    if (r == 0)
        r = take_url("--url", v[OPT_URL], said, reterr);
    if (r == 0 && request->config.path)
        doubt_service(request);
    return r;
}

static int make_false(const struct request *request, struct said *said, struct error *reterr)
{
    return given_text("--reason", request->values[OPT_REASON], said->reason,
                      sizeof(said->reason), reterr);
}

static int add(const struct request *request, enum said_kind kind, char **words,
               struct error *reterr)
{
    struct said said = {.kind = kind};
    int r = take_common(request, &said, reterr);
    if (r == 0)
        r = kind == SAID_DEPLOY  ? make_deploy(request, &said, reterr)
            : kind == SAID_FALSE ? make_false(request, &said, reterr)
                                 : take_url("mark postmortem", words[2], &said, reterr);
    if (r == 0 && kind != SAID_DEPLOY)
        r = mark_finding(request->dir, words[1], &said, reterr);
    return r < 0 ? r : marks_append(request->dir, &said, reterr);
}

/* ---- list ---------------------------------------------------------------- */

struct listing {
    int64_t since_ns;
    bool json;
    size_t count;
};

static void put(struct buffer *out, const char *before, const char *text)
{
    if (!*text)
        return;
    buffer_text(out, before);
    screen_text(out, bytes_of(text), 0);
}

static void show(void *context, const struct said *said, struct bytes line)
{
    struct listing *listing = context;
    char time[CLOCK_TEXT_SIZE], fingerprint[HASH_TEXT_SIZE];
    struct buffer out = {0};
    if (said->time_ns < listing->since_ns)
        return;
    listing->count++;
    if (listing->json) {
        buffer_append(&out, line.at, line.len);
    } else {
        buffer_printf(&out, "%s  %-10s  ", clock_format(said->time_ns, time),
                      said_kind_name(said->kind));
        put(&out, "", said->service);
        put(&out, " ", said->version);
        put(&out, "", said->id);
        if (said->kind != SAID_DEPLOY && !said->id[0])
            put(&out, "", hash_format(said->fingerprint, fingerprint));
        put(&out, "  ", said->url);
        put(&out, ": ", said->reason);
        put(&out, "  (", said->author);
        buffer_text(&out, said->author[0] ? ")" : "");
    }
    buffer_char(&out, '\n');
    fwrite(out.at, 1, out.len, stdout);
    buffer_free(&out);
}

static int list(const struct request *request, struct error *reterr)
{
    struct listing listing = {.since_ns = NO_TIME, .json = request->values[OPT_JSON] != NULL};
    char path[4096];
    size_t bad;
    snprintf(path, sizeof(path), "%s/marks.jsonl", request->dir);
    const char *text = request->values[OPT_SINCE];
    struct given_since since = {NO_TIME, NO_TIME};
    int r = text ? given_since(text, &since, reterr) : 0;
    listing.since_ns = given_since_ns(since);
    if (r == 0)
        r = marks_read(path, show, &listing, &bad, reterr);
    if (r == 0 && bad)
        log_warning("%s: %zu lines in it are no marks, and passed over", path, bad);
    if (r == 0 && listing.count == 0 && !listing.json)
        printf("no marks\n");
    return r;
}

/* ---- the command --------------------------------------------------------- */

static const struct {
    const char *word;
    int operands; /* with the word */
    enum said_kind kind;
} actions[] = {{"deploy", 1, SAID_DEPLOY},
               {"false", 2, SAID_FALSE},
               {"postmortem", 3, SAID_POSTMORTEM},
               {"list", 1, SAID_KINDS}};

static int act(struct request *request, int count, char **words, struct error *reterr)
{
    const char *const *v = request->values;
    size_t i = 0, n = sizeof(actions) / sizeof(actions[0]);
    while (i < n && (count != actions[i].operands || strcmp(words[0], actions[i].word) != 0))
        i++;
    if (i == n)
        return error_set(reterr, -EINVAL,
                         "mark: say deploy --service S --version V, false ID, postmortem ID "
                         "URL, or list");
    int r = given_state_dir(v[OPT_CONFIG], v[OPT_STATE_DIR], &request->config, &request->dir,
                            reterr);
    request->bad_config = r < 0;
    if (r < 0)
        return r;
    return actions[i].kind == SAID_KINDS ? list(request, reterr)
                                         : add(request, actions[i].kind, words, reterr);
}

int command_mark(int argc, char **argv)
{
    struct request request = {0};
    struct option_set set = {"mark", specs, OPTIONS, given_keep, request.values};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    int r = act(&request, argc - first, argv + first, &error);
    config_free(&request.config);
    if (r < 0)
        return say_failure(request.bad_config ? EXIT_CONFIG
                           : r == -EINVAL     ? EXIT_USAGE
                           : r == -ENODATA    ? EXIT_NO_INPUT
                                              : EXIT_IO,
                           &error);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO;
}
