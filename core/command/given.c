/* SPDX-License-Identifier: MIT */

#include "command/given.h"

#include "base/clock.h"
#include "base/nearest.h"
#include "base/screen.h"

#include <errno.h>
#include <stdlib.h>

bool given_keep(void *context, size_t index, const char *value, struct error *reterr)
{
    const char **values = context;
    (void)reterr;
    values[index] = value ? value : "";
    return true;
}

int given_state_dir(const char *config_path, const char *state_dir, struct config *config,
                    const char **ret, struct error *reterr)
{
    int r = config_path ? config_read(config_path, config, reterr) : 0;
    if (r == 0)
        *ret = state_dir ? state_dir : config_path ? config->state_dir : CONFIG_STATE_DIR;
    return r;
}

int given_since(const char *text, struct given_since *ret, struct error *reterr)
{
    struct given_since since = {NO_TIME, NO_TIME};
    if (clock_parse_duration(text, &since.ago_ns, NULL) < 0 &&
        clock_parse(text, &since.at_ns, NULL) < 0)
        return error_set(reterr, -EINVAL,
                         "--since: '%s' is neither a duration such as 2h nor a time", text);
    *ret = since;
    return 0;
}

int64_t given_since_ns(struct given_since since)
{
    return since.ago_ns == NO_TIME ? since.at_ns : clock_wall_ns() - since.ago_ns;
}

int given_number(const char *option, const char *text, struct given_range range, int64_t *ret,
                 struct error *reterr)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < range.least || number > range.most)
        return error_set(reterr, -EINVAL, "--%s: '%s' is out of range; allowed is %lld to %lld",
                         option, text, (long long)range.least, (long long)range.most);
    *ret = number;
    return 0;
}

int given_route(const char *option, const char *text, enum finding_route *ret,
                struct error *reterr)
{
    if (finding_route_named(text, ret))
        return 0;
    return error_set(reterr, -EINVAL, "--%s: '%s' is none of page, ticket, log", option, text);
}

int given_text(const char *what, const char *text, char *into, size_t size,
               struct error *reterr)
{
    struct buffer shown = {0};
    if (!text)
        return 0;
    if (!*text || strlen(text) >= size)
        return error_set(reterr, -EINVAL, "%s: must have 1 to %zu bytes", what, size - 1);
    screen_text(&shown, bytes_of(text), 0);
    bool plain = bytes_is(buffer_bytes(&shown), text);
    buffer_free(&shown);
    if (!plain)
        return error_set(reterr, -EINVAL, "%s: holds bytes that are no plain text", what);
    memcpy(into, text, strlen(text) + 1);
    return 0;
}

int given_no_stream(const struct config *config, const char *name, struct error *reterr)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < config->stream_count && count < 64; i++)
        names[count++] = config->streams[i].name;
    const char *near = nearest(name, names, count);
    return error_set(reterr, -EINVAL, "--stream: no stream is called '%s'%s%s%s", name,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}
