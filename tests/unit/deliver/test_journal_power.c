/* SPDX-License-Identifier: MIT */
/*
 * The promise: when the power is cut, all that was committed is there, and all that is there is right.
 *
 *      files as the program sees them ──fdatasync──▶ contents that survive
 *      names as the program sees them ──fsync──────▶ names that survive
 *
 * A model of the hardest disk: what was not synced is gone. After each sync the disk that would be left is laid out in
 * another directory and opened.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "deliver/journal.h"
#include "deliver/snapshot.h"
#include "deliver/sys.h"
#include "house.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 256 };

static struct {
    struct deliver_sys real;
    struct content {
        ino_t inode;
        char *at;
        size_t len;
    } contents[FILES];
    struct name {
        char text[64];
        ino_t inode;
    } names[FILES];
    size_t content_count, name_count;
    unsigned cuts;
    uint64_t safe_n, safe_seq, keep_seq; /* what a commit promised */
    bool watching, snapshots;
} disk;

/* ---- what survives ------------------------------------------------------ */

static struct content *content_of(ino_t inode)
{
    for (size_t i = 0; i < disk.content_count; i++)
        if (disk.contents[i].inode == inode)
            return &disk.contents[i];
    assert_true(disk.content_count < FILES);
    disk.contents[disk.content_count].inode = inode;
    return &disk.contents[disk.content_count++];
}

static void lay_out(const char *to)
{
    char path[400];
    assert_int_equal(mkdir(to, 0700), 0);
    for (size_t i = 0; i < disk.name_count; i++) {
        const struct content *c = content_of(disk.names[i].inode);
        snprintf(path, sizeof(path), "%s/%s", to, disk.names[i].text);
        write_file(path, c->at ? c->at : "", c->len);
    }
}

static void clear(const char *dir)
{
    char path[700];
    DIR *list = opendir(dir);
    for (const struct dirent *d; (d = readdir(list));) {
        snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
        unlink(path);
    }
    closedir(list);
    rmdir(dir);
}

static void check_journal(const char *dir)
{
    struct journal *journal = NULL;
    struct error error = {""};
    uint64_t lost;
    if (journal_open(dir, NULL, &journal, &error) < 0)
        fail_msg("cut %u: %s", disk.cuts, error.text);
    assert_true(journal_next_n(journal) >= disk.safe_n);
    assert_true(journal_seq(journal) >= disk.safe_seq);
    uint64_t first = journal_first_n(journal);
    assert_int_equal(first, 1);
    assert_int_equal(house_read(journal, 0, &lost), journal_next_n(journal) - 1);
    assert_int_equal(lost, 0);
    assert_int_equal(journal_counts(journal).damaged, 0);
    struct seen seen = house_replay(journal, disk.keep_seq);
    assert_int_equal(seen.holes, 0);
    assert_int_equal(seen.blocks, journal_seq(journal) - disk.keep_seq);
    journal_close(journal);
}

static void check_snapshot(const char *dir)
{
    struct snapshot *snapshot = NULL;
    if (disk.safe_seq == 0)
        return;
    assert_int_equal(snapshot_open(dir, 0, &snapshot, NULL), 0);
    assert_true(snapshot_seq(snapshot) >= disk.safe_seq);
    assert_int_equal(snapshot_find(snapshot, "judge").len, 5000);
    snapshot_close(snapshot);
}

/* The power is cut here. */
static void cut(void)
{
    const char *dir = sandbox_path(&house.sandbox, "left");
    if (!disk.watching)
        return;
    struct deliver_sys watched = deliver_sys;
    deliver_sys = disk.real;
    disk.cuts++;
    lay_out(dir);
    if (disk.snapshots)
        check_snapshot(dir);
    else
        check_journal(dir);
    clear(dir);
    deliver_sys = watched;
}

/* ---- the calls that make something survive ------------------------------ */

static int power_fdatasync(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    struct content *c = content_of(st.st_ino);
    free(c->at);
    c->len = (size_t)st.st_size;
    c->at = malloc(c->len + 1);
    char self[64]; // it may be open for writing only
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    int reader = open(self, O_RDONLY);
    assert_true(sys_read(reader, c->at, c->len, 0));
    close(reader);
    cut();
    return 0;
}

static int power_fsync(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY);
    DIR *list = fdopendir(fd);
    disk.name_count = 0;
    for (const struct dirent *d; (d = readdir(list));) {
        struct name *name = &disk.names[disk.name_count];
        if (d->d_type != DT_REG)
            continue;
        assert_true(++disk.name_count < FILES && strlen(d->d_name) < sizeof(name->text));
        snprintf(name->text, sizeof(name->text), "%.63s", d->d_name);
        name->inode = d->d_ino;
    }
    closedir(list);
    cut();
    return 0;
}

static int setup(void **state)
{
    memset(&disk, 0, sizeof(disk));
    disk.real = deliver_sys;
    disk.safe_n = 1;
    return house_setup(state);
}

static int teardown(void **state)
{
    deliver_sys = disk.real;
    for (size_t i = 0; i < disk.content_count; i++)
        free(disk.contents[i].at);
    return house_teardown(state);
}

/* An inode that was freed comes back with another file: what it held is gone. */
static int power_openat(int dir, const char *name, int flags, mode_t mode)
{
    struct stat st;
    bool made = flags & O_CREAT && fstatat(dir, name, &st, 0) < 0;
    int fd = disk.real.openat(dir, name, flags, mode);
    if (fd >= 0 && made && fstat(fd, &st) == 0) {
        struct content *c = content_of(st.st_ino);
        bool named = false; // the old name may still survive, with the old content
        for (size_t i = 0; i < disk.name_count; i++)
            named |= disk.names[i].inode == st.st_ino;
        if (!named)
            c->len = 0;
    }
    return fd;
}

static void power_on(void)
{
    deliver_sys.fdatasync = power_fdatasync;
    deliver_sys.fsync = power_fsync;
    deliver_sys.openat = power_openat;
}

/* ---- the tests ---------------------------------------------------------- */

static void note_safe(struct journal *journal)
{
    disk.safe_n = journal_next_n(journal);
    disk.safe_seq = journal_seq(journal);
}

static void journal_survives_a_power_cut_after_any_sync(void **state)
{
    (void)state;
    power_on();
    struct journal *journal = house_open(NULL);
    disk.watching = true;
    for (int i = 0; i < 24; i++) {
        assert_int_equal(house_commit(journal, 2, 200000), 0);
        note_safe(journal);
        cut(); // what the commit promised is there
    }
    journal_close(journal);
    assert_true(disk.cuts > 40);
}

static void journal_survives_a_power_cut_while_it_compacts(void **state)
{
    (void)state;
    power_on();
    struct journal *journal = house_open(NULL);
    disk.watching = true;
    for (int i = 0; i < 24; i++) {
        assert_int_equal(house_commit(journal, 2, 300000), 0);
        note_safe(journal);
        disk.keep_seq = disk.safe_seq > 3 ? disk.safe_seq - 3 : 0;
        journal_keep(journal, disk.keep_seq);
        cut();
    }
    assert_true(house_files(".seg") < 6); // it did compact
    journal_close(journal);
}

static void snapshot_survives_a_power_cut_after_any_sync(void **state)
{
    (void)state;
    char text[5000] = "state";
    power_on();
    disk.watching = disk.snapshots = true;
    for (uint64_t seq = 1; seq < 10; seq++) {
        struct snapshot_writer writer;
        assert_int_equal(snapshot_begin(&writer, house.sandbox.dir, seq, NULL), 0);
        snapshot_section(&writer, "judge", (struct bytes){text, sizeof(text)});
        assert_int_equal(snapshot_end(&writer, 1, NULL), 0);
        disk.safe_seq = seq;
        cut();
    }
    assert_true(disk.cuts > 20);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(journal_survives_a_power_cut_after_any_sync),
        T(journal_survives_a_power_cut_while_it_compacts),
        T(snapshot_survives_a_power_cut_after_any_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
