/* SPDX-License-Identifier: MIT */
/*
 * oddline fleet: the hosts that publish into one Redis, the silent ones too, and what fires on how many.
 *
 * It only reads, but for --forget. It needs of a configuration no more than sinks.redis, so it may run where no daemon does.
 */

#include "base/clock.h"
#include "base/log.h"
#include "command/fleet.h"
#include "command/given.h"
#include "config/config.h"
#include "deliver/redis.h"
#include "deliver/shard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    OPT_CONFIG,
    OPT_URL,
    OPT_PREFIX,
    OPT_SHARDS,
    OPT_USER,
    OPT_PASSWORD_FILE,
    OPT_JSON,
    OPT_WATCH,
    OPT_TOP,
    OPT_LAST,
    OPT_FORGET,
    OPT_FORGET_AFTER,
    OPT_EXIT_CODE,
    OPT_COLOR,
    OPTIONS
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = {"config", "FILE", "(-c) configuration with sinks.redis; or:"},
    [OPT_URL] = {"url", "URL", "the Redis, as in sinks.redis.url"},
    [OPT_PREFIX] = {"prefix", "TEXT", "of the keys (default: oddline)"},
    [OPT_SHARDS] = {"shards", "N", "how many there are (default: 1)"},
    [OPT_USER] = {"user", "NAME", "ACL user"},
    [OPT_PASSWORD_FILE] = {"password-file", "FILE", "its first line is the password"},
    [OPT_JSON] = {"json", NULL, "JSON Lines: all hosts, all troubles, the whole"},
    [OPT_WATCH] = {"watch", NULL, "look again every two seconds"},
    [OPT_TOP] = {"top", "N", "so many hosts and troubles, the worst first (default: 50)"},
    [OPT_LAST] = {"last", "N", "entries of each stream that are looked at (default: 10000)"},
    [OPT_FORGET] = {"forget", "HOST", "remove one that is silent or stopped from the list"},
    [OPT_FORGET_AFTER] = {"forget-after", "TIME", "remove all of which nothing came for 30d"},
    [OPT_EXIT_CODE] = {"exit-code", NULL, "1 when a host is silent"},
    [OPT_COLOR] = GIVEN_COLOR,
};

#define LOOK_EACH_S 2
enum { TOP = 50 };

struct request {
    const char *config, *url, *prefix, *user, *password_file, *forget, *color;
    int64_t shards, last, top, forget_after_ns; /* top 0: nobody said */
    struct fleet_look look;
    bool json, watch, exit_code;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int signal_number)
{
    stop_asked = signal_number;
}

/* ---- options ------------------------------------------------------------ */

static bool take_count(const char *name, const char *value, int64_t most, int64_t *ret,
                       struct error *reterr)
{
    return given_number(name, value, (struct given_range){1, most}, ret, reterr) == 0;
}

static bool take_text(struct request *request, size_t index, const char *value)
{
    const char **texts[OPTIONS] = {[OPT_CONFIG] = &request->config,
                                   [OPT_URL] = &request->url,
                                   [OPT_PREFIX] = &request->prefix,
                                   [OPT_USER] = &request->user,
                                   [OPT_PASSWORD_FILE] = &request->password_file,
                                   [OPT_FORGET] = &request->forget,
                                   [OPT_COLOR] = &request->color};
    if (texts[index])
        *texts[index] = value;
    request->json |= index == OPT_JSON;
    request->watch |= index == OPT_WATCH;
    request->exit_code |= index == OPT_EXIT_CODE;
    return true;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct request *request = context;
    switch (index) {
    case OPT_SHARDS:
        return take_count("shards", value, SHARDS_MAX, &request->shards, reterr);
    case OPT_TOP:
        return take_count("top", value, FLEET_HOSTS_MAX, &request->top, reterr);
    case OPT_LAST:
        return take_count("last", value, 1000000, &request->last, reterr);
    case OPT_FORGET_AFTER:
        if (clock_parse_duration(value, &request->forget_after_ns, NULL) == 0 &&
            request->forget_after_ns > 0)
            return true;
        error_set(reterr, -EINVAL, "--forget-after: '%s' is no duration such as 30d", value);
        return false;
    default:
        return take_text(request, index, value);
    }
}

/* Options come before what the configuration says. */
static int resolve(struct request *request, const struct config *config,
                   struct redis_options *ret, struct error *reterr)
{
    const struct config_redis *c =
        config->sinks && config->sinks->redis ? config->sinks->redis : NULL;
    if (request->config && !c && !request->url)
        return error_set(reterr, -EINVAL,
                         "%s: sinks.redis is missing: that is where heartbeats are",
                         request->config);
    *ret =
        (struct redis_options){.url = request->url ? request->url : c->url,
                               .prefix = request->prefix ? request->prefix
                                         : c             ? c->prefix
                                                         : NULL,
                               .user = request->user ? request->user
                                       : c           ? c->user
                                                     : NULL,
                               .password_file = request->password_file ? request->password_file
                                                : c                    ? c->password_file
                                                                       : NULL,
                               .allow_plaintext = c && c->allow_plaintext};
    if (!request->shards)
        request->shards = c ? c->shards : 1;
    return 0;
}

/* ---- what is asked for -------------------------------------------------- */

static int write_out(struct buffer *out, struct error *reterr)
{
    if (fwrite(out->at, 1, out->len, stdout) != out->len || fflush(stdout) != 0)
        return error_set(reterr, -EIO, "stdout: cannot be written: %s", strerror(errno));
    return 0;
}

/* From the top of an empty screen, and lines cut at its edge: else the worst, which come first, scroll away. */
static const char screen_begin[] = "\033[H\033[2J\033[?7l", screen_end[] = "\033[?7h";

static bool on_screen(const struct request *request)
{
    return request->watch && !request->json && isatty(STDOUT_FILENO);
}

static int show(const struct request *request, const struct fleet *fleet, struct error *reterr)
{
    struct buffer out = {0};
    struct fleet_look look = request->look;
    bool screen = on_screen(request);
    int height = screen && !request->top ? terminal_height(STDOUT_FILENO) : 0;
    if (height)
        fleet_fit(fleet, height, &look);
    if (screen)
        buffer_text(&out, screen_begin);
    if (request->json)
        fleet_json(fleet, &out);
    else
        fleet_table(fleet, &look, &out);
    if (screen)
        buffer_text(&out, screen_end);
    int r = write_out(&out, reterr);
    buffer_free(&out);
    return r;
}

static bool gone(const struct fleet_host *host)
{
    return host->state == FLEET_SILENT || host->state == FLEET_STOPPED ||
           host->state == FLEET_UNREADABLE;
}

/* Of one that lives nothing would be gained: it comes back with its next beat. */
static int forget(const struct request *request, const struct fleet_source *source,
                  const struct fleet *fleet, struct error *reterr)
{
    size_t forgotten = 0;
    int r = 0;
    for (size_t i = 0; i < fleet->host_count && r == 0; i++) {
        const struct fleet_host *host = &fleet->hosts[i];
        bool named = request->forget && strcmp(host->name, request->forget) == 0;
        bool old = request->forget_after_ns && gone(host) && host->state != FLEET_UNREADABLE &&
                   host->age_ns > request->forget_after_ns;
        if (named && !gone(host))
            return error_set(reterr, -EBUSY, "fleet: the host is alive and would come back");
        if (named || old) {
            r = fleet_forget(source, host, reterr);
            forgotten += r == 0;
        }
    }
    if (r == 0 && request->forget && forgotten == 0)
        return error_set(reterr, -ENOENT, "fleet: there is no such host to be forgotten");
    if (r == 0)
        log_notice("fleet: %zu forgotten", forgotten);
    return r;
}

/* Once: read, show or forget. */
static int look(const struct request *request, const struct fleet_source *source,
                bool *ret_silent, struct error *reterr)
{
    static struct fleet fleet; // 70 KiB
    int r = fleet_read(source, &fleet, reterr);
    if (r == 0) {
        *ret_silent = fleet.states[FLEET_SILENT] > 0;
        if (request->forget || request->forget_after_ns)
            r = forget(request, source, &fleet, reterr);
        else {
            fleet_sort(&fleet);
            r = show(request, &fleet, reterr);
        }
    }
    fleet_free(&fleet);
    return r;
}

static enum exit_code code_of(int r)
{
    return r == -EBUSY    ? EXIT_DATA
           : r == -ENOENT ? EXIT_NO_INPUT
           : r == -EIO    ? EXIT_IO
           : r == -EINVAL ? EXIT_USAGE
                          : EXIT_NO_SINK;
}

/* What stood there is of a time that is over. */
static void say_away(const struct request *request, const struct error *error)
{
    if (on_screen(request)) {
        fputs("\033[H\033[2J", stdout);
        fflush(stdout);
    }
    log_warning("%s", error->text);
}

/* Who watches sees that Redis is away, and that it is there again. */
static int watch(const struct request *request, const struct fleet_source *source,
                 struct error *reterr)
{
    bool silent;
    while (!stop_asked) {
        int r = look(request, source, &silent, reterr);
        if (r == -EIO || r == -EINVAL)
            return r;
        if (r < 0)
            say_away(request, reterr);
        if (!stop_asked)
            nanosleep(&(struct timespec){.tv_sec = LOOK_EACH_S}, NULL);
    }
    return 0;
}

static int run(struct request *request, const struct config *config)
{
    struct error error = {""};
    struct redis_options options;
    bool silent = false;
    if (resolve(request, config, &options, &error) < 0)
        return say_failure(EXIT_CONFIG, &error);
    struct fleet_source source = {&options, (int)request->shards, request->last};
    request->look.color = color_wanted(request->color, STDOUT_FILENO);
    request->look.hosts = request->look.troubles = request->top ? request->top : TOP;
    int r = request->watch ? watch(request, &source, &error)
                           : look(request, &source, &silent, &error);
    if (r < 0)
        return say_failure(code_of(r), &error);
    return request->exit_code && silent ? EXIT_FOUND : EXIT_DONE;
}

int command_fleet(int argc, char **argv)
{
    struct request request = {.color = "auto", .last = 10000};
    struct option_set set = {"fleet", specs, OPTIONS, take, &request};
    struct config config = {0};
    struct error error = {""};
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first != argc || (!request.config && !request.url)) {
        error_set(&error, -EINVAL, "fleet: say oddline fleet -c FILE or --url URL");
        return say_failure(EXIT_USAGE, &error);
    }
    if (request.watch && (request.forget || request.forget_after_ns)) {
        error_set(&error, -EINVAL, "fleet: --watch only looks: --forget goes without it");
        return say_failure(EXIT_USAGE, &error);
    }
    log_setup(LOG_NOTICE, 1);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (request.config && config_read_actions(request.config, &config, &error) < 0)
        return say_failure(EXIT_CONFIG, &error);
    code = run(&request, &config);
    config_free(&config);
    return code;
}
