/* SPDX-License-Identifier: MIT */

#include "deliver/redis.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "deliver/redis_link.h"
#include "deliver/redis_reply.h"
#include "deliver/redis_script.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 4 };
_Static_assert(3 + KEYS + REDIS_SCRIPT_HEAD + REDIS_BATCH_MAX * REDIS_SCRIPT_FIELDS <=
                   REDIS_LINK_ARGS,
               "a full batch fits one command");

struct redis {
    struct sink sink; /* first: a sink is handed out */
    struct redis_link link;
    char keys[KEYS][192];
    char host[256], epoch[HASH_TEXT_SIZE], max_len[24];
    char floor[24]; /* after HOLE: we have nothing between this n and what comes */
    bool new_epoch;
    char sha[48];          /* "": the script is not loaded */
    struct buffer scratch; /* numbers of a batch as text */
};

/* What the script answered. */
struct answer {
    char word[16], detail[128];
    uint64_t n;
};

/* ---- the script --------------------------------------------------------- */

static void script_head(struct redis *redis, bool by_hash)
{
    redis_link_begin(&redis->link, by_hash ? "EVALSHA" : "EVAL");
    redis_link_arg_text(&redis->link, by_hash ? redis->sha : redis_script);
    redis_link_arg_text(&redis->link, "4");
    for (int i = 0; i < KEYS; i++)
        redis_link_arg_text(&redis->link, redis->keys[i]);
    redis_link_arg_text(&redis->link, redis->host);
    redis_link_arg_text(&redis->link, redis->epoch);
    redis_link_arg_text(&redis->link, redis->max_len);
    redis_link_arg_text(&redis->link, redis->floor);
    redis_link_arg_text(&redis->link, redis->new_epoch ? "1" : "0");
}

/* A piece of the scratch buffer, which script_findings() made large enough, so that nothing in it moves. */
static struct bytes since(const struct redis *redis, size_t begin)
{
    return (struct bytes){redis->scratch.at + begin, redis->scratch.len - begin};
}

static void arg_number(struct redis *redis, uint64_t number)
{
    size_t begin = redis->scratch.len;
    buffer_printf(&redis->scratch, "%" PRIu64, number);
    redis_link_arg(&redis->link, since(redis, begin));
}

static void script_finding(struct redis *redis, const struct entry *e)
{
    char text[CLOCK_TEXT_SIZE];
    struct json json = {.out = &redis->scratch};
    arg_number(redis, e->n);
    arg_number(redis, (uint64_t)e->route + 1);
    redis_link_arg(&redis->link, e->id);
    size_t begin = redis->scratch.len;
    buffer_text(&redis->scratch, e->ts_ns == NO_TIME ? "" : clock_format(e->ts_ns, text));
    redis_link_arg(&redis->link, since(redis, begin));
    redis_link_arg(&redis->link, e->stream);
    redis_link_arg(&redis->link, e->detector);
    arg_number(redis, (uint64_t)finding_severity_number(e->route));
    redis_link_arg_text(&redis->link, finding_status_name(e->status));
    begin = redis->scratch.len;
    json_double(&json, e->score);
    redis_link_arg(&redis->link, since(redis, begin));
    begin = redis->scratch.len;
    buffer_text(&redis->scratch, hash_format(e->fingerprint, text));
    redis_link_arg(&redis->link, since(redis, begin));
    redis_link_arg(&redis->link, e->data);
}

static int script_findings(struct redis *redis, const struct entry *entries, size_t count,
                           struct error *reterr)
{
    enum { PER_FINDING = 192 }; // four numbers, a time, a score, a hash
    buffer_clear(&redis->scratch);
    if (!buffer_room(&redis->scratch, REDIS_BATCH_MAX * PER_FINDING))
        return error_set(reterr, -ENOMEM, "redis: out of memory");
    for (size_t i = 0; i < count; i++)
        script_finding(redis, &entries[i]);
    CHECK(redis->scratch.len <= REDIS_BATCH_MAX * PER_FINDING);
    return 0;
}

static void copy_text(const redisReply *reply, char *to, size_t size)
{
    snprintf(to, size, "%.*s", reply->str ? (int)reply->len : 0, reply->str ? reply->str : "");
}

static int parse_answer(const redisReply *reply, struct answer *ret, struct error *reterr)
{
    char n[24];
    bool good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3;
    for (size_t i = 0; good && i < 3; i++)
        good = reply->element[i]->type == REDIS_REPLY_STRING;
    if (!good)
        return error_set(reterr, -EPROTO, "redis: the script answered something else");
    copy_text(reply->element[0], ret->word, sizeof(ret->word));
    copy_text(reply->element[1], n, sizeof(n));
    copy_text(reply->element[2], ret->detail, sizeof(ret->detail));
    ret->n = strtoull(n, NULL, 10);
    return 0;
}

static int load_script(struct redis *redis, struct error *reterr)
{
    redisReply *reply = NULL;
    redis_link_begin(&redis->link, "SCRIPT");
    redis_link_arg_text(&redis->link, "LOAD");
    redis_link_arg_text(&redis->link, redis_script);
    int r = redis_link_command(&redis->link, &reply, reterr);
    if (r < 0)
        return r;
    if (reply->type == REDIS_REPLY_STRING)
        copy_text(reply, redis->sha, sizeof(redis->sha));
    freeReplyObject(reply);
    return 0;
}

/* One call; -ENOEXEC when the server does not know the script by its hash. */
static int call_once(struct redis *redis, const struct entry *entries, size_t count,
                     struct answer *ret, struct error *reterr)
{
    redisReply *reply = NULL;
    script_head(redis, redis->sha[0] != '\0');
    int r = script_findings(redis, entries, count, reterr);
    if (r == 0)
        r = redis_link_command(&redis->link, &reply, reterr);
    if (r < 0)
        return r;
    r = parse_answer(reply, ret, reterr);
    freeReplyObject(reply);
    return r;
}

static int call(struct redis *redis, const struct entry *entries, size_t count,
                struct answer *ret, struct error *reterr)
{
    struct error error;
    int r = redis->sha[0] ? 0 : load_script(redis, &error);
    if (r < 0 && !redis->link.context)
        return error_set(reterr, r, "%s", error.text);
    // a user who may not load scripts sends the text each time
    r = call_once(redis, entries, count, ret, reterr);
    if (r == -ENOEXEC) {
        redis->sha[0] = '\0';
        r = call_once(redis, entries, count, ret, reterr);
    }
    return r;
}

/* ---- the sink ----------------------------------------------------------- */

static int judge_answer(struct redis *redis, const struct answer *a, struct error *reterr)
{
    bool drop;
    redis->floor[0] = '\0';
    if (strcmp(a->word, "OK") == 0) {
        redis->new_epoch = false; // it is the known one now; whoever changes it again is not us
        return 0;
    }
    if (strcmp(a->word, "FORK") == 0)
        return error_set(reterr, -ESTALE,
                         "redis: %s: host %s published there before with another state "
                         "directory (epoch %s): "
                         "if that is meant, run once with --new-epoch",
                         redis->keys[KEYS - 1], redis->host, a->detail);
    if (strcmp(a->word, "GONE") == 0) {
        memcpy(redis->floor, "0", 2);
        return error_set(reterr, -ENODATA,
                         "redis: streams were deleted (%s): what is kept is sent again",
                         a->detail);
    }
    if (strcmp(a->word, "HOLE") == 0) {
        snprintf(redis->floor, sizeof(redis->floor), "%" PRIu64, a->n);
        return error_set(reterr, -ENODATA,
                         "redis: the server has findings up to %" PRIu64
                         " only: what is kept behind it is "
                         "sent again",
                         a->n);
    }
    if (strcmp(a->word, "WRONGTYPE") == 0)
        return error_set(reterr, redis_reply_error("WRONGTYPE", &drop, NULL),
                         "redis: %s: holds something else: choose another prefix", a->detail);
    return error_set(reterr, -EPROTO, "redis: the script answered '%s'", a->word);
}

static int ask(struct redis *redis, const struct entry *entries, size_t count,
               uint64_t *ret_confirmed, struct error *reterr)
{
    struct answer answer = {0};
    int r = call(redis, entries, count, &answer, reterr);
    if (r < 0)
        return r;
    r = judge_answer(redis, &answer, reterr);
    if (r == 0 || r == -ENODATA)
        *ret_confirmed = answer.n;
    return r;
}

/* How many of the entries go into one call. */
static size_t batch_size(const struct entry *entries, size_t count)
{
    size_t n = 0, bytes = 0;
    while (n < count && n < REDIS_BATCH_MAX) {
        const struct entry *e = &entries[n];
        bytes += e->data.len + e->id.len + e->stream.len + e->detector.len;
        if (n > 0 && bytes > REDIS_BATCH_BYTES)
            break;
        n++;
    }
    return n;
}

/*
 * Connect where needed and learn what is there: a batch whose answer was lost may have arrived. True in *ret_done when
 * nothing is left to send.
 */
static int resume(struct redis *redis, const struct entry *last, uint64_t *ret_confirmed,
                  bool *ret_done, struct error *reterr)
{
    char floor[sizeof(redis->floor)];
    uint64_t there = 0;
    int r = 0;
    if (!redis->link.context) {
        redis->sha[0] = '\0';
        r = redis_link_open(&redis->link, reterr);
    }
    memcpy(floor, redis->floor, sizeof(floor));
    if (r == 0)
        r = ask(redis, NULL, 0, &there, reterr);
    if (r == 0)
        memcpy(redis->floor, floor,
               sizeof(floor)); // a question is not the batch that it waits for
    *ret_done = !last || there >= last->n;
    if (r == -ENODATA || (r == 0 && *ret_done))
        *ret_confirmed = there;
    return r;
}

static int redis_publish(struct sink *sink, const struct entry *entries, size_t count,
                         uint64_t *ret_confirmed, struct error *reterr)
{
    struct redis *redis = (struct redis *)sink;
    bool done = false;
    int r = 0;
    if (!redis->link.context || count == 0)
        r = resume(redis, count ? &entries[count - 1] : NULL, ret_confirmed, &done, reterr);
    for (size_t sent = 0; r == 0 && !done && sent < count;) {
        size_t n = batch_size(entries + sent, count - sent);
        r = ask(redis, entries + sent, n, ret_confirmed, reterr);
        sent += n;
    }
    return r;
}

static void redis_close(struct sink *sink)
{
    struct redis *redis = (struct redis *)sink;
    redis_link_close(&redis->link);
    buffer_free(&redis->scratch);
    free(redis);
}

static const struct sink_ops redis_ops = {
    .name = "redis", .publish = redis_publish, .close = redis_close};

/* ---- opening ------------------------------------------------------------ */

/* A word that may stand in a key or a line of `seen`. */
static int copy_word(const char *what, const char *from, char *to, size_t size,
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

static int set_keys(struct redis *redis, const struct redis_options *o, struct error *reterr)
{
    static const char *const names[KEYS] = {"page", "ticket", "log", "seen"};
    char prefix[96], shard[32];
    int r =
        copy_word("prefix", o->prefix ? o->prefix : "oddline", prefix, sizeof(prefix), reterr);
    if (r == 0)
        r = copy_word("shard", o->shard ? o->shard : "0", shard, sizeof(shard), reterr);
    for (int i = 0; r == 0 && i < KEYS; i++)
        snprintf(redis->keys[i], sizeof(redis->keys[i]), "%s:{%s}:%s", prefix, shard, names[i]);
    return r;
}

static int set_login(struct redis *redis, const struct redis_options *o, struct error *reterr)
{
    if (o->user && !o->password_file)
        return error_set(reterr, -EINVAL, "redis: user without password_file");
    int r = o->user
                ? copy_word("user", o->user, redis->link.user, sizeof(redis->link.user), reterr)
                : 0;
    const char *path = o->password_file ? o->password_file : "";
    if (r == 0 && strlen(path) >= sizeof(redis->link.password_file))
        r = error_set(reterr, -ENAMETOOLONG, "redis: password_file: path too long");
    if (r == 0)
        memcpy(redis->link.password_file, path, strlen(path) + 1);
    return r;
}

static struct timeval timeout_of(int64_t ns)
{
    if (ns <= 0)
        ns = 2 * NS_PER_S;
    return (struct timeval){.tv_sec = ns / NS_PER_S, .tv_usec = ns % NS_PER_S / 1000};
}

int redis_sink_open(const struct redis_options *o, struct sink **ret, struct error *reterr)
{
    struct redis *redis = calloc(1, sizeof(*redis));
    if (!redis)
        return error_set(reterr, -ENOMEM, "redis: out of memory");
    redis->sink.ops = &redis_ops;
    int r = redis_url_parse(o->url, &redis->link.url, reterr);
    if (r == 0)
        r = set_keys(redis, o, reterr);
    if (r == 0)
        r = copy_word("host", o->host, redis->host, sizeof(redis->host), reterr);
    if (r == 0)
        r = set_login(redis, o, reterr);
    if (r < 0) {
        redis_close(&redis->sink);
        return r;
    }
    hash_format(o->epoch, redis->epoch);
    snprintf(redis->max_len, sizeof(redis->max_len), "%" PRIu64,
             o->max_len ? o->max_len : 100000);
    redis->new_epoch = o->new_epoch;
    redis->link.connect_timeout = timeout_of(o->connect_timeout_ns);
    redis->link.command_timeout = timeout_of(o->command_timeout_ns);
    *ret = &redis->sink;
    return 0;
}
