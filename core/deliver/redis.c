/* SPDX-License-Identifier: MIT */

#include "deliver/redis.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "deliver/redis_reply.h"
#include "deliver/redis_script.h"
#include "deliver/redis_url.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS = 4, ARGS_MAX = 3 + KEYS + REDIS_SCRIPT_HEAD + REDIS_BATCH_MAX * REDIS_SCRIPT_FIELDS };

struct redis {
    struct sink sink; /* first: a sink is handed out */
    struct redis_url url;
    char keys[KEYS][192];
    char host[256], epoch[HASH_TEXT_SIZE], max_len[24], user[128], password_file[4096];
    char floor[24]; /* after HOLE: we have nothing between this n and what comes */
    bool new_epoch;
    struct timeval connect_timeout, command_timeout;
    redisContext *context; /* NULL: not connected */
    char sha[48];          /* "": the script is not loaded */
    struct buffer scratch; /* numbers of a batch as text */
    const char *args[ARGS_MAX];
    size_t lens[ARGS_MAX];
    int argc;
};

/* What the script answered. */
struct answer {
    char word[16], detail[128];
    uint64_t n;
};

static void disconnect(struct redis *redis)
{
    if (redis->context)
        redisFree(redis->context);
    redis->context = NULL;
}

/* ---- one command -------------------------------------------------------- */

static void arg(struct redis *redis, struct bytes text)
{
    CHECK(redis->argc < ARGS_MAX);
    redis->args[redis->argc] = text.len ? text.at : "";
    redis->lens[redis->argc++] = text.len;
}

static void arg_text(struct redis *redis, const char *text)
{
    arg(redis, bytes_of(text));
}

/* hiredis writes with write(2): a server that went away must not end the process. */
static redisReply *send_args(struct redis *redis)
{
    sigset_t pipe, old;
    struct timespec now = {0};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &old);
    redisReply *reply = redisCommandArgv(redis->context, redis->argc, redis->args, redis->lens);
    while (!sigismember(&old, SIGPIPE) && sigtimedwait(&pipe, NULL, &now) > 0)
        ;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return reply;
}

static int connection_error(struct redis *redis, struct error *reterr)
{
    bool slow = redis->context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    int r = slow ? error_set(reterr, -ETIMEDOUT, "redis: %s: no answer in time", redis->url.host)
                 : error_set(reterr, -ECONNRESET, "redis: %s: connection lost: %s", redis->url.host,
                             redis->context->errstr);
    disconnect(redis);
    return r;
}

/* Owns: the caller frees *ret. -ENOEXEC: the server does not know the script by its hash. */
static int command(struct redis *redis, redisReply **ret, struct error *reterr)
{
    bool drop = true;
    redisReply *reply = send_args(redis);
    if (!reply)
        return connection_error(redis, reterr);
    if (reply->type != REDIS_REPLY_ERROR) {
        *ret = reply;
        return 0;
    }
    int r = strncmp(reply->str, "NOSCRIPT", 8) == 0 ? -ENOEXEC
                                                     : redis_reply_error(reply->str, &drop, reterr);
    freeReplyObject(reply);
    if (r != -ENOEXEC && drop)
        disconnect(redis);
    return r;
}

static int simple(struct redis *redis, struct error *reterr)
{
    redisReply *reply = NULL;
    int r = command(redis, &reply, reterr);
    if (r == 0)
        freeReplyObject(reply);
    return r;
}

/* ---- connecting --------------------------------------------------------- */

static int read_password(const char *path, char *password, size_t size, struct error *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(reterr, -errno, "%s: cannot read the password: %s", path, strerror(errno));
    ssize_t len = read(fd, password, size - 1);
    int r = len < 0 ? -errno : 0;
    close(fd);
    if (r < 0)
        return error_set(reterr, r, "%s: cannot read the password: %s", path, strerror(-r));
    password[len] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    if (*password == '\0')
        return error_set(reterr, -EINVAL, "%s: no password on its first line", path);
    return 0;
}

static int authenticate(struct redis *redis, struct error *reterr)
{
    char password[1024];
    if (!*redis->password_file)
        return 0;
    int r = read_password(redis->password_file, password, sizeof(password), reterr);
    if (r < 0)
        return r;
    redis->argc = 0;
    arg_text(redis, "AUTH");
    if (*redis->user)
        arg_text(redis, redis->user);
    arg_text(redis, password);
    r = simple(redis, reterr);
    explicit_bzero(password, sizeof(password));
    return r;
}

static int select_db(struct redis *redis, struct error *reterr)
{
    char db[24];
    if (redis->url.db == 0)
        return 0;
    snprintf(db, sizeof(db), "%d", redis->url.db);
    redis->argc = 0;
    arg_text(redis, "SELECT");
    arg_text(redis, db);
    return simple(redis, reterr);
}

static int connect_socket(struct redis *redis, struct error *reterr)
{
    const struct redis_url *url = &redis->url;
    redisContext *c = url->local ? redisConnectUnixWithTimeout(url->host, redis->connect_timeout)
                                 : redisConnectWithTimeout(url->host, url->port, redis->connect_timeout);
    if (!c)
        return error_set(reterr, -ENOMEM, "redis: out of memory");
    if (c->err) {
        int r = error_set(reterr, -ECONNREFUSED, "redis: %s: cannot connect: %s", url->host, c->errstr);
        redisFree(c);
        return r;
    }
    redis->context = c;
    if (redisSetTimeout(c, redis->command_timeout) != REDIS_OK) {
        disconnect(redis);
        return error_set(reterr, -EIO, "redis: cannot set a timeout");
    }
    return 0;
}

static int connect_all(struct redis *redis, struct error *reterr)
{
    int r = connect_socket(redis, reterr);
    if (r == 0)
        r = authenticate(redis, reterr);
    if (r == 0)
        r = select_db(redis, reterr);
    if (r < 0)
        disconnect(redis); // half logged in is of no use
    redis->sha[0] = '\0';
    return r;
}

/* ---- the script --------------------------------------------------------- */

static void script_head(struct redis *redis, bool by_hash)
{
    redis->argc = 0;
    arg_text(redis, by_hash ? "EVALSHA" : "EVAL");
    arg_text(redis, by_hash ? redis->sha : redis_script);
    arg_text(redis, "4");
    for (int i = 0; i < KEYS; i++)
        arg_text(redis, redis->keys[i]);
    arg_text(redis, redis->host);
    arg_text(redis, redis->epoch);
    arg_text(redis, redis->max_len);
    arg_text(redis, redis->floor);
    arg_text(redis, redis->new_epoch ? "1" : "0");
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
    arg(redis, since(redis, begin));
}

static void script_finding(struct redis *redis, const struct entry *e)
{
    char text[CLOCK_TEXT_SIZE];
    struct json json = {.out = &redis->scratch};
    arg_number(redis, e->n);
    arg_number(redis, (uint64_t)e->route + 1);
    arg(redis, e->id);
    size_t begin = redis->scratch.len;
    buffer_text(&redis->scratch, e->ts_ns == NO_TIME ? "" : clock_format(e->ts_ns, text));
    arg(redis, since(redis, begin));
    arg(redis, e->stream);
    arg(redis, e->detector);
    arg_number(redis, (uint64_t)finding_severity_number(e->route));
    arg_text(redis, finding_status_name(e->status));
    begin = redis->scratch.len;
    json_double(&json, e->score);
    arg(redis, since(redis, begin));
    begin = redis->scratch.len;
    buffer_text(&redis->scratch, hash_format(e->fingerprint, text));
    arg(redis, since(redis, begin));
    arg(redis, e->data);
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
    bool good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3;
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
    redis->argc = 0;
    arg_text(redis, "SCRIPT");
    arg_text(redis, "LOAD");
    arg_text(redis, redis_script);
    int r = command(redis, &reply, reterr);
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
        r = command(redis, &reply, reterr);
    if (r < 0)
        return r;
    r = parse_answer(reply, ret, reterr);
    freeReplyObject(reply);
    return r;
}

static int call(struct redis *redis, const struct entry *entries, size_t count, struct answer *ret,
                struct error *reterr)
{
    struct error error;
    int r = redis->sha[0] ? 0 : load_script(redis, &error);
    if (r < 0 && !redis->context)
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
                         "redis: %s: host %s published there before with another state directory (epoch %s): "
                         "if that is meant, run once with --new-epoch",
                         redis->keys[KEYS - 1], redis->host, a->detail);
    if (strcmp(a->word, "GONE") == 0) {
        memcpy(redis->floor, "0", 2);
        return error_set(reterr, -ENODATA, "redis: streams were deleted (%s): what is kept is sent again",
                         a->detail);
    }
    if (strcmp(a->word, "HOLE") == 0) {
        snprintf(redis->floor, sizeof(redis->floor), "%" PRIu64, a->n);
        return error_set(reterr, -ENODATA,
                         "redis: the server has findings up to %" PRIu64 " only: what is kept behind it is "
                         "sent again",
                         a->n);
    }
    if (strcmp(a->word, "WRONGTYPE") == 0)
        return error_set(reterr, redis_reply_error("WRONGTYPE", &drop, NULL),
                         "redis: %s: holds something else: choose another prefix", a->detail);
    return error_set(reterr, -EPROTO, "redis: the script answered '%s'", a->word);
}

static int ask(struct redis *redis, const struct entry *entries, size_t count, uint64_t *ret_confirmed,
               struct error *reterr)
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

static int redis_publish(struct sink *sink, const struct entry *entries, size_t count,
                         uint64_t *ret_confirmed, struct error *reterr)
{
    struct redis *redis = (struct redis *)sink;
    int r = 0;
    if (!redis->context || count == 0) {
        uint64_t there = 0;
        if (!redis->context)
            r = connect_all(redis, reterr);
        char floor[sizeof(redis->floor)];
        memcpy(floor, redis->floor, sizeof(floor));
        if (r == 0) // a batch whose answer was lost may be there already
            r = ask(redis, NULL, 0, &there, reterr);
        if (r == 0)
            memcpy(redis->floor, floor, sizeof(floor));
        if (r == -ENODATA || (r == 0 && (count == 0 || there >= entries[count - 1].n)))
            *ret_confirmed = there;
        if (r < 0 || count == 0 || there >= entries[count - 1].n)
            return r;
    }
    for (size_t done = 0; r == 0 && done < count;) {
        size_t n = batch_size(entries + done, count - done);
        r = ask(redis, entries + done, n, ret_confirmed, reterr);
        done += n;
    }
    return r;
}

static void redis_close(struct sink *sink)
{
    struct redis *redis = (struct redis *)sink;
    disconnect(redis);
    buffer_free(&redis->scratch);
    free(redis);
}

static const struct sink_ops redis_ops = {
    .name = "redis", .publish = redis_publish, .close = redis_close};

/* ---- opening ------------------------------------------------------------ */

/* A word that may stand in a key or a line of `seen`. */
static int copy_word(const char *what, const char *from, char *to, size_t size, struct error *reterr)
{
    size_t len = strlen(from);
    if (len == 0 || len >= size)
        return error_set(reterr, -EINVAL, "redis: %s: must have 1 to %zu bytes", what, size - 1);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)from[i] <= ' ' || from[i] == 0x7f || strchr("{}#", from[i]))
            return error_set(reterr, -EINVAL, "redis: %s: no blanks, control bytes, braces or '#' in it",
                             what);
    memcpy(to, from, len + 1);
    return 0;
}

static int set_keys(struct redis *redis, const struct redis_options *o, struct error *reterr)
{
    static const char *const names[KEYS] = {"page", "ticket", "log", "seen"};
    char prefix[96], shard[32];
    int r = copy_word("prefix", o->prefix ? o->prefix : "oddline", prefix, sizeof(prefix), reterr);
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
    int r = o->user ? copy_word("user", o->user, redis->user, sizeof(redis->user), reterr) : 0;
    const char *path = o->password_file ? o->password_file : "";
    if (r == 0 && strlen(path) >= sizeof(redis->password_file))
        r = error_set(reterr, -ENAMETOOLONG, "redis: password_file: path too long");
    if (r == 0)
        memcpy(redis->password_file, path, strlen(path) + 1);
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
    int r = redis_url_parse(o->url, &redis->url, reterr);
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
    snprintf(redis->max_len, sizeof(redis->max_len), "%" PRIu64, o->max_len ? o->max_len : 100000);
    redis->new_epoch = o->new_epoch;
    redis->connect_timeout = timeout_of(o->connect_timeout_ns);
    redis->command_timeout = timeout_of(o->command_timeout_ns);
    *ret = &redis->sink;
    return 0;
}
