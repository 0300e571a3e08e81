/* SPDX-License-Identifier: MIT */

#include "deliver/redis_call.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "deliver/redis.h"
#include "deliver/redis_script.h"

#include <errno.h>
#include <inttypes.h>

_Static_assert(3 + REDIS_CALL_KEYS + REDIS_SCRIPT_HEAD +
                       REDIS_BATCH_MAX * REDIS_SCRIPT_FIELDS <=
                   REDIS_LINK_ARGS,
               "a full batch fits one command");

struct batch {
    const struct entry *entries;
    size_t count;
};

/* ---- its arguments ------------------------------------------------------ */

static void head(struct redis_call *call, bool by_hash, bool question)
{
    struct redis_link *link = &call->link;
    redis_link_begin(link, by_hash ? "EVALSHA" : "EVAL");
    redis_link_arg_text(link, by_hash ? call->sha : redis_script);
    redis_link_arg_text(link, "4");
    for (int i = 0; i < REDIS_CALL_KEYS; i++)
        redis_link_arg_text(link, call->keys[i]);
    redis_link_arg_text(link, call->host);
    redis_link_arg_text(link, call->epoch);
    redis_link_arg_text(link, call->max_len);
    redis_link_arg_text(link, call->floor);
    redis_link_arg_text(link, call->new_epoch ? "1" : "0");
    redis_link_arg_text(link, call->instance.token);
    redis_link_arg_text(link, question ? call->instance.known : "");
}

/* A piece of the scratch buffer, which findings() made large enough, so that nothing in it moves. */
static struct bytes since(const struct redis_call *call, size_t begin)
{
    return (struct bytes){call->scratch.at + begin, call->scratch.len - begin};
}

static void arg_number(struct redis_call *call, uint64_t number)
{
    size_t begin = call->scratch.len;
    buffer_printf(&call->scratch, "%" PRIu64, number);
    redis_link_arg(&call->link, since(call, begin));
}

static void finding(struct redis_call *call, const struct entry *e)
{
    char text[CLOCK_TEXT_SIZE];
    struct json json = {.out = &call->scratch};
    struct redis_link *link = &call->link;
    arg_number(call, e->n);
    arg_number(call, (uint64_t)e->route + 1);
    redis_link_arg(link, e->id);
    size_t begin = call->scratch.len;
    buffer_text(&call->scratch, e->ts_ns == NO_TIME ? "" : clock_format(e->ts_ns, text));
    redis_link_arg(link, since(call, begin));
    redis_link_arg(link, e->stream);
    redis_link_arg(link, e->detector);
    arg_number(call, (uint64_t)finding_severity_number(e->route));
    redis_link_arg_text(link, finding_status_name(e->status));
    begin = call->scratch.len;
    json_double(&json, e->score);
    redis_link_arg(link, since(call, begin));
    begin = call->scratch.len;
    buffer_text(&call->scratch, hash_format(e->fingerprint, text));
    redis_link_arg(link, since(call, begin));
    redis_link_arg(link, e->data);
}

static void findings(struct redis_call *call, const struct entry *entries, size_t count)
{
    enum { PER_FINDING = 192 }; // four numbers, a time, a score, a hash
    buffer_clear(&call->scratch);
    buffer_room(&call->scratch, REDIS_BATCH_MAX * PER_FINDING);
    for (size_t i = 0; i < count; i++)
        finding(call, &entries[i]);
    CHECK(call->scratch.len <= REDIS_BATCH_MAX * PER_FINDING);
}

/* ---- the call ----------------------------------------------------------- */

/* A user who may not load scripts sends the text each time. */
static int load(struct redis_call *call, struct error *reterr)
{
    redisReply *reply = NULL;
    if (call->sha[0] || call->may_not_load)
        return 0;
    redis_link_begin(&call->link, "SCRIPT");
    redis_link_arg_text(&call->link, "LOAD");
    redis_link_arg_text(&call->link, redis_script);
    int r = redis_link_command(&call->link, &reply, reterr);
    if (r == 0) {
        redis_answer_sha(reply, call->sha);
        freeReplyObject(reply);
    }
    call->may_not_load = r == -EPERM || (r == 0 && !call->sha[0]);
    return r == -EPERM ? 0 : r;
}

/* The script by its hash or its text, then the findings. */
static int send_it(struct redis_call *call, bool by_hash, struct batch batch, redisReply **ret,
                   struct error *reterr)
{
    head(call, by_hash, batch.count == 0);
    findings(call, batch.entries, batch.count);
    return redis_link_command(&call->link, ret, reterr);
}

#ifdef ODDLINE_MUTANT_NO_ATOMIC_PUBLISH // do the tests notice?
static int save_apart(struct redis_call *call, const struct redis_answer *answer,
                      struct error *reterr)
{
    redisReply *reply = NULL;
    redis_link_begin(&call->link, "HSET");
    redis_link_arg_text(&call->link, call->keys[3]);
    redis_link_arg_text(&call->link, call->host);
    redis_link_arg_text(&call->link, answer->detail);
    int r = redis_link_command(&call->link, &reply, reterr);
    if (r == 0)
        freeReplyObject(reply);
    return r;
}
#endif

int redis_call(struct redis_call *call, const struct entry *entries, size_t count,
               struct redis_answer *ret, struct error *reterr)
{
    redisReply *reply = NULL;
    struct batch batch = {entries, count};
    CHECK(count <= REDIS_BATCH_MAX);
    int r = load(call, reterr);
    if (r == 0)
        r = send_it(call, call->sha[0] != '\0', batch, &reply, reterr);
    if (r == -ENOEXEC) // another server, or its scripts were flushed: this brings it back
        r = send_it(call, false, batch, &reply, reterr);
    if (r < 0)
        return r;
    CRASH_POINT("sent");
    r = redis_answer_read(reply, ret, reterr);
    freeReplyObject(reply);
#ifdef ODDLINE_MUTANT_NO_ATOMIC_PUBLISH
    if (r == 0 && count)
        r = save_apart(call, ret, reterr);
#endif
    return r;
}

void redis_call_free(struct redis_call *call)
{
    redis_link_free(&call->link);
    buffer_free(&call->scratch);
}
