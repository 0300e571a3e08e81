/* SPDX-License-Identifier: MIT */
/*
 * redis.h - the sink that adds findings to Redis streams, each exactly once.
 *
 *      entries ──▶ one EVALSHA ──▶ PREFIX:{SHARD}:page, :ticket, :log   +   :seen, in one step
 *
 * What was published is remembered in Redis beside it (redis_script.h), so after any failure the truth is asked for and
 * not guessed. Nothing here waits longer than the two timeouts, but for name resolution, which the C library bounds.
 */
#ifndef DELIVER_REDIS_H
#define DELIVER_REDIS_H

#include "base/error.h"
#include "deliver/sink.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_options {
    const char *url;           /* redis_url.h */
    const char *prefix;        /* NULL: "oddline" */
    const char *shard;         /* NULL: "0" */
    const char *host;          /* this host's name in `seen` and in the entries; no blanks */
    uint64_t epoch;            /* of the outbox */
    bool new_epoch;            /* go on although another epoch was published under our name */
    uint64_t max_len;          /* per stream, 0: 100000; trimmed by whole nodes (MAXLEN ~) */
    const char *user;          /* ACL user, or NULL */
    const char *password_file; /* or NULL; its first line, read at each connection */
    int64_t connect_timeout_ns, command_timeout_ns; /* 0: 2 s each */
};

enum {
    REDIS_BATCH_MAX = 128, /* entries per script call */
    REDIS_BATCH_BYTES =
        1
        << 20, /* and their bytes; hiredis aborts when memory runs out, so it never needs much */
};

/*
 * Checks the options and connects at the first publish, so that the server may be away at the start.
 * publish() answers -ESTALE for a fork, -ENODATA when the far end lost something (see sink.h).
 *   Thread   one at a time
 */
int redis_sink_open(const struct redis_options *options, struct sink **ret,
                    struct error *reterr);

#endif /* DELIVER_REDIS_H */
