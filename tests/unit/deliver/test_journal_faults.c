/* SPDX-License-Identifier: MIT */
/*
 * The promise: a disk without room costs nothing but time; a sync that failed ends the writing for good; a write may be
 * cut anywhere.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "deliver/journal.h"
#include "house.h"
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void check_all(uint64_t findings, uint64_t blocks)
{
    uint64_t lost;
    shim_remove();
    struct journal *journal = house_open(NULL);
    assert_int_equal(house_read(journal, 0, &lost), findings);
    assert_int_equal(lost, 0);
    assert_int_equal(journal_seq(journal), blocks);
    assert_int_equal(house_replay(journal, 0).blocks, blocks);
    assert_int_equal(journal_counts(journal).damaged, 0);
    journal_close(journal);
}

/* ---- no room ------------------------------------------------------------ */

static void journal_goes_on_in_its_room_on_a_full_disk(void **state)
{
    (void)state;
    shim_install();
    struct journal *journal = house_open(NULL);
    while (journal_counts(journal).bytes_written < (600 << 10))
        assert_int_equal(house_commit(journal, 1, 40000), 0);
    shim.full = true;
    uint64_t before = journal_counts(journal).bytes_written;
    while (house_commit(journal, 1, 40000) == 0)
        ;
    uint64_t more = journal_counts(journal).bytes_written - before;
    assert_true(more > (1300 << 10)); // the rest of this segment and all of the spare one
    assert_int_equal(journal_pending(journal), 1);
    uint64_t n = journal_next_n(journal), seq = journal_seq(journal);
    for (int i = 0; i < 3; i++)
        assert_int_equal(house_commit(journal, 0, 40000), -ENOSPC);
    assert_int_equal(journal_next_n(journal), n);
    shim.full = false;
    assert_int_equal(house_commit(journal, 0, 40000), 0);
    assert_int_equal(journal_next_n(journal), n + 1);
    journal_close(journal);
    check_all(n, seq + 1);
}

static void journal_makes_room_by_what_is_not_needed(void **state)
{
    (void)state;
    shim_install();
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(house_commit(journal, 0, 300000), 0);
    shim.full = true;
    while (house_commit(journal, 0, 300000) == 0)
        ;
    size_t files = house_files(".seg");
    journal_keep(journal, journal_seq(journal));
    assert_int_equal(house_commit(journal, 0, 300000), -ENOSPC);
    assert_true(house_files(".seg") < files); // the shim's disk stays full all the same
    journal_close(journal);
}

/* Where nothing can be asked for ahead, a write may end in the middle of a block. */
static void journal_takes_back_half_a_block(void **state)
{
    (void)state;
    shim_install();
    shim.error = EOPNOTSUPP;
    shim.fail_at[SHIM_FALLOCATE] = 1;
    shim.fail_more = 1000;
    struct journal *journal = house_open(NULL);
    assert_int_equal(house_commit(journal, 2, 1000), 0);
    for (int i = 0; i < 20; i++) {
        shim.halves = true; // half of it is written, then the disk is full
        shim.error = ENOSPC;
        shim.fail_at[SHIM_PWRITE] = shim.seen[SHIM_PWRITE] + 2 + (unsigned)i % 3;
        shim.fail_more = 0;
        assert_int_equal(house_commit(journal, 1, 5000), -ENOSPC);
        shim.halves = false;
        if (i % 2) {
            journal_close(journal);
            journal = house_open(NULL);
            assert_int_equal(journal_counts(journal).torn, 0); // nothing was left
        }
    }
    assert_int_equal(house_commit(journal, 0, 10), 0);
    uint64_t n = journal_next_n(journal) - 1;
    assert_true(n >= 2);
    journal_close(journal);
    check_all(n, 2);
}

static void journal_does_without_room_ahead(void **state)
{
    (void)state;
    shim_install();
    shim.error = EOPNOTSUPP;
    shim.fail_at[SHIM_FALLOCATE] = 1;
    shim.fail_more = 1000;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 30; i++)
        assert_int_equal(house_commit(journal, 1, 100000), 0);
    journal_close(journal);
    assert_true(house_files(".seg") >= 3);
    check_all(30, 30);
}

static void journal_waits_when_no_file_can_be_made(void **state)
{
    (void)state;
    static const enum shim_call calls[] = {SHIM_OPENAT, SHIM_FALLOCATE, SHIM_RENAMEAT};
    shim_install();
    struct journal *journal = house_open(NULL);
    for (size_t i = 0; i < 3; i++) {
        uint64_t n = journal_next_n(journal);
        shim_fail(calls[i], i == 0 ? EMFILE : EDQUOT);
        shim.fail_more = 1000;
        int r = 0;
        while (r == 0)
            r = house_commit(journal, 1, 400000);
        assert_int_equal(r, -ENOSPC);
        shim.fail_at[calls[i]] = 0;
        assert_int_equal(house_commit(journal, 0, 400000), 0);
        assert_true(journal_next_n(journal) > n);
    }
    uint64_t n = journal_next_n(journal) - 1, seq = journal_seq(journal);
    journal_close(journal);
    check_all(n, seq);
}

/* ---- what is fatal ------------------------------------------------------ */

/* Nothing of the failed block is visible, and nothing is written any more, by no call. */
static void check_dead(struct journal *journal, uint64_t n)
{
    unsigned long changes = shim.changes;
    assert_int_equal(journal_next_n(journal), n);
    for (int i = 0; i < 3; i++)
        assert_int_equal(house_commit(journal, 1, 100), -EIO);
    journal_confirm(journal, "sink", 1);
    assert_int_equal(house_read(journal, 0, NULL), n - 1);
    journal_close(journal);
    assert_int_equal(shim.changes, changes);
}

static void journal_is_dead_after_a_failed_sync(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EDQUOT}; // of a sync all are the same
    for (size_t i = 0; i < 3; i++) {
        shim_install();
        struct journal *journal = house_open(NULL);
        uint64_t n = journal_next_n(journal) + 2;
        assert_int_equal(house_commit(journal, 2, 100), 0);
        shim_fail(SHIM_FDATASYNC, errors[i]);
        assert_int_equal(house_commit(journal, 1, 100), -EIO);
        check_dead(journal, n);
        shim_remove();
        journal = house_open(NULL); // the next start reads what is there
        uint64_t there = house_read(journal, 0, NULL);
        assert_true(there == n - 1 || there == n);
        journal_close(journal);
    }
}

static void journal_is_dead_after_any_other_failure(void **state)
{
    (void)state;
    static const enum shim_call calls[] = {SHIM_PWRITE, SHIM_FSYNC, SHIM_RENAMEAT, SHIM_OPENAT};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        shim_install();
        struct journal *journal = house_open(NULL);
        uint64_t n = journal_next_n(journal);
        shim_fail(calls[i], EIO);
        int r = 0;
        while ((r = house_commit(journal, 1, 400000)) == 0)
            n++;
        assert_int_equal(r, -EIO);
        check_dead(journal, n);
        shim_remove();
        journal = house_open(NULL);
        uint64_t there = house_read(journal, 0, NULL);
        assert_true(there == n - 1 || there == n);
        journal_close(journal);
    }
}

static void journal_is_dead_when_its_confirmations_cannot_be_synced(void **state)
{
    (void)state;
    shim_install();
    struct journal *journal = house_open(NULL);
    assert_int_equal(house_commit(journal, 2, 100), 0);
    journal_follow(journal, "sink", NULL);
    shim_fail(SHIM_FDATASYNC, EIO);
    journal_confirm(journal, "sink", 2);
    check_dead(journal, 3);
}

static void journal_is_dead_when_its_directory_is_deleted(void **state)
{
    (void)state;
    shim_install();
    struct journal *journal = house_open(NULL);
    assert_int_equal(house_commit(journal, 1, 100), 0);
    assert_int_equal(unlink(house_last()), 0);
    assert_int_equal(house_commit(journal, 1, 100), -EIO);
    unsigned long changes = shim.changes;
    journal_close(journal);
    assert_int_equal(shim.changes, changes);
}

/* ---- halves ------------------------------------------------------------- */

static void journal_writes_on_after_half_a_write(void **state)
{
    (void)state;
    shim_install();
    shim.halves = true;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 20; i++)
        assert_int_equal(house_commit(journal, 2, 100000), 0);
    journal_close(journal);
    check_all(40, 20);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        T(journal_goes_on_in_its_room_on_a_full_disk),
        T(journal_makes_room_by_what_is_not_needed),
        T(journal_takes_back_half_a_block),
        T(journal_does_without_room_ahead),
        T(journal_waits_when_no_file_can_be_made),
        T(journal_is_dead_after_a_failed_sync),
        T(journal_is_dead_after_any_other_failure),
        T(journal_is_dead_when_its_confirmations_cannot_be_synced),
        T(journal_is_dead_when_its_directory_is_deleted),
        T(journal_writes_on_after_half_a_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
