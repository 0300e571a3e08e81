/* SPDX-License-Identifier: MIT */
/*
 * heartbeat.h - what a daemon says of itself to the fleet, and when.
 *
 *      main thread ──facts──▶ [mailbox] ──▶ sink's thread: is it time? ──JSON──▶ redis_beat.h ──▶ PREFIX:{SHARD}:hosts
 *                                                                       fleet ◀──heartbeat_read()──┘
 *
 * A host without findings is not a host without a daemon: a beat comes in each interval, with a quarter of it by chance, and after findings
 * were published, though never more than four an interval. The facts carry their own time, since the thread that beats would
 * go on beating when the one that reads hangs.
 */
#ifndef DELIVER_HEARTBEAT_H
#define DELIVER_HEARTBEAT_H

#include "base/bytes.h"
#include "base/json.h"
#include "deliver/sink.h"

#include <pthread.h>
#include <stdbool.h>

enum { HEARTBEAT_VERSION_SIZE = 24, HEARTBEAT_JSON_MAX = 4096 };

struct heartbeat_facts {
    int64_t at_ns;     /* wall clock; 0: there are none yet */
    int64_t newest_ns; /* of the newest record that was read; NO_TIME: none */
    int64_t
        lag_ns; /* since the newest record of the stream that is farthest behind; 0: none is */
    uint64_t behind_bytes;
    uint64_t config; /* of what is configured, but for what names the host */
    uint32_t streams, files;
    uint32_t firing[ROUTES];
    bool waits; /* reading does, as the outbox is full */
};

/* One beat, as it travels. */
struct beat {
    int64_t beat_ms; /* the server's clock, Unix; 0: not known */
    int64_t interval_ns;
    char version[HEARTBEAT_VERSION_SIZE];
    uint64_t epoch, n,
        waiting;            /* n: of the newest finding; waiting: those that Redis has not */
    bool running, troubled; /* troubled: the last publish failed */
    int64_t
        hung_ns; /* since the thread that reads has told anything; by the host's own clock */
    struct heartbeat_facts facts;
};

struct heartbeat {
    pthread_mutex_t lock;
    struct heartbeat_facts facts;
    /* The rest is the sink's thread's. */
    int64_t interval_ns; /* 0: none are wanted */
    int64_t next_ns, last_ns;
    bool failed; /* and that was said */
};

void heartbeat_init(struct heartbeat *heartbeat, int64_t interval_ns);
void heartbeat_free(struct heartbeat *heartbeat);
/* From any thread. */
void heartbeat_post(struct heartbeat *heartbeat, const struct heartbeat_facts *facts);
/* False: there are none yet. */
bool heartbeat_facts(struct heartbeat *heartbeat, struct heartbeat_facts *ret);

bool heartbeat_due(const struct heartbeat *heartbeat, int64_t now_ns);
/* Findings were published: what it says has changed. */
void heartbeat_hurry(struct heartbeat *heartbeat);
/* It was tried now; `chance`: any 32 bits. */
void heartbeat_done(struct heartbeat *heartbeat, int64_t now_ns, uint32_t chance);

/* The members of the object, without its braces and without `beat`, which the server adds. */
void heartbeat_write(const struct beat *beat, struct buffer *out);
/* Its member `firing`: how many findings are open, by route. */
void heartbeat_put_firing(const struct heartbeat_facts *facts, struct json *json);
/* False when it is none. What is missing in it is 0; what is out of range too. */
bool heartbeat_read(struct bytes json, struct beat *ret);

#endif /* DELIVER_HEARTBEAT_H */
