/* SPDX-License-Identifier: MIT */

#include "act/firing.h"

#include "act/alert.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* KEYS firing; ARGV id, epoch, n, F|R, until, most, labels, rest, 1: only when known. Replies the labels that count, '' for an old revision; with
 * a newline behind them it is not remembered. */
static const char enter_script[] =
    "local old=redis.call('HGET',KEYS[1],ARGV[1])\n"
    "local labels=ARGV[7]\n"
    "if old then\n"
    "  local e,n,l=string.match(old,'^(%S+) (%d+) %a %d+\\n([^\\n]*)\\n')\n"
    "  if e and e==ARGV[2] and tonumber(n)>tonumber(ARGV[3]) then return '' end\n"
    "  if e then labels=l end\n"
    "elseif ARGV[9]=='1' then return ''\n"
    "elseif redis.call('HLEN',KEYS[1])>=tonumber(ARGV[6]) then return labels..'\\n' end\n"
    "redis.call('HSET',KEYS[1],ARGV[1],ARGV[2]..' '..ARGV[3]..' '..ARGV[4]..' "
    "'..ARGV[5]..'\\n'\n"
    "  ..labels..'\\n'..ARGV[8])\n"
    "return labels\n";

enum { DAY_S = 86400, OVER_S = 6 * 3600, TOLD_S = 15 * 60 };

static char *hash_key(const struct server *server, const struct action *action,
                      char key[SERVER_KEY])
{
    return server_key(server, key, "act:firing:%s", action->name);
}

/* ---- one ---------------------------------------------------------------- */

struct told {
    struct buffer labels, rest;
    const struct firing_news *news;
    int64_t now_ns, ends_ns; /* NO_TIME: it fires */
};

static int remember(struct server *server, const struct action *action, const struct told *told,
                    redisReply **ret, struct error *reterr)
{
    char key[SERVER_KEY];
    const struct letter *letter = told->news->letter;
    bool fires = told->ends_ns == NO_TIME;
    int64_t until = told->now_ns / NS_PER_S + (fires ? FIRING_DAYS * DAY_S : OVER_S);
    server_begin(server, WORDS("EVAL", enter_script, "1", hash_key(server, action, key),
                               letter->finding, letter->epoch));
    server_arg_int(server, (int64_t)letter->n);
    redis_link_arg_text(&server->link, fires ? "F" : "R");
    server_arg_int(server, until);
    server_arg_int(server, FIRING_MAX);
    redis_link_arg(&server->link, buffer_bytes(&told->labels));
    redis_link_arg(&server->link, buffer_bytes(&told->rest));
    redis_link_arg_text(&server->link, told->news->only_known ? "1" : "0");
    int r = server_ask(server, ret, reterr);
    if (r == 0 && (*ret)->type != REDIS_REPLY_STRING) {
        freeReplyObject(*ret);
        return error_set(reterr, -EPROTO, "redis: the script answered something else");
    }
    return r;
}

static int64_t holds_until(const struct action *action, int64_t now_ns)
{
    return now_ns + ALERT_RESEND_FACTOR * action->resend_ns;
}

int firing_enter(struct server *server, const struct action *action,
                 const struct firing_news *news, struct buffer *out, struct error *reterr)
{
    redisReply *reply = NULL;
    int64_t now = clock_wall_ns();
    struct bytes finding = buffer_bytes(&news->letter->data);
    struct told told = {.news = news, .now_ns = now, .ends_ns = alert_ends_ns(finding, now)};
    alert_labels(finding, news->letter->host, &told.labels);
    alert_rest(finding, now, &told.rest);
    size_t rest = told.rest.len;
    if (told.ends_ns != NO_TIME)
        buffer_printf(&told.rest, "\n%" PRId64, told.ends_ns); // for when its end is told again
    int r = remember(server, action, &told, &reply, reterr);
    told.rest.len = rest;
    if (r == 0 && reply->len == 0)
        r = -EALREADY;
    if (r == 0) {
        size_t len = (size_t)reply->len;
        bool remembered = reply->str[len - 1] != '\n';
        buffer_char(out, '[');
        alert_write((struct bytes){reply->str, len - !remembered}, buffer_bytes(&told.rest),
                    told.ends_ns == NO_TIME ? holds_until(action, now) : told.ends_ns, out);
        buffer_char(out, ']');
        r = remembered ? 0 : FIRING_FULL;
    }
    if (reply && r != -EPROTO)
        freeReplyObject(reply);
    buffer_free(&told.labels);
    buffer_free(&told.rest);
    return r;
}

/* ---- all ---------------------------------------------------------------- */

/* What is over, gathered from one reply of HSCAN. */
enum { OVER_MAX = 64 };
struct over {
    const char *ids[OVER_MAX + 1];
    size_t count;
};

/*
 * `epoch n F until`, labels, rest; of a resolved one its end. A value of another form is somebody's mistake and over. Ends are told
 * again for a while too: a peer may have sent what it knew of before.
 */
static bool is_told(const redisReply *value, int64_t now_s, struct bytes *ret_record,
                    bool *ret_old)
{
    char status = 0;
    long long until = 0;
    const char *line = value->type == REDIS_REPLY_STRING ? strchr(value->str, '\n') : NULL;
    if (!line || sscanf(value->str, "%*255s %*19[0-9] %c %lld", &status, &until) != 2) {
        *ret_old = true;
        return false;
    }
    *ret_old = until < now_s;
    *ret_record =
        (struct bytes){line + 1, (size_t)value->len - (size_t)(line + 1 - value->str)};
    return (status == 'F' || until - now_s > OVER_S - TOLD_S) && !*ret_old;
}

static int count_lines(struct bytes text)
{
    int count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    return count;
}

static void take_values(const redisReply *list, struct buffer *out, struct over *over)
{
    int64_t now_s = clock_wall_ns() / NS_PER_S;
    for (size_t i = 0; i + 1 < list->elements; i += 2) {
        struct bytes record;
        bool old;
        if (is_told(list->element[i + 1], now_s, &record, &old)) {
            buffer_append(out, record.at, record.len);
            buffer_text(out, count_lines(record) == 2 ? "\n\n" : "\n"); // three lines each
        } else if (old && over->count < OVER_MAX &&
                   list->element[i]->type == REDIS_REPLY_STRING) {
            over->ids[over->count++] = list->element[i]->str;
        }
    }
}

static int forget(struct server *server, const char *key, const struct over *over,
                  struct error *reterr)
{
    if (over->count == 0)
        return 0;
    server_begin(server, WORDS("HDEL", key));
    for (size_t i = 0; i < over->count; i++)
        redis_link_arg_text(&server->link, over->ids[i]);
    log_debug("%s: %zu findings are over, or nobody speaks of them any more", key, over->count);
    return server_ask(server, NULL, reterr);
}

static int scan(struct server *server, const char *key, char cursor[24], struct buffer *out,
                struct error *reterr)
{
    redisReply *reply;
    struct over over = {.count = 0};
    server_begin(server, WORDS("HSCAN", key, cursor, "COUNT", "64"));
    int r = server_ask(server, &reply, reterr);
    if (r < 0)
        return r;
    bool good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                reply->element[0]->type == REDIS_REPLY_STRING && reply->element[0]->len < 24 &&
                reply->element[1]->type == REDIS_REPLY_ARRAY;
    if (good) {
        take_values(reply->element[1], out, &over);
        snprintf(cursor, 24, "%s", reply->element[0]->str);
        r = forget(server, key, &over, reterr);
    } else {
        r = error_set(reterr, -EPROTO, "redis: HSCAN was answered in another form");
    }
    freeReplyObject(reply);
    return r;
}

int firing_read(struct server *server, const struct action *action, struct buffer *out,
                struct error *reterr)
{
    char key[SERVER_KEY], cursor[24] = "0";
    int r = 0;
    hash_key(server, action, key);
    buffer_clear(out);
    do
        r = scan(server, key, cursor, out, reterr);
    while (r == 0 && strcmp(cursor, "0") != 0 && out->len < FIRING_BYTES);
    return r;
}

static struct bytes cut_line(struct bytes *text)
{
    const char *end = memchr(text->at, '\n', text->len);
    size_t len = end ? (size_t)(end - text->at) : text->len;
    struct bytes line = {text->at, len};
    *text = (struct bytes){text->at + len + (end != NULL), text->len - len - (end != NULL)};
    return line;
}

/* labels, rest, and the end of what is over, else "" */
struct record {
    struct bytes labels, rest, ends;
};

static struct record cut_record(struct bytes *records)
{
    struct record record;
    record.labels = cut_line(records);
    record.rest = cut_line(records);
    record.ends = cut_line(records);
    return record;
}

/* An alert is its labels: what fires again is not told of its old end. */
static bool fires_again(struct bytes records, struct bytes labels)
{
    while (records.len) {
        struct record record = cut_record(&records);
        if (record.ends.len == 0 && bytes_equal(record.labels, labels))
            return true;
    }
    return false;
}

static int64_t ends_of(const struct record *record, int64_t fallback)
{
    char text[24];
    if (record->ends.len == 0 || record->ends.len >= sizeof(text))
        return fallback;
    memcpy(text, record->ends.at, record->ends.len);
    text[record->ends.len] = '\0';
    return strtoll(text, NULL, 10);
}

void firing_bodies(struct bytes records, int64_t ends_ns, struct buffer *out)
{
    struct bytes left = records;
    for (size_t i = 0; left.len;) {
        struct record record = cut_record(&left);
        if (record.ends.len && fires_again(records, record.labels))
            continue;
        buffer_text(out, i % FIRING_BODY ? "," : i ? "]\n[" : "[");
        alert_write(record.labels, record.rest, ends_of(&record, ends_ns), out);
        i++;
    }
    if (out->len)
        buffer_char(out, ']');
}
