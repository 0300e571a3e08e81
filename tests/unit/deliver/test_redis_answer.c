/* SPDX-License-Identifier: MIT */
/* The promise: an answer is taken only in the form that was asked for, and a refused one changes nothing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/redis_answer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The reply in the words of the protocol; the caller frees it. */
static redisReply *reply_of(const char *text)
{
    void *reply = NULL;
    redisReader *reader = redisReaderCreate();
    redisReaderFeed(reader, text, strlen(text));
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static int read_answer(const char *text, struct redis_answer *ret)
{
    redisReply *reply = reply_of(text);
    int r = redis_answer_read(reply, ret, NULL);
    freeReplyObject(reply);
    return r;
}

static void answer_reads_word_number_and_detail(void **state)
{
    (void)state;
    struct redis_answer answer;
    assert_int_equal(read_answer("*3\r\n$4\r\nGONE\r\n$2\r\n17\r\n$4\r\npage\r\n", &answer), 0);
    assert_string_equal(answer.word, "GONE");
    assert_string_equal(answer.detail, "page");
    assert_int_equal(answer.n, 17);
    assert_int_equal(
        read_answer("*3\r\n$2\r\nOK\r\n$19\r\n9223372036854775807\r\n$0\r\n\r\n", &answer), 0);
    assert_true(answer.n == INT64_MAX);
}

static void answer_refuses_other_forms(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "+OK\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*2\r\n$2\r\nOK\r\n$1\r\n1\r\n",
        "*3\r\n$2\r\nOK\r\n:1\r\n$0\r\n\r\n",
        "*3\r\n$-1\r\n$1\r\n1\r\n$-1\r\n",
        "*3\r\n$2\r\nOK\r\n$2\r\n-1\r\n$0\r\n\r\n",
        "*3\r\n$2\r\nOK\r\n$0\r\n\r\n$0\r\n\r\n",
        "*3\r\n$2\r\nOK\r\n$3\r\nnan\r\n$0\r\n\r\n",
        "*3\r\n$2\r\nOK\r\n$19\r\n9223372036854775808\r\n$0\r\n\r\n",
        "*3\r\n$2\r\nOK\r\n$20\r\n18446744073709551616\r\n$0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct redis_answer answer = {.n = 7};
        if (read_answer(wrong[i], &answer) != -EPROTO)
            fail_msg("%s", wrong[i]);
        assert_int_equal(answer.n, 7);
    }
}

static void answer_finds_where_a_cluster_moved(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port;
    } good[] = {
        {"MOVED 3999 127.0.0.1:6381", "127.0.0.1", 6381},
        {"MOVED 3999 :6381", "here", 6381},
        {"MOVED 1 2001:db8::1:7000", "2001:db8::1", 7000},
        {"ERR x -MOVED 1 node-a:1\r\n", "node-a", 1},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct redis_node node;
        assert_true(redis_answer_moved(good[i].text, "here", &node));
        assert_string_equal(node.host, good[i].host);
        assert_int_equal(node.port, good[i].port);
    }
    static const char *const bad[] = {
        "",           "MOVED",       "MOVED x y:1",  "MOVED 1 h",
        "MOVED 1 h:", "MOVED 1 h:0", "MOVED 1 h:-1", "MOVED 1 h:65536",
        "ASK 1 h:1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct redis_node node = {.port = -7};
        assert_false(redis_answer_moved(bad[i], "here", &node));
        assert_int_equal(node.port, -7);
    }
}

static int read_node(const char *text, struct redis_node *ret)
{
    redisReply *reply = reply_of(text);
    int r = redis_answer_node(reply, ret, NULL);
    freeReplyObject(reply);
    return r;
}

static void answer_reads_the_address_of_a_master(void **state)
{
    (void)state;
    struct redis_node node = {.port = -7};
    assert_int_equal(read_node("*-1\r\n", &node), -ENOENT);
    assert_int_equal(read_node(":1\r\n", &node), -EPROTO);
    assert_int_equal(read_node("*2\r\n$0\r\n\r\n$1\r\n1\r\n", &node), -EPROTO);
    assert_int_equal(read_node("*2\r\n$1\r\nh\r\n$1\r\nx\r\n", &node), -EPROTO);
    assert_int_equal(node.port, -7);
    assert_int_equal(read_node("*2\r\n$1\r\nh\r\n$4\r\n6379\r\n", &node), 0);
    assert_string_equal(node.host, "h");
    assert_int_equal(node.port, 6379);
}

static void answer_takes_only_a_hash_for_a_hash(void **state)
{
    (void)state;
    char sha[REDIS_ANSWER_SHA] = "";
    redisReply *short_one = reply_of("$5\r\nabcde\r\n"),
               *good = reply_of("$40\r\n0123456789abcdef0123456789abcdef01234567\r\n");
    assert_false(redis_answer_sha(short_one, sha));
    assert_string_equal(sha, "");
    assert_true(redis_answer_sha(good, sha));
    assert_string_equal(sha, "0123456789abcdef0123456789abcdef01234567");
    freeReplyObject(short_one);
    freeReplyObject(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_reads_word_number_and_detail),
        cmocka_unit_test(answer_refuses_other_forms),
        cmocka_unit_test(answer_finds_where_a_cluster_moved),
        cmocka_unit_test(answer_reads_the_address_of_a_master),
        cmocka_unit_test(answer_takes_only_a_hash_for_a_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
