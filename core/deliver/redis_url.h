/* SPDX-License-Identifier: MIT */
/*
 * redis_url.h - `redis://HOST[:PORT][/DB]`, `redis://[::1]:6379/0`, `unix:///PATH[?db=DB]`.
 *
 * A password in the URL is refused: it would show in process lists and logs. So is rediss://, as long as what there is of
 * TLS in hiredis does not check the name of the server.
 */
#ifndef DELIVER_REDIS_URL_H
#define DELIVER_REDIS_URL_H

#include "base/error.h"

#include <stdbool.h>

struct redis_url {
    bool local;     /* a unix socket */
    char host[256]; /* or its path, at most 107 bytes */
    int port, db;
};

int redis_url_parse(const char *text, struct redis_url *ret, struct error *reterr);

#endif /* DELIVER_REDIS_URL_H */
