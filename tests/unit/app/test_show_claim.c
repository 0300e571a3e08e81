/* SPDX-License-Identifier: MIT */
/*
 * Promise: a record is verified exactly when bytes with its hash are found: at its place, in a renamed or packed neighbour, or moved
 * within; else it is changed or gone, and never called true.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "command/show_claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

static char dir[64], log_path[128];
static struct claim_place place;

static const char *path_of(const char *name)
{
    static char paths[2][128];
    static int next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void put(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/oddline-claim-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(log_path, sizeof(log_path), "%s/app.log", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"app.log", "app.log.1", "app.log.2.zst", "other.log"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(path_of(names[i]));
    rmdir(dir);
    claim_place_free(&place);
    return 0;
}

/* What the log says of `record`, which stands in `text`. */
static struct claim claim_of(const char *text, const char *record)
{
    return (struct claim){.path = log_path,
                          .offset = (uint64_t)(strstr(text, record) - text),
                          .length = strlen(record),
                          .hash = hash_bytes(bytes_of(record))};
}

static const char text[] = "one\ntwo is here\nthree\n";

static void claim_is_verified_at_its_place_with_what_is_around(void **state)
{
    (void)state;
    struct claim claim = claim_of(text, "two is here");
    put(log_path, text, strlen(text));
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_VERIFIED);
    assert_string_equal(place.path, log_path);
    assert_int_equal(place.record, 4);
    assert_memory_equal(place.around.at, text, strlen(text));
}

static void claim_is_changed_when_one_byte_is(void **state)
{
    (void)state;
    struct claim claim = claim_of(text, "two is here");
    put(log_path, "one\ntwo is hero\nthree\n", strlen(text));
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_CHANGED);
    assert_int_equal(place.around.len, 0);
}

static void claim_is_gone_when_the_file_is_shorter_or_not_there(void **state)
{
    (void)state;
    struct claim claim = claim_of(text, "two is here");
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_GONE);
    put(log_path, "one\n", 4);
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_GONE);
}

static void claim_follows_a_rename(void **state)
{
    (void)state;
    struct claim claim = claim_of(text, "two is here");
    put(path_of("app.log.1"), text, strlen(text));
    put(log_path, "a new one begins and is longer\n", 31);
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_VERIFIED);
    assert_non_null(strstr(place.path, "app.log.1"));
    assert_int_equal(place.offset, claim.offset);
}

static void claim_follows_into_an_archive(void **state)
{
    (void)state;
    char packed[256];
    struct claim claim = claim_of(text, "two is here");
    size_t len = ZSTD_compress(packed, sizeof(packed), text, strlen(text), 3);
    put(path_of("app.log.2.zst"), packed, len);
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_VERIFIED);
    assert_non_null(strstr(place.path, "app.log.2.zst"));
    assert_int_equal(place.around.len, strlen(text));
}

static void claim_finds_what_moved_within(void **state)
{
    (void)state;
    struct claim claim = claim_of(text, "two is here");
    static char big[3 << 20]; // beyond the first piece that is read
    memset(big, 'x', sizeof(big));
    for (size_t i = 99; i < sizeof(big); i += 100)
        big[i] = '\n';
    memcpy(big + (2 << 20) - (2 << 20) % 100, "two is here\n", 12);
    put(log_path, big, sizeof(big));
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_VERIFIED);
    assert_int_equal(place.offset, (2 << 20) - (2 << 20) % 100);
    assert_memory_equal(place.around.at + place.record, "two is here\n", 12);
}

static void
claim_finds_the_last_line_without_a_newline_and_records_of_several_lines(void **state)
{
    (void)state;
    struct claim claim = claim_of("last words", "last words");
    put(log_path, "more before it\nlast words", 25);
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_VERIFIED);
    assert_int_equal(place.offset, 15);
    claim_place_free(&place);
    claim = claim_of("boom\n  at a\n  at b", "boom\n  at a\n  at b");
    put(log_path, "more\nboom\n  at a\n  at b\nend\n", 28);
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_VERIFIED);
    assert_int_equal(place.offset, 5);
}

static void claim_looks_at_whole_lines_and_at_files_of_that_name_only(void **state)
{
    (void)state;
    struct claim claim = claim_of("two", "two");
    put(log_path, "twofold, and two more\n", 22);
    claim.offset = 1;
    put(path_of("other.log"), "xtwo\ntwo\n", 9);
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_CHANGED);
}

static void claim_opens_no_pipe_and_believes_no_number(void **state)
{
    (void)state;
    struct claim claim = claim_of(text, "two is here");
    assert_int_equal(mkfifo(log_path, 0600), 0);
    claim_check(&claim, &place); // would wait for a writer
    assert_int_equal(place.state, CLAIM_GONE);
    claim.length = SIZE_MAX;
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_GONE);
    claim.length = 3;
    claim.offset = UINT64_MAX - 2;
    claim_check(&claim, &place);
    assert_int_equal(place.state, CLAIM_GONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(claim_is_verified_at_its_place_with_what_is_around),
        TEST(claim_is_changed_when_one_byte_is),
        TEST(claim_is_gone_when_the_file_is_shorter_or_not_there),
        TEST(claim_follows_a_rename),
        TEST(claim_follows_into_an_archive),
        TEST(claim_finds_what_moved_within),
        TEST(claim_finds_the_last_line_without_a_newline_and_records_of_several_lines),
        TEST(claim_looks_at_whole_lines_and_at_files_of_that_name_only),
        TEST(claim_opens_no_pipe_and_believes_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
