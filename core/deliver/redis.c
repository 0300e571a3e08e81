/* SPDX-License-Identifier: MIT */

#include "deliver/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "deliver/redis_inner.h"
#include "deliver/redis_options.h"
#include "deliver/redis_reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOPS_MAX = 5 }; /* from one cluster node to the next, in one publish */

/* ---- what the script says ----------------------------------------------- */

static int fork_sentence(const struct redis_call *c, const struct redis_answer *a,
                         struct error *reterr)
{
    if (strcmp(a->word, "FORK") == 0)
        return error_set(reterr, -ESTALE,
                         "redis: %s: host %s published there before with another state "
                         "directory (epoch %s): if that is meant, run once with --new-epoch",
                         c->keys[REDIS_CALL_SEEN], c->host, a->detail);
    return error_set(reterr, -ESTALE,
                     "redis: %s: a copy of this state directory publishes as host %s (start "
                     "%s): was the machine cloned, or an old copy put back? Give the hosts "
                     "different names, or run one of them once with --new-epoch",
                     c->keys[REDIS_CALL_SEEN], c->host, a->detail);
}

static int lost_sentence(struct redis_call *c, const struct redis_answer *a,
                         struct error *reterr)
{
    if (strcmp(a->word, "GONE") == 0) {
        memcpy(c->floor, "0", 2);
        return error_set(reterr, -ENODATA,
                         "redis: streams were deleted (%s): what is kept is sent again",
                         a->detail);
    }
    snprintf(c->floor, sizeof(c->floor), "%" PRIu64, a->n);
    return error_set(reterr, -ENODATA,
                     "redis: the server has findings up to %" PRIu64
                     " only: what is kept behind it is sent again",
                     a->n);
}

/* Somebody else published under our name, or the server went back in time: the question tells which. */
static int ask_again(struct redis_call *c, struct error *reterr)
{
    redis_link_close(&c->link);
    return error_set(reterr, -EREMOTE, "redis: another daemon published in between");
}

static int judge_answer(struct redis_call *c, const struct redis_answer *a,
                        struct error *reterr)
{
    c->floor[0] = '\0';
    if (strcmp(a->word, "OK") == 0) {
        c->new_epoch = false; // it is the known one now; whoever changes it again is not us
        return 0;
    }
    if (strcmp(a->word, "FORK") == 0 || strcmp(a->word, "TWIN") == 0)
        return fork_sentence(c, a, reterr);
    if (strcmp(a->word, "GONE") == 0 || strcmp(a->word, "HOLE") == 0)
        return lost_sentence(c, a, reterr);
    if (strcmp(a->word, "WHO") == 0)
        return ask_again(c, reterr);
    if (strcmp(a->word, "FULL") == 0)
        return error_set(reterr, -EINVAL,
                         "redis: %s: holds an entry with the last id there is, so nothing can "
                         "be added: delete it or choose another prefix",
                         a->detail);
    if (strcmp(a->word, "WRONGTYPE") == 0)
        return error_set(reterr, -EINVAL,
                         "redis: %s: holds something else: choose another prefix", a->detail);
    return error_set(reterr, -EPROTO, "redis: the script answered '%s'", a->word);
}

/* A server that evicts deletes findings that were not read yet, or `seen`. Who may not ask is told "". */
static void note_policy(struct redis *redis, const char *policy)
{
    bool evicts = strncmp(policy, "allkeys-", 8) == 0;
    if (atomic_exchange(&redis->evicts, evicts) != evicts && evicts)
        log_warning("sink redis: %s: maxmemory-policy is %s, so the server may delete findings "
                    "that nobody has read: set noeviction or volatile-lru",
                    redis->call.link.at.host, policy);
}

static int ask(struct redis *redis, const struct entry *entries, size_t count, uint64_t *ret_n,
               struct error *reterr)
{
    struct redis_answer answer = {0};
    int r = redis_call(&redis->call, entries, count, &answer, reterr);
    if (r < 0)
        return r;
    r = judge_answer(&redis->call, &answer, reterr);
    if (r == 0 && count == 0)
        note_policy(redis, answer.detail);
    if (r == 0 || r == -ENODATA)
        *ret_n = answer.n;
    return r;
}

/* ---- connecting --------------------------------------------------------- */

static int connect_link(struct redis *redis, struct error *reterr)
{
    redis->call.may_not_load = false;
    atomic_fetch_add(&redis->connects, 1);
    return redis_link_open(&redis->call.link, reterr);
}

/* Connect where needed and learn what is there: a batch whose answer was lost may have arrived. */
static int resume(struct redis *redis, uint64_t *ret_there, struct error *reterr)
{
    char floor[sizeof(redis->call.floor)];
    int r = redis->call.link.context ? 0 : connect_link(redis, reterr);
    memcpy(floor, redis->call.floor, sizeof(floor));
    if (r == 0)
        r = ask(redis, NULL, 0, ret_there, reterr);
    if (r == 0) // a question is not the batch that it waits for
        memcpy(redis->call.floor, floor, sizeof(floor));
    return r;
}

/* ---- batches ------------------------------------------------------------ */

static size_t bytes_of_entry(const struct entry *e)
{
    enum { AROUND = 256 }; // the other fields and the protocol
    return e->data.len + e->id.len + e->stream.len + e->detector.len + AROUND;
}

/* How many of the entries go into one call. */
static size_t batch_size(size_t budget, const struct entry *entries, size_t count)
{
    size_t n = 0, bytes = 0;
    while (n < count && n < REDIS_BATCH_MAX) {
        bytes += bytes_of_entry(&entries[n]);
        if (n > 0 && bytes > budget)
            break;
        n++;
    }
    return n;
}

/*
 * A link that answers questions and fails on the smallest batch is slow behind something that takes all at once, such as
 * a tunnel: there is nothing to see of the progress, so it gets the time that it needs at REDIS_WIRE_PACE.
 */
static int64_t grace(const struct redis *redis, const struct entry *first)
{
    return redis->budget > REDIS_BATCH_LEAST
               ? 0
               : (int64_t)(bytes_of_entry(first) / REDIS_WIRE_PACE) * NS_PER_S;
}

/* Half a second to a second for a batch is fine; one that got lost is tried in smaller pieces. */
static void learn_budget(struct redis *redis, int r, int64_t took_ns)
{
    if (r == -ETIMEDOUT || r == -ECONNRESET)
        redis->budget /= 4;
    else if (r == 0 && took_ns > NS_PER_S)
        redis->budget /= 2;
    else if (r == 0 && took_ns < NS_PER_S / 4)
        redis->budget *= 2;
    if (redis->budget < REDIS_BATCH_LEAST)
        redis->budget = REDIS_BATCH_LEAST;
    if (redis->budget > REDIS_BATCH_BYTES)
        redis->budget = REDIS_BATCH_BYTES;
}

static int send_batches(struct redis *redis, const struct entry *entries, size_t count,
                        uint64_t *ret_confirmed, struct error *reterr)
{
    int r = 0;
    for (size_t sent = 0; r == 0 && sent < count;) {
        size_t n = batch_size(redis->budget, entries + sent, count - sent);
        int64_t begin = clock_monotonic_ns();
        redis->call.link.grace_ns = grace(redis, entries + sent);
        r = ask(redis, entries + sent, n, ret_confirmed, reterr);
        redis->call.link.grace_ns = 0;
        learn_budget(redis, r, clock_monotonic_ns() - begin);
        sent += n;
    }
    return r;
}

static int publish_once(struct redis *redis, const struct entry *entries, size_t count,
                        uint64_t *ret_confirmed, struct error *reterr)
{
    struct redis_link *link = &redis->call.link;
    uint64_t there = 0;
    size_t first = 0;
    if (link->context && redis_wire_stale(link->context))
        redis_link_close(link);
    if (!link->context || count == 0) {
        int r = resume(redis, &there, reterr);
        if (r == -ENODATA || (r == 0 && (count == 0 || there >= entries[0].n)))
            *ret_confirmed = there;
        if (r < 0)
            return r;
    }
    while (first < count && entries[first].n <= there)
        first++;
    return send_batches(redis, entries + first, count - first, ret_confirmed, reterr);
}

/* ---- the sink ----------------------------------------------------------- */

static int redis_publish(struct sink *sink, const struct entry *entries, size_t count,
                         uint64_t *ret_confirmed, struct error *reterr)
{
    struct redis *redis = (struct redis *)sink;
    struct error error = {""};
    int r = -EREMOTE;
    for (int hop = 0; r == -EREMOTE && hop <= HOPS_MAX; hop++)
        r = publish_once(redis, entries, count, ret_confirmed, &error);
    redis->used_ns = clock_monotonic_ns();
    if (r < 0 && !redis->call.link.context)
        turn_lost(&redis->turn, redis->used_ns, turn_chance());
    if (r == 0 && count > 0)
        heartbeat_hurry(&redis->heartbeat);
    if (redis_alarm_note(&redis->alarm, r, clock_monotonic_ns()))
        log_warning("sink redis: still: %s", error.text);
    atomic_store(&redis->code, r);
    return r < 0 ? error_set(reterr, r, "%s", error.text) : 0;
}

static void redis_close(struct sink *sink)
{
    struct redis *redis = (struct redis *)sink;
    redis_call_free(&redis->call);
    heartbeat_free(&redis->heartbeat);
    free(redis);
}

static const struct sink_ops redis_ops = {.name = "redis",
                                          .publish = redis_publish,
                                          .tend = redis_tend,
                                          .rest = redis_rest,
                                          .close = redis_close};

struct redis_stats redis_sink_stats(const struct sink *sink)
{
    const struct redis *redis = (const struct redis *)sink;
    int code = atomic_load(&redis->code);
    return (struct redis_stats){.evicts = atomic_load(&redis->evicts),
                                .troubled = code < 0,
                                .code = code,
                                .connects = atomic_load(&redis->connects),
                                .hosts = atomic_load(&redis->hosts),
                                .beats = atomic_load(&redis->beats),
                                .beat_errors = atomic_load(&redis->beat_errors)};
}

/* ---- opening ------------------------------------------------------------ */

static int set_keys(struct redis_call *call, const struct redis_options *o,
                    struct error *reterr)
{
    static const char *const names[REDIS_CALL_KEYS] = {"page", "ticket", "log", "seen"};
    int r = 0;
    for (int i = 0; r == 0 && i < REDIS_CALL_KEYS; i++)
        r = redis_options_key(o, names[i], call->keys[i], reterr);
    return r;
}

/* A disk that is full must not keep the daemon from starting: then copies are not noticed, and that is said. */
static void set_instance(struct redis_call *call, const char *path)
{
    struct error error;
    if (path && redis_instance_begin(path, &call->instance, &error) < 0)
        log_warning("sink redis: %s; a copy of this state directory would not be noticed",
                    error.text);
}

static int set_all(struct redis_call *call, const struct redis_options *o, struct error *reterr)
{
    int r = redis_options_link(o, &call->link, reterr);
    if (r == 0)
        r = set_keys(call, o, reterr);
    if (r == 0)
        r = redis_options_word("host", o->host, call->host, sizeof(call->host), reterr);
    if (r < 0)
        return r;
    hash_format(o->epoch, call->epoch);
    snprintf(call->max_len, sizeof(call->max_len), "%" PRIu64,
             o->max_len ? o->max_len : 100000);
    call->new_epoch = o->new_epoch;
    set_instance(call, o->instance_file);
    return 0;
}

int redis_sink_open(const struct redis_options *o, struct sink **ret, struct error *reterr)
{
    struct redis *redis = calloc(1, sizeof(*redis));
    if (!redis)
        return error_set(reterr, -ENOMEM, "redis: out of memory");
    redis->sink.ops = &redis_ops;
    redis->budget = REDIS_BATCH_FIRST;
    redis->epoch = o->epoch;
    redis->shards = o->shards ? o->shards : 1;
    heartbeat_init(&redis->heartbeat, o->heartbeat_ns);
    int r = set_all(&redis->call, o, reterr);
    if (r == 0)
        r = redis_options_key(o, "hosts", redis->hosts_key, reterr);
    if (r < 0) {
        redis_close(&redis->sink);
        return r;
    }
    *ret = &redis->sink;
    return 0;
}
