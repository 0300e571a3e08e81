/* SPDX-License-Identifier: MIT */

#include "deliver/redis_reply.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct row {
    const char *word;
    int code;
    bool drop; /* a new connection may lead to a better server, or needs to log in again */
    const char *sentence;
} rows[] = {
    {"LOADING", -EAGAIN, false, "the server is still loading its data set"},
    {"READONLY", -EROFS, true, "this server is a read-only replica: point url at the master"},
    {"OOM ", -ENOSPC, false, "the server is out of memory: raise maxmemory or lower max_len"},
    {"MISCONF", -EIO, false, "the server cannot save its data and refuses writes: see its log"},
    {"NOREPLICAS", -EAGAIN, false, "the server has too few replicas to accept writes"},
    {"BUSYGROUP", -EEXIST, false, "the consumer group is there already"},
    {"NOGROUP", -ENOENT, false, "the stream or its consumer group is gone"},
    {"BUSY ", -EBUSY, false, "the server is busy with another script"},
    {"NOAUTH", -EACCES, true, "the server wants a password: set password_file"},
    {"WRONGPASS", -EACCES, true, "wrong user or password: see user and password_file"},
    {"invalid password", -EACCES, true, "wrong password: see password_file"},
    {"AUTH <password> called without any password", -EACCES, true,
     "the server has no password set: remove password_file"},
    {"NOPERM", -EPERM, false,
     "the user lacks a permission: needs EVAL, EVALSHA, TYPE, EXISTS, XINFO, XADD, XREVRANGE, "
     "HGET, "
     "HSET on the four keys"},
    {"can't run this command or subcommand", -EPERM, false,
     "the user lacks a permission: needs EVAL, EVALSHA, TYPE, EXISTS, XINFO, XADD, XREVRANGE, "
     "HGET, "
     "HSET on the four keys"},
    {"can't access at least one of the keys", -EPERM, false,
     "the user may not use the keys: grant the pattern ~PREFIX:{SHARD}:*"},
    {"WRONGTYPE", -EINVAL, false,
     "one of the keys holds something else: choose another prefix"},
    {"MOVED", -EREMOTE, true,
     "this cluster node does not have the keys, and sent us round too often"},
    {"ASK ", -EAGAIN, false, "the cluster is moving the keys to another node"},
    {"TRYAGAIN", -EAGAIN, false, "the cluster is in the middle of moving the keys"},
    {"CLUSTERDOWN", -EAGAIN, false, "the cluster is down"},
    {"MASTERDOWN", -EAGAIN, true, "this replica lost its master"},
    {"DB index is out of range", -EINVAL, true,
     "the server has no such database: see the number in url"},
    {"max number of clients reached", -EAGAIN, true, "the server has too many clients"},
};

int redis_reply_error(const char *text, bool *ret_drop, struct error *reterr)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!strstr(text, rows[i].word))
            continue;
        *ret_drop = rows[i].drop;
        return error_set(reterr, rows[i].code, "redis: %s", rows[i].sentence);
    }
    *ret_drop = true;
    return error_set(reterr, -EPROTO, "redis: refused: %.200s", text);
}

const char *redis_reply_word(int row)
{
    return row >= 0 && (size_t)row < sizeof(rows) / sizeof(rows[0]) ? rows[row].word : NULL;
}
