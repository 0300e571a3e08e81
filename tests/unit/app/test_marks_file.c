/* SPDX-License-Identifier: MIT */
/*
 * Promise: what people said comes back from the file as they said it, in order, from any number of writers; a line that is torn or
 * foreign is passed over and counted, and takes no other with it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/marks_file.h"
#include "base/clock.h"
#include "rig.h"

#include <errno.h>
#include <sys/wait.h>

static struct error error;
static struct said all[256];
static size_t count, bad;

static void take(void *context, const struct said *said, struct bytes line)
{
    struct said again;
    (void)context;
    assert_true(said_decode(line, &again));
    assert_memory_equal(said, &again, sizeof(again));
    assert_true(count < 256);
    all[count++] = *said;
}

static void read_all(void)
{
    count = 0;
    assert_int_equal(marks_read("marks.jsonl", take, NULL, &bad, &error), 0);
}

static struct said deploy_of(int64_t second, const char *version)
{
    struct said said = {.kind = SAID_DEPLOY, .time_ns = second * NS_PER_S};
    memcpy(said.service, "check\"out\\", sizeof("check\"out\\"));
    memcpy(said.version, version, strlen(version) + 1);
    return said;
}

static void append(const struct said *said)
{
    assert_int_equal(marks_append(".", said, &error), 0);
}

static void marks_come_back_as_they_were_said(void **state)
{
    (void)state;
    struct said said[3] = {
        deploy_of(1683108000, "v1.2.3 \"ü\""),
        {.kind = SAID_FALSE, .time_ns = 1683108001 * NS_PER_S, .fingerprint = 0xfedc},
        {.kind = SAID_POSTMORTEM, .id = "0123456789abcdef-41", .url = "https://pm.example/1"},
    };
    memcpy(said[0].author, "ann", sizeof("ann"));
    memset(said[1].reason, '"', SAID_REASON_SIZE - 1);
    for (size_t i = 0; i < 3; i++)
        append(&said[i]);
    read_all();
    assert_int_equal(count, 3);
    assert_int_equal(bad, 0);
    for (size_t i = 0; i < 3; i++) { // as text: a struct has holes
        struct buffer want = {0}, got = {0};
        said_encode(&said[i], &want);
        said_encode(&all[i], &got);
        assert_true(bytes_equal(buffer_bytes(&got), buffer_bytes(&want)));
        buffer_free(&want);
        buffer_free(&got);
    }
}

static void no_file_has_no_marks(void **state)
{
    (void)state;
    read_all();
    assert_int_equal(count, 0);
    assert_int_equal(bad, 0);
}

static void line_that_is_no_mark_is_counted_and_takes_no_other_with_it(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "hello",
        "{}",
        "{\"v\":2,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"deploy\",\"service\":\"a\","
        "\"version\":\"b\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"deploy\",\"service\":\"a\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"deploy\",\"service\":\"\","
        "\"version\":\"b\"}",
        "{\"v\":1,\"time\":\"soon\",\"kind\":\"deploy\",\"service\":\"a\",\"version\":\"b\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"undeploy\",\"service\":\"a\","
        "\"version\":\"b\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"deploy\",\"service\":7,"
        "\"version\":\"b\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"deploy\",\"service\":"
        "\"a\\u0000\",\"version\":\"b\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"false\",\"reason\":\"of "
        "what?\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"false\",\"fingerprint\":\"7\"}",
        "{\"v\":1,\"time\":\"2023-05-03T10:00:00Z\",\"kind\":\"postmortem\",\"id\":\"x-1\"}",
    };
    enum { WRONG = sizeof(wrong) / sizeof(wrong[0]) };
    for (size_t i = 0; i < WRONG; i++) {
        struct said said = deploy_of((int64_t)i, "v1");
        FILE *file = fopen("marks.jsonl", "a");
        fprintf(file, "%s\n", wrong[i]);
        fclose(file);
        append(&said);
        struct said one;
        assert_false(said_decode((struct bytes){wrong[i], strlen(wrong[i])}, &one));
    }
    read_all();
    assert_int_equal(count, WRONG);
    assert_int_equal(bad, WRONG);
}

static void torn_end_does_not_take_the_next_mark_with_it(void **state)
{
    (void)state;
    struct said said = deploy_of(7, "v7");
    struct buffer line = {0};
    said_encode(&said, &line);
    line.at[line.len - 1] = '\0'; // all of it but its newline
    rig_write("marks.jsonl", line.at);
    read_all();
    assert_int_equal(count, 0); // somebody may be about to write the rest
    append(&said);
    append(&said);
    read_all();
    assert_int_equal(count, 3);
    rig_write("marks.jsonl", "{\"v\":1,\"ti");
    append(&said);
    read_all();
    assert_int_equal(count, 1);
    assert_int_equal(bad, 1);
    buffer_free(&line);
}

static void many_writers_lose_no_mark(void **state)
{
    (void)state;
    enum { WRITERS = 4, EACH = 40 };
    pid_t pids[WRITERS];
    for (int w = 0; w < WRITERS; w++) {
        pids[w] = fork();
        for (int i = 0; pids[w] == 0 && i < EACH; i++) {
            struct said said = deploy_of(w * EACH + i, "v1");
            if (marks_append(".", &said, &error) < 0)
                _exit(1);
        }
        if (pids[w] == 0)
            _exit(0);
    }
    for (int w = 0; w < WRITERS; w++) {
        int status;
        assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
        assert_int_equal(status, 0);
    }
    read_all();
    assert_int_equal(count, WRITERS * EACH);
    assert_int_equal(bad, 0);
}

static void of_a_huge_file_the_end_is_read_from_a_whole_line_on(void **state)
{
    (void)state;
    struct said said = deploy_of(1, "v1"), first = deploy_of(0, "the first");
    append(&first);
    FILE *file = fopen("marks.jsonl", "a");
    for (int i = 0; i < MARKS_READ_MAX / 64; i++)
        fprintf(file, "%63d\n", i);
    fclose(file);
    append(&said);
    read_all();
    assert_int_equal(count, 1);
    assert_string_equal(all[0].version, "v1");
    assert_true(bad >= MARKS_READ_MAX / 64 - 10);
}

static void marks_become_what_the_judge_is_told(void **state)
{
    (void)state;
    struct remarks *remarks = calloc(1, sizeof(*remarks));
    struct said said = deploy_of(9, "v9"), early = deploy_of(3, "v3"),
                post = {.kind = SAID_POSTMORTEM, .fingerprint = 7, .url = "https://pm/1"},
                noise = {.kind = SAID_FALSE, .id = "x-1", .reason = "backup"};
    append(&said);
    append(&early);
    append(&post);
    append(&noise);
    assert_int_equal(marks_collect("marks.jsonl", remarks, &bad, &error), 0);
    assert_int_equal(remarks->deploys.count, 2);
    assert_string_equal(deploys_at(&remarks->deploys, 0)->version, "v3");
    assert_int_equal(remarks->count, 2);
    assert_string_equal(remarks->at[0].text, "https://pm/1");
    assert_int_equal(remarks->at[1].kind, REMARK_FALSE);
    assert_string_equal(remarks->at[1].text, "backup");
    remarks_free(remarks);
    free(remarks);
}

static void what_is_no_file_is_neither_read_nor_written(void **state)
{
    (void)state;
    struct said said = deploy_of(1, "v1");
    assert_int_equal(symlink("/dev/null", "marks.jsonl"), 0);
    assert_true(marks_append(".", &said, &error) < 0);
    assert_true(marks_read("marks.jsonl", take, NULL, &bad, &error) < 0);
    remove("marks.jsonl");
    assert_int_equal(mkfifo("marks.jsonl", 0600), 0);
    assert_int_equal(marks_append(".", &said, &error), -EINVAL);
    assert_int_equal(marks_read("marks.jsonl", take, NULL, &bad, &error), -EINVAL);
    assert_true(marks_append("nowhere", &said, &error) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(marks_come_back_as_they_were_said),
        RIG_TEST(no_file_has_no_marks),
        RIG_TEST(line_that_is_no_mark_is_counted_and_takes_no_other_with_it),
        RIG_TEST(torn_end_does_not_take_the_next_mark_with_it),
        RIG_TEST(many_writers_lose_no_mark),
        RIG_TEST(of_a_huge_file_the_end_is_read_from_a_whole_line_on),
        RIG_TEST(marks_become_what_the_judge_is_told),
        RIG_TEST(what_is_no_file_is_neither_read_nor_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
