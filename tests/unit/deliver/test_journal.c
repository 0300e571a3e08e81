/* SPDX-License-Identifier: MIT */
/* The promise: n is dense for ever, what append accepted is durable, and the directory stays within its bound. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "deliver/journal.h"
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sandbox sandbox;
static struct journal_reader reader;
static const struct journal_options small = {.max_bytes = JOURNAL_BYTES_LEAST};

static int setup(void **state)
{
    (void)state;
    sandbox_make(&sandbox);
    return journal_reader_init(&reader);
}

static int teardown(void **state)
{
    (void)state;
    journal_reader_free(&reader);
    sandbox_remove(&sandbox);
    return 0;
}

static const char *home(void)
{
    return sandbox_path(&sandbox, "journal");
}

static struct journal *open_it(const struct journal_options *options)
{
    struct journal *journal = NULL;
    struct error error = {""};
    int r = journal_open(home(), options, &journal, &error);
    if (r < 0)
        fail_msg("%s", error.text);
    return journal;
}

/* Everything behind `after` is there, dense; returns the last n. */
static uint64_t read_dense(struct journal *journal, uint64_t after)
{
    for (;;) {
        journal_read(journal, &reader, after, JOURNAL_READ_MAX);
        for (size_t i = 0; i < reader.count; i++) {
            assert_int_equal(reader.entries[i].n, ++after);
            assert_int_equal(reader.entries[i].epoch, journal_epoch(journal));
        }
        if (reader.count == 0)
            return after;
    }
}

/* The bytes of all segments; *ret_last gets the path of the newest one. */
static uint64_t segment_bytes(char ret_last[512])
{
    uint64_t bytes = 0;
    char path[512] = "";
    ret_last[0] = '\0';
    DIR *dir = opendir(home());
    for (struct dirent *d; (d = readdir(dir));) {
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", home(), d->d_name);
        if (!strstr(path, ".seg") || strstr(path, ".damaged") || stat(path, &st) < 0)
            continue;
        bytes += (uint64_t)st.st_size;
        if (strcmp(path, ret_last) > 0)
            memcpy(ret_last, path, sizeof(path));
    }
    closedir(dir);
    return bytes;
}

static void journal_numbers_findings_densely(void **state)
{
    (void)state;
    struct journal *journal = open_it(NULL);
    struct finding f[3] = {sample_finding(ROUTE_PAGE), sample_finding(ROUTE_LOG),
                           sample_finding(ROUTE_LOG)};
    f[1].detected_ns = NO_TIME;
    snprintf(f[2].id, sizeof(f[2].id), "earlier");
    assert_int_equal(journal_append(journal, f, 3, NULL), 0);
    char id[FINDING_ID_SIZE];
    snprintf(id, sizeof(id), "%016llx-1", (unsigned long long)journal_epoch(journal));
    assert_string_equal(f[0].id, id);
    assert_string_equal(f[2].id, "earlier");
    assert_int_equal(f[2].n, 3);
    assert_true(f[1].detected_ns > f[0].detected_ns);
    journal_read(journal, &reader, 0, JOURNAL_READ_MAX);
    assert_int_equal(reader.count, 3);
    struct bytes rest;
    struct json_value data = json_read(reader.entries[0].data, &rest);
    assert_true(bytes_is(json_at(data, "n").raw, "1"));
    assert_true(bytes_is(json_at(data, "id").raw, id));
    assert_true(bytes_is(reader.entries[0].id, id));
    assert_int_equal(journal_next_n(journal), 4);
    journal_close(journal);
}

static void journal_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct journal *journal = open_it(NULL);
    uint64_t epoch = journal_epoch(journal);
    append_findings(journal, 5);
    assert_int_equal(journal_follow(journal, "redis", NULL), 0);
    journal_confirm(journal, "redis", 4);
    journal_close(journal);
    journal = open_it(NULL);
    assert_true(journal_epoch(journal) == epoch);
    assert_int_equal(journal_next_n(journal), 6);
    assert_int_equal(journal_confirmed(journal, "redis"), 4);
    append_findings(journal, 1);
    assert_int_equal(read_dense(journal, 0), 6);
    journal_close(journal);
}

static void journal_gives_other_directories_other_epochs(void **state)
{
    (void)state;
    struct journal *a = open_it(NULL), *b;
    assert_int_equal(journal_open(sandbox_path(&sandbox, "other"), NULL, &b, NULL), 0);
    assert_true(journal_epoch(a) != journal_epoch(b));
    journal_close(a);
    journal_close(b);
}

static void journal_belongs_to_one_daemon(void **state)
{
    (void)state;
    struct journal *journal = open_it(NULL), *second = NULL;
    struct error error = {""};
    assert_int_equal(journal_open(home(), NULL, &second, &error), -EBUSY);
    assert_non_null(strstr(error.text, "another oddline"));
    assert_null(second);
    journal_close(journal);
}

static void journal_is_full_when_a_sink_lags_and_goes_on_when_it_confirms(void **state)
{
    (void)state;
    struct journal *journal = open_it(&small);
    char last[512];
    int r = 0;
    assert_int_equal(journal_follow(journal, "slow", NULL), 0);
    while (r == 0) {
        struct finding f = sample_finding(ROUTE_PAGE);
        r = journal_append(journal, &f, 1, NULL);
        if (r < 0) {
            assert_string_equal(f.id, ""); // unchanged
            assert_int_equal(f.n, 0);
        }
    }
    assert_int_equal(r, -ENOSPC);
    uint64_t n = journal_next_n(journal) - 1;
    assert_true(n > 50);
    assert_true(segment_bytes(last) <= JOURNAL_BYTES_LEAST);
    assert_int_equal(read_dense(journal, 0), n);
    journal_confirm(journal, "slow", n);
    append_findings(journal, 1);
    assert_true(journal_first_n(journal) > 1); // the oldest went
    assert_true(journal_first_n(journal) < n); // and only that
    assert_int_equal(read_dense(journal, journal_first_n(journal) - 1), n + 1);
    journal_close(journal);
}

static void journal_stays_bounded_when_nobody_follows(void **state)
{
    (void)state;
    struct journal *journal = open_it(&small);
    char last[512];
    append_findings(journal, 600);
    assert_true(segment_bytes(last) <= JOURNAL_BYTES_LEAST);
    // a reader that asks for what is gone gets what is there
    journal_read(journal, &reader, 0, 1);
    assert_int_equal(reader.entries[0].n, journal_first_n(journal));
    journal_close(journal);
}

static void journal_refuses_too_much_at_once(void **state)
{
    (void)state;
    struct journal *journal = open_it(&small);
    struct finding *many = calloc(200, sizeof(*many));
    for (int i = 0; i < 200; i++)
        many[i] = sample_finding(ROUTE_LOG);
    assert_int_equal(journal_append(journal, many, 200, NULL), -EMSGSIZE);
    assert_int_equal(journal_next_n(journal), 1);
    assert_int_equal(journal_append(journal, many, 20, NULL), 0);
    free(many);
    journal_close(journal);
}

static void journal_cuts_a_torn_tail_and_gives_its_number_again(void **state)
{
    (void)state;
    char last[512];
    struct stat st;
    struct journal *journal = open_it(NULL);
    append_findings(journal, 3);
    journal_close(journal);
    segment_bytes(last);
    stat(last, &st);
    assert_int_equal(truncate(last, st.st_size - 5), 0);
    off_t torn = st.st_size - 5;
    journal = open_it(NULL);
    assert_int_equal(stat(last, &st), 0);
    assert_true(st.st_size < torn);
    assert_int_equal(journal_next_n(journal), 3);
    append_findings(journal, 2);
    journal_close(journal);
    journal = open_it(NULL);
    assert_int_equal(read_dense(journal, 0), 4);
    assert_int_equal(journal_damaged(journal), 0);
    journal_close(journal);
}

static void damage(const char *path, off_t offset)
{
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "XXXX", 4, offset), 4);
    close(fd);
}

static void journal_names_a_lost_finding_in_its_place(void **state)
{
    (void)state;
    char last[512];
    struct stat st;
    struct journal *journal = open_it(NULL);
    append_findings(journal, 3);
    journal_close(journal);
    segment_bytes(last);
    stat(last, &st);
    damage(last, st.st_size / 2);
    journal = open_it(NULL);
    assert_int_equal(journal_damaged(journal), 1);
    assert_int_equal(read_dense(journal, 0), 3);
    journal_read(journal, &reader, 0, 8);
    assert_int_equal(reader.count, 3);
    struct bytes rest;
    struct json_value data = json_read(reader.entries[1].data, &rest);
    assert_true(bytes_is(json_at(data, "kind").raw, "gap"));
    assert_true(bytes_is(json_at(data, "n").raw, "2"));
    assert_int_equal(reader.entries[1].route, ROUTE_LOG);
    journal_close(journal);
}

static void journal_never_gives_a_confirmed_number_again(void **state)
{
    (void)state;
    char last[512];
    struct journal *journal = open_it(NULL);
    append_findings(journal, 3);
    journal_follow(journal, "redis", NULL);
    journal_confirm(journal, "redis", 3);
    journal_close(journal);
    segment_bytes(last);
    damage(last, 0); // the header: the whole file is set aside
    journal = open_it(NULL);
    assert_int_equal(journal_next_n(journal), 4);
    assert_int_equal(journal_damaged(journal), 1);
    append_findings(journal, 1);
    assert_int_equal(read_dense(journal, 3), 4);
    journal_close(journal);
}

static void journal_begins_again_with_a_new_epoch_when_told_to(void **state)
{
    (void)state;
    struct journal *journal = open_it(NULL);
    uint64_t epoch = journal_epoch(journal);
    append_findings(journal, 3);
    journal_follow(journal, "redis", NULL);
    journal_confirm(journal, "redis", 3);
    journal_close(journal);
    journal = open_it(&(struct journal_options){.new_epoch = true});
    assert_true(journal_epoch(journal) != epoch);
    assert_int_equal(journal_next_n(journal), 1);
    append_findings(journal, 2);
    journal_close(journal);
    journal = open_it(NULL);
    assert_int_equal(read_dense(journal, 0), 2);
    journal_close(journal);
}

static void journal_can_be_watched_while_the_daemon_runs(void **state)
{
    (void)state;
    struct journal *journal, *watcher = NULL;
    struct error error = {""};
    assert_int_equal(journal_open_readonly(home(), &watcher, &error), -ENOENT);
    journal = open_it(&small);
    append_findings(journal, 3);
    assert_int_equal(journal_open_readonly(home(), &watcher, &error), 0);
    assert_int_equal(read_dense(watcher, 0), 3);
    append_findings(journal, 2);
    assert_int_equal(read_dense(watcher, 3), 5);
    append_findings(journal, 600); // segments come and go
    assert_int_equal(read_dense(watcher, journal_first_n(journal) - 1), 605);
    journal_close(watcher);
    journal_close(journal);
}

static void journal_keeps_a_full_disk_from_costing_anything(void **state)
{
    (void)state;
    // a segment whose file cannot be written any more: its descriptor is turned to /dev/full by name
    struct journal *journal = open_it(NULL);
    append_findings(journal, 2);
    char last[512];
    segment_bytes(last);
    struct stat st;
    assert_int_equal(stat(last, &st), 0);
    int full = open("/dev/full", O_RDWR), mine = -1;
    for (int fd = 3; fd < 64; fd++) {
        struct stat other;
        if (fstat(fd, &other) == 0 && other.st_ino == st.st_ino && other.st_dev == st.st_dev)
            mine = fd;
    }
    assert_true(mine >= 0);
    int keep = dup(mine);
    dup2(full, mine);
    struct finding f = sample_finding(ROUTE_PAGE);
    assert_int_equal(journal_append(journal, &f, 1, NULL), -ENOSPC);
    assert_int_equal(f.n, 0);
    dup2(keep, mine);
    close(keep);
    close(full);
    append_findings(journal, 1);
    char next[512];
    segment_bytes(next);
    assert_string_not_equal(next, last); // what failed once is not trusted with more
    assert_int_equal(read_dense(journal, 0), 3);
    journal_close(journal);
}

struct chase {
    struct journal *journal;
    atomic_bool stop;
    uint64_t seen;
};

static void *chaser(void *data)
{
    struct chase *chase = data;
    struct journal_reader mine;
    if (journal_reader_init(&mine) < 0)
        return NULL;
    while (chase->seen < 300) {
        journal_wait(chase->journal, chase->seen, clock_monotonic_ns() + 20 * NS_PER_S,
                    &chase->stop);
        journal_read(chase->journal, &mine, chase->seen, JOURNAL_READ_MAX);
        if (mine.count == 0)
            break;
        chase->seen = mine.entries[mine.count - 1].n;
        journal_confirm(chase->journal, "chaser", chase->seen);
    }
    journal_reader_free(&mine);
    return NULL;
}

static void journal_wakes_a_reader_in_another_thread(void **state)
{
    (void)state;
    struct chase chase = {.journal = open_it(NULL)};
    pthread_t thread;
    assert_int_equal(journal_follow(chase.journal, "chaser", NULL), 0);
    pthread_create(&thread, NULL, chaser, &chase);
    append_findings(chase.journal, 300);
    pthread_join(thread, NULL);
    assert_int_equal(chase.seen, 300);
    assert_int_equal(journal_confirmed(chase.journal, "chaser"), 300);
    journal_close(chase.journal);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(journal_numbers_findings_densely),
        T(journal_goes_on_after_a_restart),
        T(journal_gives_other_directories_other_epochs),
        T(journal_belongs_to_one_daemon),
        T(journal_is_full_when_a_sink_lags_and_goes_on_when_it_confirms),
        T(journal_stays_bounded_when_nobody_follows),
        T(journal_refuses_too_much_at_once),
        T(journal_cuts_a_torn_tail_and_gives_its_number_again),
        T(journal_names_a_lost_finding_in_its_place),
        T(journal_never_gives_a_confirmed_number_again),
        T(journal_begins_again_with_a_new_epoch_when_told_to),
        T(journal_can_be_watched_while_the_daemon_runs),
        T(journal_keeps_a_full_disk_from_costing_anything),
        T(journal_wakes_a_reader_in_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
