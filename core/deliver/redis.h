/* SPDX-License-Identifier: MIT */
/*
 * redis.h - the sink that adds findings to Redis streams, each exactly once.
 *
 *      entries ──▶ one EVALSHA ──▶ PREFIX:{SHARD}:page, :ticket, :log   +   :seen, in one step
 *
 * What was published is remembered in Redis beside it (redis_script.h), so after any failure the truth is asked for and
 * not guessed. Nothing here waits longer than the two timeouts without progress, but for name resolution, which the C
 * library bounds. A batch is as large as the link carries in about a second. A connection is kept for some seconds after the
 * last finding: many hosts with nothing to say must not use up what a server allows (docs/fleet.md).
 */
#ifndef DELIVER_REDIS_H
#define DELIVER_REDIS_H

#include "base/error.h"
#include "deliver/heartbeat.h"
#include "deliver/redis_link.h"
#include "deliver/sink.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_options {
    const char *url;           /* redis_url.h */
    const char *prefix;        /* NULL: "oddline" */
    const char *shard;         /* NULL: "0" */
    uint64_t shards;           /* that there are, 0: 1 */
    int64_t heartbeat_ns;      /* between two (heartbeat.h); 0: none */
    const char *host;          /* this host's name in `seen` and in the entries; no blanks */
    uint64_t epoch;            /* of the outbox */
    bool new_epoch;            /* go on although another epoch was published under our name */
    uint64_t max_len;          /* per stream, 0: 100000; trimmed by whole nodes (MAXLEN ~) */
    const char *user;          /* ACL user, or NULL */
    const char *password_file; /* or NULL; its first line, read at each connection */
    bool allow_plaintext;      /* send the password also over a network that can read it */
    const char *
        instance_file; /* in the state directory (redis_instance.h); NULL: copies of it are not noticed */
    int64_t connect_timeout_ns; /* 0: 2 s */
    int64_t command_timeout_ns; /* without progress; 0: 4 s */
};

/* The server and the login of the options, for whoever else talks to it; not connected yet. */
int redis_options_link(const struct redis_options *options, struct redis_link *link,
                       struct error *reterr);
/* PREFIX:{SHARD}:name */
enum { REDIS_KEY_SIZE = 192 };
int redis_options_key(const struct redis_options *options, const char *name,
                      char ret[REDIS_KEY_SIZE], struct error *reterr);

enum {
    REDIS_BATCH_MAX = 128,        /* entries per script call */
    REDIS_BATCH_BYTES = 1 << 20,  /* and their bytes, when the link is fast */
    REDIS_BATCH_FIRST = 64 << 10, /* when it is not known yet */
    REDIS_BATCH_LEAST = 1 << 10,  /* one entry always goes */
};

/*
 * Checks the options and connects at the first publish, so that the server may be away at the start.
 * publish() answers -ESTALE for a fork, -ENODATA when the far end lost something (see sink.h).
 *   Thread   one at a time
 */
int redis_sink_open(const struct redis_options *options, struct sink **ret,
                    struct error *reterr);

/* What is not an error, and yet wrong. Any thread. */
struct redis_stats {
    bool
        evicts; /* the server may delete our keys when its memory is full (maxmemory-policy allkeys-*) */
    bool troubled; /* the last publish failed */
    int code;      /* -errno of it, 0: none */
    uint64_t connects;
    uint64_t hosts; /* that publish there, as far as is known */
    uint64_t beats, beat_errors;
};
struct redis_stats redis_sink_stats(const struct sink *sink);

/* What the next heartbeat says. Any thread; the sink's own begins with the first of them. */
void redis_sink_facts(struct sink *sink, const struct heartbeat_facts *facts);

#endif /* DELIVER_REDIS_H */
