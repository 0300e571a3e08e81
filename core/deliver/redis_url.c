/* SPDX-License-Identifier: MIT */

#include "deliver/redis_url.h"

#include "base/bytes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static int parse_number(const char *text, const char *what, long max, int *ret,
                        struct error *reterr)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.ArraySubscript): text is NUL-terminated
    if (!isdigit((unsigned char)*text) || *end || errno || value > max)
        return error_set(reterr, -EINVAL,
                         "redis url: %s is not a number from 0 to %ld: '%.40s'", what, max,
                         text);
    *ret = (int)value;
    return 0;
}

static int copy_host(const char *from, size_t len, size_t size, char *to, struct error *reterr)
{
    if (len == 0 || len >= size)
        return error_set(reterr, -EINVAL, "redis url: host or path must have 1 to %zu bytes",
                         size - 1);
    memcpy(to, from, len);
    to[len] = '\0';
    return 0;
}

static int parse_unix(const char *path, struct redis_url *url, struct error *reterr)
{
    size_t len = strcspn(path, "?");
    if (*path != '/')
        return error_set(reterr, -EINVAL,
                         "redis url: unix:// wants an absolute path: unix:///run/redis.sock");
    url->local = true;
    int r =
        copy_host(path, len, sizeof(((struct sockaddr_un *)0)->sun_path), url->host, reterr);
    if (r < 0 || path[len] == '\0')
        return r;
    if (strncmp(path + len, "?db=", 4) != 0)
        return error_set(reterr, -EINVAL,
                         "redis url: behind the path only ?db=NUMBER may follow");
    return parse_number(path + len + 4, "db", 1 << 20, &url->db, reterr);
}

/* `[host]rest` or `host:rest`; *ret_rest is what follows the host. */
static int parse_host(const char *text, char host[256], const char **ret_rest,
                      struct error *reterr)
{
    bool bracket = *text == '[';
    size_t len = bracket ? strcspn(++text, "]") : strcspn(text, ":/,");
    if (bracket && text[len] != ']')
        return error_set(reterr, -EINVAL, "redis url: '[' without ']'");
    *ret_rest = text + len + bracket;
    return copy_host(text, len, 256, host, reterr);
}

/* `HOST[:PORT]`; the port is left alone when there is none. */
static int parse_node(const char *text, char host[256], int *port, const char **ret_rest,
                      struct error *reterr)
{
    char digits[16];
    int r = parse_host(text, host, &text, reterr);
    if (r == 0 && *text == ':') {
        size_t len = strcspn(++text, "/,");
        r = copy_host(text, len, sizeof(digits), digits, reterr);
        if (r == 0)
            r = parse_number(digits, "port", 65535, port, reterr);
        text += len;
    }
    *ret_rest = text;
    return r;
}

static int refuse_password(const char *text, struct error *reterr)
{
    if (!strchr(text, '@'))
        return 0;
    return error_set(reterr, -EINVAL,
                     "redis url: no user or password in it: use 'user' and 'password_file'");
}

static int parse_db(const char *text, struct redis_url *url, struct error *reterr)
{
    if (*text == '\0' || strcmp(text, "/") == 0)
        return 0;
    if (*text != '/')
        return error_set(reterr, -EINVAL,
                         "redis url: behind the host only :PORT and /DB may follow");
    return parse_number(text + 1, "db", 1 << 20, &url->db, reterr);
}

static int parse_tcp(const char *text, struct redis_url *url, struct error *reterr)
{
    int r = refuse_password(text, reterr);
    if (r == 0)
        r = parse_node(text, url->host, &url->port, &text, reterr);
    return r < 0 ? r : parse_db(text, url, reterr);
}

static int parse_sentinel(const char *text, struct redis_url *url, struct error *reterr)
{
    int r = refuse_password(text, reterr);
    for (bool more = true; r == 0 && more;) {
        struct redis_node *node = &url->sentinels[url->sentinel_count];
        if (url->sentinel_count++ == REDIS_URL_SENTINELS)
            return error_set(reterr, -EINVAL, "redis url: more than %d sentinels",
                             REDIS_URL_SENTINELS);
        node->port = 26379;
        r = parse_node(text, node->host, &node->port, &text, reterr);
        more = *text == ',';
        text += more;
    }
    if (r < 0)
        return r;
    size_t len = *text == '/' ? strcspn(++text, "/") : 0;
    if (len == 0 || len >= sizeof(url->master))
        return error_set(reterr, -EINVAL,
                         "redis url: behind the sentinels comes /MASTER, at most %zu bytes: "
                         "redis-sentinel://HOST,HOST/MASTER/DB",
                         sizeof(url->master) - 1);
    memcpy(url->master, text, len);
    return parse_db(text + len, url, reterr);
}

int redis_url_parse(const char *text, struct redis_url *ret, struct error *reterr)
{
    struct redis_url url = {.port = 6379};
    struct bytes all = bytes_of(text);
    int r;
    if (bytes_starts_with(all, "unix://"))
        r = parse_unix(text + 7, &url, reterr);
    else if (bytes_starts_with(all, "redis://"))
        r = parse_tcp(text + 8, &url, reterr);
    else if (bytes_starts_with(all, "redis-sentinel://"))
        r = parse_sentinel(text + 17, &url, reterr);
    else if (bytes_starts_with(all, "rediss://"))
        r = error_set(
            reterr, -EPROTONOSUPPORT,
            "redis url: no TLS in this build: use a unix socket, or a tunnel such as stunnel");
    else
        r = error_set(
            reterr, -EINVAL,
            "redis url: must begin with redis://, redis-sentinel:// or unix://: '%.60s'", text);
    if (r == 0)
        *ret = url;
    return r;
}
