/* SPDX-License-Identifier: MIT */
/* The promise: what is needed stays and can be read, what is not goes, and a reader never notices. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/courier.h"
#include "deliver/journal.h"
#include "house.h"
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static void commit_many(struct journal *journal, int blocks, size_t findings, size_t manifest)
{
    for (int i = 0; i < blocks; i++)
        assert_int_equal(house_commit(journal, findings, manifest), 0);
}

static void check_kept(struct journal *journal, uint64_t next_n)
{
    uint64_t lost, first = journal_first_n(journal);
    assert_int_equal(journal_next_n(journal), next_n);
    assert_int_equal(house_read(journal, first - 1, &lost), next_n - 1);
    assert_int_equal(lost, 0);
}

/* ---- manifests ---------------------------------------------------------- */

static void tidy_keeps_manifests_until_told(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    commit_many(journal, 20, 1, 200000);
    assert_int_equal(house_replay(journal, 0).blocks, 20);
    journal_keep(journal, 10);
    commit_many(journal, 4, 1, 10);
    struct seen seen = house_replay(journal, 10);
    assert_int_equal(seen.blocks, 14);
    assert_int_equal(seen.holes, 0);
    assert_true(house_replay(journal, 0).holes == 1); // what was said not to be needed is gone
    assert_true(house_bytes() < 4 * MIB);
    check_kept(journal, 25); // but its findings are here
    assert_int_equal(journal_first_n(journal), 1);
    journal_close(journal);
    journal = house_open(NULL);
    check_kept(journal, 25);
    assert_int_equal(journal_first_n(journal), 1);
    assert_int_equal(house_replay(journal, 10).blocks, 14);
    assert_int_equal(journal_counts(journal).damaged, 0);
    journal_close(journal);
}

static void tidy_deletes_what_has_no_findings(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 60; i++) {
        commit_many(journal, 1, 0, 300000);
        journal_keep(journal, journal_seq(journal) - 2);
    }
    assert_true(house_files(".seg") <= 3);
    assert_int_equal(journal_seq(journal), 60);
    assert_int_equal(house_replay(journal, 58).blocks, 2);
    journal_close(journal);
    journal = house_open(NULL);
    assert_int_equal(journal_seq(journal), 60);
    assert_int_equal(journal_counts(journal).damaged, 0);
    journal_close(journal);
}

static void tidy_joins_compact_files(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 60; i++) {
        commit_many(journal, 1, 2, 500000);
        journal_keep(journal, journal_seq(journal));
    }
    assert_true(house_files(".seg") <= 4); // of thirty
    check_kept(journal, 121);
    assert_int_equal(journal_first_n(journal), 1);
    journal_close(journal);
    journal = house_open(NULL);
    check_kept(journal, 121);
    journal_close(journal);
}

/* ---- readers ------------------------------------------------------------ */

static void tidy_does_not_disturb_a_reader_that_stands_there(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    commit_many(journal, 12, 3, 200000);
    uint64_t n = 0;
    for (int i = 0; i < 12; i++) { // it reads two, then everything moves under it
        journal_read(journal, &house.reader, n, 2);
        for (size_t k = 0; k < house.reader.count; k++)
            assert_int_equal(house.reader.entries[k].n, ++n);
        journal_keep(journal, journal_seq(journal));
        commit_many(journal, 1, 1, 400000);
    }
    assert_int_equal(n, 24);
    assert_int_equal(house_read(journal, n, NULL), 48);
    journal_close(journal);
}

/* ---- confirmed findings ------------------------------------------------- */

static void tidy_keeps_confirmed_findings_for_sending_again(void **state)
{
    (void)state;
    struct journal_options options = {.max_bytes = 16 * MIB, .keep_bytes = 3 * MIB};
    struct journal *journal = house_open(&options);
    assert_int_equal(journal_follow(journal, "redis", NULL), 0);
    commit_many(journal, 40, 100, 0); // more than 6 MiB
    assert_int_equal(journal_first_n(journal), 1);
    journal_confirm(journal, "redis", 4000);
    commit_many(journal, 40, 1, 0);
    check_kept(journal, 4041);
    uint64_t bytes = journal_counts(journal).bytes_on_disk;
    assert_true(bytes > 2 * MIB && bytes < 5 * MIB);
    assert_true(journal_first_n(journal) > 500);
    journal_close(journal);
}

static void tidy_keeps_confirmed_findings_for_a_time(void **state)
{
    (void)state;
    struct journal_options options = {.keep_ns = NS_PER_MS};
    struct journal *journal = house_open(&options);
    assert_int_equal(journal_follow(journal, "redis", NULL), 0);
    commit_many(journal, 20, 100, 0);
    usleep(2000);
    commit_many(journal, 20, 1, 0);
    assert_int_equal(journal_first_n(journal), 1); // unconfirmed ones stay for ever
    journal_confirm(journal, "redis", 2020);
    commit_many(journal, 20, 1, 0);
    assert_true(journal_first_n(journal) > 1000);
    check_kept(journal, 2041);
    journal_close(journal);
}

static void tidy_bounds_findings_that_nobody_follows(void **state)
{
    (void)state;
    struct journal_options options = {.max_bytes = 4 * MIB};
    struct journal *journal = house_open(&options);
    commit_many(journal, 100, 100, 0);
    assert_true(journal_counts(journal).bytes_on_disk <= 6 * MIB);
    assert_true(journal_counts(journal).bytes_on_disk >= 3 * MIB);
    check_kept(journal, 10001);
    // a reader that asks for what is gone gets what is there
    journal_read(journal, &house.reader, 0, 1);
    assert_int_equal(house.reader.entries[0].n, journal_first_n(journal));
    journal_close(journal);
}

/* ---- a sink that comes late --------------------------------------------- */

struct late {
    struct sink sink;
    _Atomic uint64_t first, has, taken, disorder;
};

static int late_publish(struct sink *sink, const struct entry *entries, size_t count,
                        uint64_t *ret_confirmed, struct error *reterr)
{
    struct late *late = (struct late *)sink;
    (void)reterr;
    for (size_t i = 0; i < count; i++) {
        if (late->taken++ == 0)
            late->first = entries[i].n;
        else
            late->disorder += entries[i].n != late->has + 1;
        late->has = entries[i].n;
    }
    if (late->has)
        *ret_confirmed = late->has;
    return 0;
}

static void late_close(struct sink *sink)
{
    (void)sink;
}

static void tidy_leaves_a_late_sink_everything_that_is_kept_once(void **state)
{
    (void)state;
    static const struct sink_ops ops = {
        .name = "late", .publish = late_publish, .close = late_close};
    struct journal_options options = {.max_bytes = 4 * MIB};
    struct journal *journal = house_open(&options);
    struct courier *courier = NULL;
    uint64_t first = 0, next = 0;
    commit_many(journal, 60, 100, 0);
    first = journal_first_n(journal);
    assert_true(first > 1);
    for (int i = 0; i < 2; i++) {
        struct late late = {.sink = {&ops}, .has = next ? next - 1 : 0};
        struct courier_sink sinks[1] = {{"late", &late.sink}};
        assert_int_equal(courier_start(journal, sinks, 1, &courier, NULL), 0);
        assert_true(courier_stop(courier, clock_monotonic_ns() + 20 * NS_PER_S));
        next = journal_next_n(journal);
        assert_int_equal(late.taken, i == 0 ? next - first : 0);
        assert_int_equal(late.disorder, 0);
        assert_true(i == 1 || late.first == first);
        assert_int_equal(journal_confirmed(journal, "late"), next - 1);
        journal_close(journal);
        journal = house_open(&options);
    }
    journal_close(journal);
}

/* ---- trouble ------------------------------------------------------------ */

static void tidy_that_is_cut_short_costs_nothing(void **state)
{
    (void)state;
    static const enum shim_call calls[] = {SHIM_OPENAT, SHIM_PWRITE, SHIM_RENAMEAT,
                                           SHIM_UNLINKAT};
    for (size_t i = 0; i < 4; i++) {
        shim_install();
        struct journal *journal = house_open(NULL);
        uint64_t n = journal_next_n(journal);
        commit_many(journal, 9, 1, 300000);
        for (int k = 0; k < 6; k++) { // room comes and goes
            shim_fail(calls[i], ENOSPC);
            shim.fail_at[calls[i]] += (unsigned)k % 3;
            journal_keep(journal, journal_seq(journal));
            if (house_commit(journal, 1, 10) < 0)
                assert_int_equal(journal_commit(journal, bytes_of("again"), NULL), 0);
        }
        check_kept(journal, n + 15);
        shim_remove();
        journal_close(journal);
        journal = house_open(NULL);
        check_kept(journal, n + 15);
        assert_int_equal(journal_first_n(journal), 1);
        journal_close(journal);
    }
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        T(tidy_keeps_manifests_until_told),
        T(tidy_deletes_what_has_no_findings),
        T(tidy_joins_compact_files),
        T(tidy_does_not_disturb_a_reader_that_stands_there),
        T(tidy_keeps_confirmed_findings_for_sending_again),
        T(tidy_keeps_confirmed_findings_for_a_time),
        T(tidy_bounds_findings_that_nobody_follows),
        T(tidy_leaves_a_late_sink_everything_that_is_kept_once),
        T(tidy_that_is_cut_short_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
