/* SPDX-License-Identifier: MIT */
/* The promise: each finding stands in the file once, in a whole line, whatever crashed or was rotated between. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "deliver/jsonl.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EPOCH = 0xabc };
static struct sandbox sandbox;
static char path[256];

static int setup(void **state)
{
    (void)state;
    sandbox_make(&sandbox);
    snprintf(path, sizeof(path), "%s/f.jsonl", sandbox.dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sandbox_remove(&sandbox);
    return 0;
}

static struct sink *open_it(void)
{
    struct sink *sink = NULL;
    struct error error = {""};
    if (jsonl_sink_open(path, EPOCH, &sink, &error) < 0)
        fail_msg("%s", error.text);
    return sink;
}

/* Publishes first..last; returns what was confirmed. */
static uint64_t publish(struct sink *sink, uint64_t first, uint64_t last, int expected)
{
    char data[16][96];
    struct entry entries[16];
    uint64_t confirmed = 0;
    struct error error;
    for (uint64_t n = first; n <= last; n++) {
        snprintf(data[n - first], sizeof(data[0]), "{\"epoch\":\"%016x\",\"n\":%d}", EPOCH,
                 (int)n);
        entries[n - first] =
            (struct entry){.epoch = EPOCH, .n = n, .data = bytes_of(data[n - first])};
    }
    assert_int_equal(sink->ops->publish(sink, entries, last + 1 - first, &confirmed, &error),
                     expected);
    return confirmed;
}

/* The numbers in the file, as digits; every line must be whole. */
static long numbers(const char *file)
{
    char *text = read_whole(file, NULL), *rest = NULL;
    long all = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        unsigned epoch, n;
        char end = 0;
        assert_int_equal(sscanf(line, "{\"epoch\":\"%x\",\"n\":%u%c", &epoch, &n, &end), 3);
        assert_int_equal(end, '}');
        all = all * 10 + n;
    }
    free(text);
    return all;
}

static void jsonl_appends_each_finding_once(void **state)
{
    (void)state;
    struct sink *sink = open_it();
    struct stat st;
    assert_int_equal(publish(sink, 1, 2, 0), 2);
    assert_int_equal(publish(sink, 1, 3, 0), 3);
    sink->ops->close(sink);
    sink = open_it();
    assert_int_equal(publish(sink, 2, 4, 0), 4);
    sink->ops->close(sink);
    assert_int_equal(numbers(path), 1234);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);
}

/* At every length a crash may leave, the file is repaired and nothing is there twice. */
static void jsonl_repairs_a_torn_line_at_every_length(void **state)
{
    (void)state;
    struct sink *sink = open_it();
    publish(sink, 1, 2, 0);
    sink->ops->close(sink);
    size_t len;
    char *text = read_whole(path, &len);
    for (size_t cut = 0; cut <= len; cut++) {
        write_file(path, text, cut);
        sink = open_it();
        publish(sink, 1, 3, 0);
        sink->ops->close(sink);
        assert_int_equal(numbers(path), 123);
    }
    free(text);
}

static void jsonl_begins_a_new_file_when_it_was_rotated_away(void **state)
{
    (void)state;
    char old[300];
    struct sink *sink = open_it();
    snprintf(old, sizeof(old), "%s.1", path);
    publish(sink, 1, 2, 0);
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(publish(sink, 2, 3, 0), 3);
    assert_int_equal(numbers(old), 12);
    assert_int_equal(numbers(path), 3);
    assert_int_equal(truncate(path, 0), 0); // copytruncate
    publish(sink, 4, 4, 0);
    assert_int_equal(numbers(path), 4);
    sink->ops->close(sink);
}

static void jsonl_continues_behind_another_epoch(void **state)
{
    (void)state;
    static const char other[] = "{\"epoch\":\"0000000000000001\",\"n\":9}\n";
    write_file(path, other, sizeof(other) - 1);
    struct sink *sink = open_it();
    assert_int_equal(publish(sink, 1, 1, 0), 1);
    sink->ops->close(sink);
    assert_int_equal(numbers(path), 91);
}

static void jsonl_refuses_a_file_that_is_not_ours(void **state)
{
    (void)state;
    static const char *const wrong[] = {"root:x:0:0\n", "root:x:0:0", "{\"a\":1}\n", "[]\n"};
    for (size_t i = 0; i < 4; i++) {
        struct sink *sink = NULL;
        struct error error = {""};
        write_file(path, wrong[i], strlen(wrong[i]));
        assert_int_equal(jsonl_sink_open(path, EPOCH, &sink, &error), -EBADMSG);
        assert_non_null(strstr(error.text, path));
        size_t len;
        char *text = read_whole(path, &len);
        assert_int_equal(len, strlen(wrong[i])); // untouched
        free(text);
    }
}

static void jsonl_refuses_what_is_no_regular_file(void **state)
{
    (void)state;
    struct sink *sink = NULL;
    struct error error = {""};
    assert_int_equal(jsonl_sink_open("/dev/full", EPOCH, &sink, &error), -EINVAL);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(jsonl_sink_open(path, EPOCH, &sink, &error) < 0);
    assert_int_equal(jsonl_sink_open(sandbox.dir, EPOCH, &sink, &error), -EISDIR);
    assert_null(sink);
}

static void jsonl_says_where_it_stands_when_asked(void **state)
{
    (void)state;
    struct sink *sink = open_it();
    uint64_t confirmed = 77;
    assert_int_equal(sink->ops->publish(sink, NULL, 0, &confirmed, NULL), 0);
    assert_int_equal(confirmed, 77); // an empty file knows nothing
    publish(sink, 1, 5, 0);
    assert_int_equal(sink->ops->publish(sink, NULL, 0, &confirmed, NULL), 0);
    assert_int_equal(confirmed, 5);
    sink->ops->close(sink);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(jsonl_appends_each_finding_once),
        T(jsonl_repairs_a_torn_line_at_every_length),
        T(jsonl_begins_a_new_file_when_it_was_rotated_away),
        T(jsonl_continues_behind_another_epoch),
        T(jsonl_refuses_a_file_that_is_not_ours),
        T(jsonl_refuses_what_is_no_regular_file),
        T(jsonl_says_where_it_stands_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
