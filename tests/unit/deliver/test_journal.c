/* SPDX-License-Identifier: MIT */
/* The promise: n and seq are dense for ever, a block is all there or not at all, and nobody sees what is not durable. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "deliver/journal.h"
#include "deliver/segment.h"
#include "house.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct bytes nothing = {NULL, 0};

static void journal_numbers_findings_densely(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    struct finding f[3] = {sample_finding(ROUTE_PAGE), sample_finding(ROUTE_LOG),
                           sample_finding(ROUTE_LOG)};
    f[1].detected_ns = NO_TIME;
    snprintf(f[2].id, sizeof(f[2].id), "earlier");
    for (int i = 0; i < 3; i++)
        assert_int_equal(journal_put(journal, &f[i], NULL), 0);
    char id[FINDING_ID_SIZE];
    snprintf(id, sizeof(id), "%016llx-1", (unsigned long long)journal_epoch(journal));
    assert_string_equal(f[0].id, id);
    assert_string_equal(f[2].id, "earlier");
    assert_int_equal(f[2].n, 3);
    assert_true(f[1].detected_ns > f[0].detected_ns);
    assert_int_equal(journal_commit(journal, nothing, NULL), 0);
    journal_read(journal, &house.reader, 0, JOURNAL_READ_MAX);
    assert_int_equal(house.reader.count, 3);
    struct bytes rest;
    struct json_value data = json_read(house.reader.entries[0].data, &rest);
    assert_true(bytes_is(json_at(data, "n").raw, "1"));
    assert_true(bytes_is(json_at(data, "id").raw, id));
    assert_true(bytes_is(house.reader.entries[0].id, id));
    assert_int_equal(journal_next_n(journal), 4);
    journal_close(journal);
}

static void journal_shows_nothing_before_the_commit(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 3; i++) {
        struct finding f = sample_finding(ROUTE_LOG);
        assert_int_equal(journal_put(journal, &f, NULL), 0);
        assert_int_equal(f.n, (uint64_t)i + 1);
    }
    assert_int_equal(journal_pending(journal), 3);
    assert_int_equal(journal_next_n(journal), 1);
    assert_int_equal(house_read(journal, 0, NULL), 0);
    assert_int_equal(house_files(".seg"), 0);
    journal_close(journal); // and what was only put is forgotten
    journal = house_open(NULL);
    assert_int_equal(journal_next_n(journal), 1);
    assert_int_equal(journal_seq(journal), 0);
    journal_close(journal);
}

static void journal_does_nothing_when_there_is_nothing(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    assert_int_equal(journal_commit(journal, nothing, NULL), 0);
    assert_int_equal(journal_seq(journal), 0);
    assert_int_equal(journal_counts(journal).syncs, 0);
    journal_close(journal);
}

static void journal_keeps_blocks_for_the_replay(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    assert_int_equal(house_commit(journal, 2, 40), 0);
    assert_int_equal(house_commit(journal, 0, 500), 0);
    assert_int_equal(house_commit(journal, 1, 0), 0);
    assert_int_equal(journal_seq(journal), 3);
    for (int i = 0; i < 2; i++) {
        struct seen seen = house_replay(journal, 0);
        assert_int_equal(seen.blocks, 3);
        assert_int_equal(seen.first, 1);
        assert_int_equal(seen.findings, 3);
        assert_int_equal(seen.bytes, 540);
        assert_int_equal(seen.holes, 0);
        assert_int_equal(house_replay(journal, 2).first, 3);
        assert_int_equal(house_replay(journal, 3).blocks, 0);
        assert_int_equal(journal_replay(journal, 4, NULL, NULL), -ESTALE);
        journal_close(journal);
        journal = house_open(NULL);
    }
    assert_int_equal(house_read(journal, 0, NULL), 3);
    journal_close(journal);
}

static int stop_at_two(void *context, const struct journal_block *block)
{
    ++*(int *)context;
    return block->seq == 2 ? 42 : 0;
}

static void journal_replay_ends_when_told_to(void **state)
{
    (void)state;
    int visits = 0;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(house_commit(journal, 1, 10), 0);
    assert_int_equal(journal_replay(journal, 0, stop_at_two, &visits), 42);
    assert_int_equal(visits, 2);
    journal_close(journal);
}

static void journal_goes_over_many_segments(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 40; i++)
        assert_int_equal(house_commit(journal, (size_t)i % 4, 150000), 0);
    assert_true(house_files(".seg") >= 6);
    assert_int_equal(house_commit(journal, 1, 5 << 20), 0); // larger than any segment
    assert_int_equal(house_commit(journal, 1, 10), 0);
    for (int i = 0; i < 2; i++) {
        struct seen seen = house_replay(journal, 0);
        assert_int_equal(seen.blocks, 42);
        assert_int_equal(seen.holes, 0);
        assert_int_equal(house_read(journal, 0, NULL), 62);
        assert_int_equal(house_replay(journal, 39).first, 40);
        journal_close(journal);
        journal = house_open(NULL);
    }
    assert_int_equal(journal_counts(journal).damaged, 0);
    assert_int_equal(journal_counts(journal).torn, 0);
    journal_close(journal);
}

static void journal_recalls_one_finding(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    struct entry entry;
    for (int i = 0; i < 50; i++)
        assert_int_equal(house_commit(journal, 10, 100), 0);
    for (uint64_t n = 1; n <= 500; n++) {
        assert_int_equal(journal_recall(journal, n, &house.reader, &entry), 0);
        assert_int_equal(entry.n, n);
    }
    assert_int_equal(journal_recall(journal, 501, &house.reader, &entry), -ENOENT);
    assert_int_equal(journal_recall(journal, 17, &house.reader, &entry), 0);
    assert_int_equal(entry.n, 17);
    journal_close(journal);
}

static void journal_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    uint64_t epoch = journal_epoch(journal);
    append_findings(journal, 5);
    assert_int_equal(journal_follow(journal, "redis", NULL), 0);
    journal_confirm(journal, "redis", 4);
    journal_close(journal);
    journal = house_open(NULL);
    assert_true(journal_epoch(journal) == epoch);
    assert_int_equal(journal_next_n(journal), 6);
    assert_int_equal(journal_confirmed(journal, "redis"), 4);
    append_findings(journal, 1);
    assert_int_equal(house_read(journal, 0, NULL), 6);
    journal_close(journal);
}

static void journal_gives_other_directories_other_epochs(void **state)
{
    (void)state;
    struct journal *a = house_open(NULL), *b;
    assert_int_equal(journal_open(sandbox_path(&house.sandbox, "other"), NULL, &b, NULL), 0);
    assert_true(journal_epoch(a) != journal_epoch(b));
    journal_close(a);
    journal_close(b);
}

static void journal_belongs_to_one_daemon(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL), *second = NULL;
    struct error error = {""};
    assert_int_equal(journal_open(house_dir(), NULL, &second, &error), -EBUSY);
    assert_non_null(strstr(error.text, "another oddline"));
    assert_null(second);
    journal_close(journal);
}

static void journal_never_gives_a_number_again(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    append_findings(journal, 3);
    journal_close(journal);
    house_flip(house_last(), 0); // the header: the whole file is set aside
    journal = house_open(NULL);
    assert_int_equal(journal_next_n(journal), 4);
    assert_int_equal(journal_counts(journal).damaged, 1);
    assert_int_equal(journal_seq(journal), 3);
    append_findings(journal, 1);
    uint64_t lost;
    assert_int_equal(house_read(journal, 0, &lost), 4);
    assert_int_equal(lost, 3);
    assert_int_equal(house_replay(journal, 0).holes, 1);
    journal_close(journal);
}

static void journal_begins_again_with_a_new_epoch_when_told_to(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    uint64_t epoch = journal_epoch(journal);
    append_findings(journal, 3);
    journal_follow(journal, "redis", NULL);
    journal_confirm(journal, "redis", 3);
    journal_close(journal);
    journal = house_open(&(struct journal_options){.new_epoch = true});
    assert_true(journal_epoch(journal) != epoch);
    assert_int_equal(journal_next_n(journal), 1);
    assert_int_equal(journal_confirmed(journal, "redis"), 0);
    append_findings(journal, 2);
    journal_close(journal);
    journal = house_open(NULL);
    assert_int_equal(house_read(journal, 0, NULL), 2);
    journal_close(journal);
}

static void journal_never_gives_a_confirmed_number_again(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    append_findings(journal, 3);
    journal_follow(journal, "redis", NULL);
    journal_confirm(journal, "redis", 3);
    journal_close(journal);
    unlink(house_last());
    journal = house_open(NULL);
    assert_int_equal(journal_next_n(journal), 4);
    append_findings(journal, 1);
    assert_int_equal(house_read(journal, 3, NULL), 4);
    journal_close(journal);
}

static void journal_is_full_when_a_sink_lags_and_goes_on_when_it_confirms(void **state)
{
    (void)state;
    struct journal_options small = {.max_bytes = JOURNAL_BYTES_LEAST};
    struct journal *journal = house_open(&small);
    struct error error = {""};
    int r = 0;
    assert_int_equal(journal_follow(journal, "slow", NULL), 0);
    while (r == 0) {
        struct finding f = sample_finding(ROUTE_PAGE);
        assert_int_equal(journal_put(journal, &f, NULL), 0);
        r = journal_commit(journal, bytes_of("manifest"), &error);
    }
    assert_int_equal(r, -ENOSPC);
    assert_non_null(strstr(error.text, "outbox: full"));
    uint64_t n = journal_next_n(journal) - 1;
    assert_true(n > 50);
    assert_int_equal(house_read(journal, 0, NULL), n);
    assert_int_equal(journal_pending(journal), 1); // it stays
    journal_confirm(journal, "slow", n / 2);
    assert_int_equal(journal_commit(journal, bytes_of("manifest"), &error), 0);
    assert_int_equal(journal_next_n(journal), n + 2);
    assert_int_equal(house_read(journal, 0, NULL), n + 1);
    assert_true(journal_counts(journal).bytes_written < 2 * JOURNAL_BYTES_LEAST);
    journal_close(journal);
}

static void journal_takes_manifests_when_the_outbox_is_full(void **state)
{
    (void)state;
    struct journal_options small = {.max_bytes = JOURNAL_BYTES_LEAST};
    struct journal *journal = house_open(&small);
    journal_follow(journal, "slow", NULL);
    while (house_commit(journal, 1, 0) == 0)
        ;
    uint64_t seq = journal_seq(journal);
    journal_close(journal);
    journal = house_open(&small);
    journal_follow(journal, "slow", NULL);
    assert_int_equal(house_commit(journal, 0, 100), 0); // no finding in it
    assert_int_equal(journal_seq(journal), seq + 1);
    journal_close(journal);
}

static void journal_refuses_a_flood_in_one_block(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    struct finding f = sample_finding(ROUTE_LOG);
    int r = 0;
    while (r == 0)
        r = journal_put(journal, &f, NULL);
    assert_int_equal(r, -ENOBUFS);
    size_t pending = journal_pending(journal);
    assert_int_equal(f.n, pending); // unchanged since the last good one
    assert_int_equal(journal_commit(journal, nothing, NULL), 0);
    assert_int_equal(journal_next_n(journal), pending + 1);
    assert_int_equal(journal_commit(journal, (struct bytes){"", 17 << 20}, NULL), -EMSGSIZE);
    journal_close(journal);
}

/* More findings behind the last block than a segment has room for, in pieces; none of them is there yet. How many. */
static size_t flood(struct journal *journal)
{
    struct finding f = sample_finding(ROUTE_LOG);
    size_t before = journal_next_n(journal), first = journal_pending(journal);
    int piece = 100; // the first one fits where the last block ended, the next one not
    for (uint64_t bytes = 0; bytes <= 2 * SEGMENT_ROOM; piece = 3000) {
        for (int i = 0; i < piece; i++) {
            f.id[0] = '\0';
            assert_int_equal(journal_put(journal, &f, NULL), 0);
        }
        assert_int_equal(journal_spill(journal, NULL), 0);
        bytes = house_bytes();
    }
    assert_int_equal(journal_next_n(journal), before);
    return journal_pending(journal) - first;
}

static void journal_makes_one_block_of_a_flood_that_was_spilled(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    assert_int_equal(house_commit(journal, 5, 10), 0);
    size_t n = 5 + flood(journal);
    assert_int_equal(house_read(journal, 0, NULL), 5);
    assert_int_equal(house_commit(journal, 3, 40), 0); // the end of the same block
    assert_int_equal(journal_seq(journal), 2);
    assert_int_equal(house_commit(journal, 2, 10), 0); // right behind it
    for (int i = 0; i < 2; i++) {
        assert_int_equal(house_read(journal, 0, NULL), n + 5);
        struct seen seen = house_replay(journal, 0);
        assert_int_equal(seen.blocks, 3);
        assert_int_equal(seen.findings, n + 5);
        assert_int_equal(seen.holes, 0);
        journal_close(journal);
        journal = house_open(NULL);
    }
    assert_int_equal(journal_counts(journal).torn, 0);
    assert_int_equal(house_commit(journal, 1, 0), 0);
    assert_int_equal(house_read(journal, 0, NULL), n + 6);
    journal_close(journal);
}

static void journal_forgets_a_flood_without_its_end(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    assert_int_equal(house_commit(journal, 5, 10), 0);
    flood(journal);
    journal_close(journal); // as a kill would leave it
    journal = house_open(NULL);
    assert_int_equal(journal_counts(journal).torn, 1);
    assert_int_equal(journal_next_n(journal), 6);
    assert_int_equal(house_commit(journal, 2, 10), 0);
    journal_close(journal);
    journal = house_open(NULL);
    assert_int_equal(house_read(journal, 0, NULL), 7);
    assert_int_equal(house_replay(journal, 0).findings, 7);
    journal_close(journal);
}

static void journal_can_be_watched_while_the_daemon_runs(void **state)
{
    (void)state;
    struct journal *journal, *watcher = NULL;
    struct error error = {""};
    assert_int_equal(journal_open_readonly(house_dir(), &watcher, &error), -ENOENT);
    journal = house_open(NULL);
    append_findings(journal, 3);
    assert_int_equal(journal_open_readonly(house_dir(), &watcher, &error), 0);
    assert_int_equal(house_read(watcher, 0, NULL), 3);
    append_findings(journal, 2);
    assert_int_equal(house_read(watcher, 3, NULL), 5);
    for (int i = 0; i < 30; i++) { // segments come, are compacted and go
        assert_int_equal(house_commit(journal, 3, 300000), 0);
        journal_keep(journal, journal_seq(journal));
        assert_int_equal(house_read(watcher, 5 + 3 * (uint64_t)i, NULL), 8 + 3 * (uint64_t)i);
    }
    uint64_t lost;
    assert_int_equal(house_read(watcher, 0, &lost), 95);
    assert_int_equal(lost, 0);
    journal_close(watcher);
    journal_close(journal);
}

static void journal_does_not_grow_by_being_opened(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    for (int i = 0; i < 8; i++)
        assert_int_equal(house_commit(journal, 1, 100000), 0);
    journal_close(journal);
    uint64_t bytes = house_bytes(), files = house_files("");
    for (int i = 0; i < 50; i++) {
        journal = house_open(NULL);
        struct finding f = sample_finding(ROUTE_LOG);
        assert_int_equal(journal_put(journal, &f, NULL), 0);
        journal_close(journal);
        assert_int_equal(house_bytes(), bytes);
        assert_int_equal(house_files(""), files);
    }
}

/* ---- threads ------------------------------------------------------------ */

struct chase {
    struct journal *journal;
    const char *name;
    atomic_bool stop;
    uint64_t seen, until, disorder;
};

static void *chaser(void *data)
{
    struct chase *chase = data;
    struct journal_reader mine;
    if (journal_reader_init(&mine) < 0)
        return NULL;
    while (chase->seen < chase->until) {
        journal_wait(chase->journal, chase->seen, clock_monotonic_ns() + 20 * NS_PER_S,
                     &chase->stop);
        journal_read(chase->journal, &mine, chase->seen, JOURNAL_READ_MAX);
        if (mine.count == 0)
            break;
        for (size_t i = 0; i < mine.count; i++)
            chase->disorder += mine.entries[i].n != ++chase->seen;
        journal_confirm(chase->journal, chase->name, chase->seen);
    }
    journal_reader_free(&mine);
    return NULL;
}

static void journal_serves_readers_while_it_commits_and_compacts(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    struct chase chases[2] = {{.journal = journal, .name = "a", .until = 300},
                              {.journal = journal, .name = "b", .until = 300}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(journal_follow(journal, chases[i].name, NULL), 0);
        pthread_create(&threads[i], NULL, chaser, &chases[i]);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(house_commit(journal, 3, 60000), 0);
        journal_keep(journal, journal_seq(journal) - 5);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(chases[i].seen, 300);
        assert_int_equal(chases[i].disorder, 0);
        assert_int_equal(journal_confirmed(journal, chases[i].name), 300);
    }
    assert_true(journal_counts(journal).bytes_on_disk < 3 << 20);
    journal_close(journal);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        T(journal_numbers_findings_densely),
        T(journal_shows_nothing_before_the_commit),
        T(journal_does_nothing_when_there_is_nothing),
        T(journal_keeps_blocks_for_the_replay),
        T(journal_replay_ends_when_told_to),
        T(journal_goes_over_many_segments),
        T(journal_recalls_one_finding),
        T(journal_goes_on_after_a_restart),
        T(journal_gives_other_directories_other_epochs),
        T(journal_belongs_to_one_daemon),
        T(journal_never_gives_a_number_again),
        T(journal_begins_again_with_a_new_epoch_when_told_to),
        T(journal_never_gives_a_confirmed_number_again),
        T(journal_is_full_when_a_sink_lags_and_goes_on_when_it_confirms),
        T(journal_takes_manifests_when_the_outbox_is_full),
        T(journal_refuses_a_flood_in_one_block),
        T(journal_makes_one_block_of_a_flood_that_was_spilled),
        T(journal_forgets_a_flood_without_its_end),
        T(journal_can_be_watched_while_the_daemon_runs),
        T(journal_does_not_grow_by_being_opened),
        T(journal_serves_readers_while_it_commits_and_compacts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
