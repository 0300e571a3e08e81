/* SPDX-License-Identifier: MIT */
/* The promise: an entry is copied whole or known to be no finding, whatever somebody added to the stream. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act/letter.h"

#include <stdio.h>
#include <string.h>

/* One entry as the reader of hiredis makes it: words, NULL-terminated. */
static redisReply *entry(const char *const *words)
{
    void *reply = NULL;
    size_t count = 0;
    struct buffer out = {0};
    redisReader *reader = redisReaderCreate();
    while (words[count])
        count++;
    buffer_printf(&out, "*2\r\n$3\r\n7-1\r\n*%zu\r\n", count);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
    redisReaderFeed(reader, out.at, out.len);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    redisReaderFree(reader);
    buffer_free(&out);
    return reply;
}

static void read_it(struct letter *letter, const char *const *words)
{
    redisReply *reply = entry(words);
    assert_true(letter_read(reply, 2, letter));
    freeReplyObject(reply);
}
#define READ(letter, ...) read_it(letter, (const char *const[]){__VA_ARGS__, NULL})
#define REST                                                                                   \
    "host", "web1", "epoch", "e1", "id", "e1-4", "fingerprint", "aa", "status", "firing"

static void letter_copies_a_finding(void **state)
{
    (void)state;
    char me[LETTER_ME];
    struct letter letter = {0};
    READ(&letter, "v", "1", "n", "4", "prev", "2", REST, "data", "{\"a\":1}");
    assert_false(letter.bad || letter.trimmed);
    assert_int_equal(letter.n, 4);
    assert_int_equal(letter.prev, 2);
    assert_int_equal(letter.stream, 2);
    assert_string_equal(letter.id, "7-1");
    assert_string_equal(letter_me(&letter, me), "web1 e1 4");
    assert_true(bytes_is(buffer_bytes(&letter.data), "{\"a\":1}"));
    letter_free(&letter);
}

static void letter_knows_what_is_no_finding(void **state)
{
    (void)state;
    struct letter letter = {0};
    char me[LETTER_ME];
    READ(&letter, "n", "4", "data", "{}");
    assert_true(letter.bad);
    assert_string_equal(letter_me(&letter, me), "entry 2 7-1");
    READ(&letter, "n", "0", REST, "data", "{}");
    assert_true(letter.bad);
    READ(&letter, "n", "-4", REST, "data", "{}");
    assert_true(letter.bad);
    READ(&letter, "n", "4", REST, "data", "{} x");
    assert_true(letter.bad);
    READ(&letter, "n", "4", REST, "data", "[]");
    assert_true(letter.bad);
    READ(&letter, "n", "4", REST);
    assert_true(letter.bad);
    READ(&letter, "n", "4", REST, "data", "{}", "odd");
    assert_true(letter.bad);
    READ(&letter, "n", "4", REST, "data", "{}");
    assert_false(letter.bad);
    letter_free(&letter);
}

static void letter_knows_what_was_trimmed(void **state)
{
    (void)state;
    void *reply = NULL;
    struct letter letter = {0};
    redisReader *reader = redisReaderCreate();
    redisReaderFeed(reader, "*2\r\n$3\r\n7-1\r\n*-1\r\n", 18);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_true(letter_read(reply, 0, &letter));
    assert_true(letter.trimmed && !letter.bad);
    freeReplyObject(reply);
    redisReaderFree(reader);
    letter_free(&letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letter_copies_a_finding),
        cmocka_unit_test(letter_knows_what_is_no_finding),
        cmocka_unit_test(letter_knows_what_was_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
