/* SPDX-License-Identifier: MIT */

/* What people wrote of a server, checked and copied: for the sink, and for whoever else talks to it (act, fleet). */

#include "deliver/redis_options.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A word that may stand in a key or a line of `seen`. */
int redis_options_word(const char *what, const char *from, char *to, size_t size,
                       struct error *reterr)
{
    size_t len = strlen(from);
    if (len == 0 || len >= size)
        return error_set(reterr, -EINVAL, "redis: %s: must have 1 to %zu bytes", what,
                         size - 1);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)from[i] <= ' ' || from[i] == 0x7f || strchr("{}#", from[i]))
            return error_set(reterr, -EINVAL,
                             "redis: %s: no blanks, control bytes, braces or '#' in it", what);
    memcpy(to, from, len + 1);
    return 0;
}

int redis_options_key(const struct redis_options *o, const char *name, char ret[REDIS_KEY_SIZE],
                      struct error *reterr)
{
    char prefix[96], shard[32];
    int r = redis_options_word("prefix", o->prefix ? o->prefix : "oddline", prefix,
                               sizeof(prefix), reterr);
    if (r == 0)
        r = redis_options_word("shard", o->shard ? o->shard : "0", shard, sizeof(shard),
                               reterr);
    if (r == 0)
        snprintf(ret, REDIS_KEY_SIZE, "%s:{%s}:%s", prefix, shard, name);
    return r;
}

static int set_login(struct redis_link *link, const struct redis_options *o,
                     struct error *reterr)
{
    if (o->user && !o->password_file)
        return error_set(reterr, -EINVAL, "redis: user without password_file");
    int r = o->user
                ? redis_options_word("user", o->user, link->user, sizeof(link->user), reterr)
                : 0;
    const char *path = o->password_file ? o->password_file : "";
    if (r == 0 && strlen(path) >= sizeof(link->password_file))
        r = error_set(reterr, -ENAMETOOLONG, "redis: password_file: path too long");
    if (r == 0)
        memcpy(link->password_file, path, strlen(path) + 1);
    return r;
}

int redis_options_link(const struct redis_options *o, struct redis_link *link,
                       struct error *reterr)
{
    int r = redis_url_parse(o->url, &link->url, reterr);
    if (r == 0)
        r = set_login(link, o, reterr);
    if (r < 0)
        return r;
    link->allow_plaintext = o->allow_plaintext;
    link->connect_timeout_ns = o->connect_timeout_ns > 0 ? o->connect_timeout_ns : 2 * NS_PER_S;
    link->command_timeout_ns = o->command_timeout_ns > 0 ? o->command_timeout_ns : 4 * NS_PER_S;
    return 0;
}
