/* SPDX-License-Identifier: MIT */
/*
 * redis_inner.h - the sink for Redis and what it keeps: redis.c publishes, redis_tend.c does what is due besides.
 */
#ifndef DELIVER_REDIS_INNER_H
#define DELIVER_REDIS_INNER_H

#include "deliver/heartbeat.h"
#include "deliver/redis.h"
#include "deliver/redis_alarm.h"
#include "deliver/redis_call.h"
#include "deliver/turn.h"

#include <stdatomic.h>

struct redis {
    struct sink sink; /* first: a sink is handed out */
    struct redis_call call;
    struct redis_alarm alarm;
    size_t budget; /* bytes of a batch that the link carries in about a second */
    struct heartbeat heartbeat;
    char hosts_key[REDIS_KEY_SIZE];
    uint64_t epoch, shards;
    struct turn turn;
    int64_t used_ns; /* monotonic: when the link last carried a finding */
    _Atomic uint64_t hosts, beats, beat_errors;
    atomic_bool evicts;
    atomic_int code;
    _Atomic uint64_t connects;
};

/* ---- redis_tend.c: as in sink.h ---- */

void redis_tend(struct sink *sink, struct sink_place place, bool last);
int64_t redis_rest(struct sink *sink);

#endif /* DELIVER_REDIS_INNER_H */
