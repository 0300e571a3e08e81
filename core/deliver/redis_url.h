/* SPDX-License-Identifier: MIT */
/*
 * redis_url.h - `redis://HOST[:PORT][/DB]`, `redis://[::1]:6379/0`, `unix:///PATH[?db=DB]`,
 * `redis-sentinel://HOST[:PORT],HOST[:PORT].../MASTER[/DB]`.
 *
 * A password in the URL is refused: it would show in process lists and logs. So is rediss://, as long as what there is of
 * TLS in hiredis does not check the name of the server.
 */
#ifndef DELIVER_REDIS_URL_H
#define DELIVER_REDIS_URL_H

#include "base/error.h"

#include <stdbool.h>

enum { REDIS_URL_SENTINELS = 8 };

struct redis_node {
    char host[256];
    int port;
};

struct redis_url {
    bool local;     /* a unix socket */
    char host[256]; /* or its path, at most 107 bytes; with sentinels "" */
    int port, db;
    char master[64]; /* the name to ask the sentinels for */
    struct redis_node sentinels[REDIS_URL_SENTINELS];
    int sentinel_count;
};

int redis_url_parse(const char *text, struct redis_url *ret, struct error *reterr);

#endif /* DELIVER_REDIS_URL_H */
