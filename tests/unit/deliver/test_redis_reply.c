/* SPDX-License-Identifier: MIT */
/* The promise: each error of Redis 6.2 and 7, also from inside a script, becomes the sentence that helps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/redis_reply.h"

#include <errno.h>
#include <string.h>

static void redis_reply_knows_both_wordings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        int code;
        bool drop;
    } rows[] = {
        {"LOADING Redis is loading the dataset in memory", "loading", -EAGAIN, false},
        {"READONLY You can't write against a read only replica. script: f, on @user_script:80.",
         "replica", -EROFS, true},
        {"OOM command not allowed when used memory > 'maxmemory'. script: a, on "
         "@user_script:81.",
         "maxmemory", -ENOSPC, false},
        {"ERR Error running script (call to f_a): @user_script:81: @user_script: 81: -OOM "
         "command not "
         "allowed when used memory > 'maxmemory'.",
         "maxmemory", -ENOSPC, false},
        {"MISCONF Redis is configured to save RDB snapshots, but", "save", -EIO, false},
        {"NOREPLICAS Not enough good replicas to write.", "replicas", -EAGAIN, false},
        {"BUSYGROUP Consumer Group name already exists", "already", -EEXIST, false},
        {"NOGROUP No such key 'a' or consumer group 'b' in XREADGROUP with GROUP option",
         "gone", -ENOENT, false},
        {"BUSY Redis is busy running a script.", "busy", -EBUSY, false},
        {"NOAUTH Authentication required.", "password_file", -EACCES, true},
        {"WRONGPASS invalid username-password pair or user is disabled.", "wrong user", -EACCES,
         true},
        {"ERR AUTH <password> called without any password configured for the default user.",
         "remove password_file", -EACCES, true},
        {"NOPERM this user has no permissions to run the 'xadd' command", "XADD", -EPERM,
         false},
        {"ERR The user executing the script can't run this command or subcommand script: x",
         "XADD", -EPERM, false},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", "prefix", -EINVAL,
         false},
        {"MOVED 3999 127.0.0.1:6381", "cluster", -EREMOTE, true},
        {"ASK 3999 127.0.0.1:6381", "moving", -EAGAIN, false},
        {"TRYAGAIN Multiple keys request during rehashing of slot", "moving", -EAGAIN, false},
        {"CLUSTERDOWN The cluster is down", "down", -EAGAIN, false},
        {"ERR something new", "something new", -EPROTO, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool drop = !rows[i].drop;
        struct error error = {""};
        assert_int_equal(redis_reply_error(rows[i].text, &drop, &error), rows[i].code);
        if (!strstr(error.text, rows[i].says))
            fail_msg("%s: %s", rows[i].text, error.text);
        assert_true(drop == rows[i].drop);
    }
}

static void redis_reply_mentions_every_word_once(void **state)
{
    (void)state;
    int rows = 0;
    while (redis_reply_word(rows)) {
        for (int i = 0; i < rows; i++)
            assert_string_not_equal(redis_reply_word(i), redis_reply_word(rows));
        rows++;
    }
    assert_true(rows >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_reply_knows_both_wordings),
        cmocka_unit_test(redis_reply_mentions_every_word_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
