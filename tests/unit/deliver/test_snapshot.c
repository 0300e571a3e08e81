/* SPDX-License-Identifier: MIT */
/* The promise: a snapshot is read whole or not at all, and while one is written the one before it stands. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/build.h"
#include "base/hash.h"
#include "base/log.h"
#include "deliver/snapshot.h"
#include "fixture.h"
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sandbox sandbox;

static int setup(void **state)
{
    (void)state;
    sandbox_make(&sandbox);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    shim_remove();
    sandbox_remove(&sandbox);
    return 0;
}

static int write_one(uint64_t seq, const char *text)
{
    struct snapshot_writer writer;
    struct error error = {""};
    int r = snapshot_begin(&writer, sandbox.dir, seq, &error);
    if (r < 0)
        return r;
    snapshot_section(&writer, "lane", bytes_of(text));
    snapshot_section(&writer, "empty", (struct bytes){NULL, 0});
    snapshot_section(&writer, "judge", (struct bytes){"\0\1\2", 3});
    return snapshot_end(&writer, 77, &error);
}

static const char *path_of(uint64_t seq)
{
    char name[32];
    snprintf(name, sizeof(name), "snapshot.%016llx", (unsigned long long)seq);
    return sandbox_path(&sandbox, name);
}

static void check_one(size_t nth, uint64_t seq, const char *text)
{
    struct snapshot *snapshot = NULL;
    assert_int_equal(snapshot_open(sandbox.dir, nth, &snapshot, NULL), 0);
    assert_int_equal(snapshot_seq(snapshot), seq);
    assert_int_equal(snapshot_build(snapshot), 77);
    assert_true(bytes_is(snapshot_find(snapshot, "lane"), text));
    assert_int_equal(snapshot_find(snapshot, "judge").len, 3);
    assert_true(snapshot_find(snapshot, "empty").at && !snapshot_find(snapshot, "empty").len);
    assert_null(snapshot_find(snapshot, "lan").at);
    snapshot_close(snapshot);
}

static int open_result(size_t nth)
{
    struct snapshot *snapshot = NULL;
    struct error error = {""};
    int r = snapshot_open(sandbox.dir, nth, &snapshot, &error);
    assert_true((r == 0) == (snapshot != NULL) && (r < 0) == (error.text[0] != '\0'));
    snapshot_close(snapshot);
    return r;
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *dir = opendir(sandbox.dir);
    for (const struct dirent *d; (d = readdir(dir));)
        count += d->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void snapshot_reads_back_and_keeps_two(void **state)
{
    (void)state;
    uint64_t seqs[SNAPSHOT_KEPT];
    struct stat st;
    assert_int_equal(open_result(0), -ENOENT);
    assert_int_equal(write_one(5, "five"), 0);
    assert_int_equal(open_result(1), -ENOENT);
    assert_int_equal(write_one(16, "sixteen"), 0);
    assert_int_equal(write_one(300, "three hundred"), 0);
    check_one(0, 300, "three hundred");
    check_one(1, 16, "sixteen");
    assert_int_equal(open_result(2), -ENOENT);
    assert_int_equal(count_files(), 2);
    assert_int_equal(snapshot_list(sandbox.dir, seqs), 2);
    assert_true(seqs[0] == 300 && seqs[1] == 16);
    assert_int_equal(stat(path_of(300), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void snapshot_of_a_lost_future_goes(void **state)
{
    (void)state;
    assert_int_equal(write_one(5, "five"), 0);
    assert_int_equal(write_one(300, "three hundred"), 0);
    assert_int_equal(write_one(7, "seven"), 0); // the journal had lost its end
    check_one(0, 7, "seven");
    check_one(1, 5, "five");
    assert_int_equal(write_one(7, "seven again"), 0);
    check_one(0, 7, "seven again");
    check_one(1, 5, "five");
}

static void snapshot_is_refused_at_every_flipped_byte(void **state)
{
    (void)state;
    size_t len;
    assert_int_equal(write_one(1, "old"), 0);
    assert_int_equal(write_one(2, "some longer text of the newest one"), 0);
    char *file = read_whole(path_of(2), &len);
    size_t good = 0;
    for (size_t at = 0; at < len; at++) {
        file[at] ^= 0x55;
        write_file(path_of(2), file, len);
        int r = open_result(0);
        assert_true(r == -EBADMSG || r == 0);
        good += r == 0; // padding
        check_one(1, 1, "old");
        file[at] ^= 0x55;
    }
    assert_true(good <= 3 * 7);
    free(file);
}

static void snapshot_is_refused_at_every_length(void **state)
{
    (void)state;
    size_t len;
    assert_int_equal(write_one(1, "old"), 0);
    assert_int_equal(write_one(2, "some longer text of the newest one"), 0);
    char *file = read_whole(path_of(2), &len);
    for (size_t cut = 0; cut < len; cut++) {
        write_file(path_of(2), file, cut);
        assert_int_equal(open_result(0), -EBADMSG);
        check_one(1, 1, "old");
    }
    free(file);
}

static void snapshot_under_another_name_is_refused(void **state)
{
    (void)state;
    assert_int_equal(write_one(1, "old"), 0);
    char from[256];
    snprintf(from, sizeof(from), "%s", path_of(1));
    assert_int_equal(rename(from, path_of(9)), 0);
    assert_int_equal(open_result(0), -EBADMSG);
}

static void snapshot_of_another_version_is_known_as_such(void **state)
{
    (void)state;
    size_t len;
    assert_int_equal(write_one(2, "text"), 0);
    char *file = read_whole(path_of(2), &len);
    file[8]++; // the version, and the hash that its writer would have made
    uint64_t hash = hash_bytes((struct bytes){file, 48});
    memcpy(file + 48, &hash, 8);
    write_file(path_of(2), file, len);
    assert_int_equal(open_result(0), -EPROTO);
    free(file);
}

static void snapshot_that_fails_leaves_the_ones_before(void **state)
{
    (void)state;
    static const enum shim_call calls[] = {SHIM_OPENAT, SHIM_PWRITE, SHIM_RENAMEAT};
    assert_int_equal(write_one(1, "one"), 0);
    assert_int_equal(write_one(2, "two"), 0);
    for (size_t i = 0; i < 3; i++) {
        shim_install();
        shim_fail(calls[i], ENOSPC);
        assert_int_equal(write_one(3, "three"), -ENOSPC);
        shim_remove();
        assert_int_equal(count_files(), 2);
        check_one(0, 2, "two");
        check_one(1, 1, "one");
    }
    shim_install();
    shim_fail(SHIM_FDATASYNC, EIO);
    assert_int_equal(write_one(3, "three"), -EIO);
    check_one(0, 2, "two");
}

static void snapshot_of_a_killed_run_is_swept_away(void **state)
{
    (void)state;
    write_file(sandbox_path(&sandbox, "snapshot.new"), "half", 4);
    assert_int_equal(write_one(3, "three"), 0);
    check_one(0, 3, "three");
    assert_int_equal(count_files(), 1);
}

static void snapshot_is_bounded(void **state)
{
    (void)state;
    struct snapshot_writer writer;
    assert_int_equal(snapshot_begin(&writer, sandbox.dir, 4, NULL), 0);
    snapshot_section(&writer, "huge", (struct bytes){"", (size_t)SNAPSHOT_BYTES_MAX});
    assert_int_equal(snapshot_end(&writer, 1, NULL), -EFBIG);
    assert_int_equal(count_files(), 0);
}

static void build_id_is_one_number(void **state)
{
    (void)state;
    assert_true(build_id() != 0);
    assert_true(build_id() == build_id());
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(snapshot_reads_back_and_keeps_two),
        T(snapshot_of_a_lost_future_goes),
        T(snapshot_is_refused_at_every_flipped_byte),
        T(snapshot_is_refused_at_every_length),
        T(snapshot_under_another_name_is_refused),
        T(snapshot_of_another_version_is_known_as_such),
        T(snapshot_that_fails_leaves_the_ones_before),
        T(snapshot_of_a_killed_run_is_swept_away),
        T(snapshot_is_bounded),
        T(build_id_is_one_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
