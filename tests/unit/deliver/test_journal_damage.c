/* SPDX-License-Identifier: MIT */
/*
 * The promise: whatever happened to the files, a journal that opens shows no wrong finding and no wrong manifest, n stays
 * dense, and what is missing is said; a directory that is not ours is refused and left as it is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/log.h"
#include "deliver/journal.h"
#include "house.h"
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Three blocks with findings 1-2, 3, 4-5; *ret_ends[i] is where block i ends in the only file, which is saved. */
static char *make(uint64_t ends[4], size_t *ret_len)
{
    static const size_t findings[3] = {2, 1, 2};
    shim_install();
    shim.quick = true;
    struct journal *journal = house_open(NULL);
    ends[0] = 80;
    for (int i = 0; i < 3; i++) {
        uint64_t before = journal_counts(journal).bytes_written;
        assert_int_equal(house_commit(journal, findings[i], 60), 0);
        ends[i + 1] = ends[i] + journal_counts(journal).bytes_written - before;
    }
    journal_close(journal);
    assert_int_equal(truncate(house_last(), (off_t)ends[3] + 1000), 0);
    return read_whole(house_last(), ret_len);
}

static void put_back(const char *path, const char *file, size_t len)
{
    char aside[512 + 16];
    snprintf(aside, sizeof(aside), "%s.damaged", path);
    unlink(aside);
    int fd = open(path, O_WRONLY | O_CREAT,
                  0600); // cutting it to nothing first would be slow on ext4
    assert_int_equal(pwrite(fd, file, len, 0), (ssize_t)len);
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    close(fd);
}

/* A7 */
static void journal_cuts_a_torn_tail_at_every_byte(void **state)
{
    (void)state;
    uint64_t ends[4];
    size_t len;
    char path[512], *file = make(ends, &len);
    snprintf(path, sizeof(path), "%s", house_last());
    for (uint64_t cut = ends[2]; cut < ends[3]; cut++) {
        bool whole = cut + 4 >= ends[3]; // the zeros behind the manifest say nothing
        put_back(path, file, cut);
        struct journal *journal = house_open(NULL);
        assert_int_equal(journal_seq(journal), whole ? 3 : 2);
        assert_int_equal(journal_next_n(journal), whole ? 6 : 4);
        assert_int_equal(journal_counts(journal).torn, cut > ends[2] && !whole);
        assert_int_equal(journal_counts(journal).damaged, 0);
        if (cut % 16 == 0 && !whole) { // and it goes on there
            uint64_t lost;
            assert_int_equal(house_commit(journal, 1, 5), 0);
            journal_close(journal);
            journal = house_open(NULL);
            assert_int_equal(house_read(journal, 0, &lost), 4);
            assert_int_equal(lost, 0);
            assert_int_equal(house_replay(journal, 0).blocks, 3);
            assert_int_equal(journal_counts(journal).torn, 0);
        }
        journal_close(journal);
    }
    free(file);
}

/* The pages of a write reach the disk in any order: a torn block may have holes of zeros. */
static void journal_cuts_a_torn_tail_with_holes(void **state)
{
    (void)state;
    uint64_t ends[4];
    size_t len;
    char path[512], *file = make(ends, &len), *torn = malloc(len);
    snprintf(path, sizeof(path), "%s", house_last());
    for (uint64_t from = ends[2]; from + 512 < ends[3]; from += 64) {
        uint64_t lost;
        memcpy(torn, file, len);
        memset(torn + from, 0, 512);
        put_back(path, torn, len);
        struct journal *journal = house_open(NULL);
        assert_int_equal(journal_seq(journal), 2);
        assert_int_equal(journal_counts(journal).torn, 1);
        assert_int_equal(house_read(journal, 0, &lost), 3);
        assert_int_equal(lost, 0);
        journal_close(journal);
    }
    free(torn);
    free(file);
}

/* A8: what the journal says must be right with the byte at `at` turned over. */
static void check_flipped(uint64_t at, const uint64_t ends[4])
{
    uint64_t lost;
    struct journal *journal = house_open(NULL);
    uint64_t n = house_read(journal, 0, &lost); // each finding is checked there
    struct seen seen = house_replay(journal, 0);
    assert_int_equal(n, journal_next_n(journal) - 1);
    if (at >= ends[2]) { // the last block: cut, unless it was padding
        assert_true((n == 3 && journal_seq(journal) == 2) || (n == 5 && seen.blocks == 3));
        assert_int_equal(lost, 0);
    } else {
        assert_int_equal(journal_seq(journal), 3);
        assert_true(lost <= 1 && n == 5);
        assert_true(seen.blocks + seen.holes == 3 && seen.last == 3);
        assert_int_equal(journal_counts(journal).damaged, lost || seen.holes);
    }
    journal_close(journal);
}

static void journal_shows_no_wrong_finding_at_any_flipped_byte(void **state)
{
    (void)state;
    uint64_t ends[4];
    size_t len;
    char path[512], *file = make(ends, &len);
    snprintf(path, sizeof(path), "%s", house_last());
    for (uint64_t at = ends[0]; at < ends[3]; at++) {
        put_back(path, file, len);
        house_flip(path, at);
        check_flipped(at, ends);
    }
    free(file);
}

static void journal_sets_a_file_with_a_damaged_header_aside(void **state)
{
    (void)state;
    uint64_t ends[4], lost;
    size_t len;
    char path[512], *file = make(ends, &len);
    snprintf(path, sizeof(path), "%s", house_last());
    for (uint64_t at = 0; at < ends[0]; at++) {
        put_back(path, file, len);
        house_flip(path, at);
        struct journal *journal = house_open(NULL);
        assert_int_equal(journal_counts(journal).damaged, 1);
        assert_int_equal(journal_next_n(journal), 6); // what it gave away it never gives again
        assert_int_equal(journal_seq(journal), 3);
        assert_int_equal(house_replay(journal, 0).holes, 1);
        assert_int_equal(house_files(".damaged"), 1);
        assert_int_equal(house_commit(journal, 1, 1), 0);
        assert_int_equal(house_read(journal, 0, &lost), 6);
        assert_int_equal(lost, 5);
        journal_close(journal);
        unlink(house_last());
    }
    free(file);
}

static void journal_names_what_is_lost_between_two_files(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    uint64_t lost;
    char path[512];
    for (int i = 0; i < 12; i++)
        assert_int_equal(house_commit(journal, 2, 300000), 0);
    journal_close(journal);
    assert_int_equal(house_files(".seg"), 4);
    snprintf(path, sizeof(path), "%s/0000000000000004.seg", house_dir());
    assert_int_equal(unlink(path), 0);
    for (int i = 0; i < 2; i++) { // the same each time
        journal = house_open(NULL);
        assert_int_equal(journal_counts(journal).damaged, 1);
        assert_int_equal(house_read(journal, 0, &lost), 24);
        assert_int_equal(lost, 6);
        struct seen seen = house_replay(journal, 0);
        assert_int_equal(seen.blocks, 9);
        assert_int_equal(seen.holes, 1);
        journal_close(journal);
    }
}

static void journal_says_a_lost_finding_in_the_same_words_for_ever(void **state)
{
    (void)state;
    char words[2][4096] = {""};
    struct journal *journal = house_open(NULL);
    struct entry entry;
    for (int i = 0; i < 8; i++)
        assert_int_equal(house_commit(journal, 1, 300000), 0);
    journal_close(journal);
    char path[512];
    snprintf(path, sizeof(path), "%s/0000000000000001.seg", house_dir());
    house_flip(path, 200); // in the first finding
    for (int i = 0; i < 2; i++) {
        journal = house_open(NULL);
        assert_int_equal(journal_recall(journal, 1, &house.reader, &entry), 0);
        snprintf(words[i], sizeof(words[i]), "%.*s", (int)entry.data.len, entry.data.at);
        assert_non_null(strstr(words[i], "a finding was lost"));
        journal_keep(journal, 100); // the next commit compacts that file
        assert_int_equal(house_commit(journal, 1, 300000), 0);
        assert_int_equal(house_commit(journal, 1, 300000), 0);
        house.reader.count = 0;
        journal_close(journal);
    }
    assert_string_equal(words[0], words[1]);
}

/* ---- directories that are not ours -------------------------------------- */

/* Names, sizes and contents, folded. */
static uint64_t fingerprint(void)
{
    uint64_t sum = 0;
    DIR *dir = opendir(house_dir());
    for (const struct dirent *d; (d = readdir(dir));) {
        char path[512];
        struct stat st;
        size_t len;
        snprintf(path, sizeof(path), "%s/%s", house_dir(), d->d_name);
        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        char *text = read_whole(path, &len);
        uint64_t one = 14695981039346656037u;
        for (const char *c = d->d_name; *c; c++)
            one = (one ^ (unsigned char)*c) * 1099511628211u;
        for (size_t i = 0; i < len; i++)
            one = (one ^ (unsigned char)text[i]) * 1099511628211u;
        sum += one;
        free(text);
    }
    closedir(dir);
    return sum;
}

static void check_refused(const char *word)
{
    struct journal *journal = NULL;
    struct error error = {""};
    uint64_t before = fingerprint();
    assert_int_equal(journal_open(house_dir(), NULL, &journal, &error), -EBADMSG);
    assert_null(journal);
    assert_non_null(strstr(error.text, word));
    assert_true(fingerprint() == before);
    assert_int_equal(journal_open_readonly(house_dir(), &journal, &error), -EBADMSG);
}

static void journal_refuses_files_of_another_epoch(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    append_findings(journal, 3);
    journal_close(journal);
    write_file(sandbox_path(&house.sandbox, "journal/epoch"), "0123456789abcdef\n", 17);
    check_refused("the directory is of 0123456789abcdef");
    // to begin again is allowed
    journal = house_open(&(struct journal_options){.new_epoch = true});
    assert_int_equal(journal_next_n(journal), 1);
    append_findings(journal, 1);
    journal_close(journal);
    journal = house_open(NULL);
    assert_int_equal(house_read(journal, 0, NULL), 1);
    journal_close(journal);
}

static void journal_refuses_files_of_another_version(void **state)
{
    (void)state;
    uint64_t header[4] = {UINT64_C(0x01006b636c646f6f), 1, 1, 0};
    struct journal *journal = house_open(NULL);
    append_findings(journal, 3);
    journal_close(journal);
    header[3] = hash_bytes((struct bytes){(const char *)header, 24});
    write_file(sandbox_path(&house.sandbox, "journal/0000000000000009.seg"), header,
               sizeof(header));
    check_refused("another version");
}

static void journal_learns_its_epoch_from_its_files(void **state)
{
    (void)state;
    struct journal *journal = house_open(NULL);
    uint64_t epoch = journal_epoch(journal);
    append_findings(journal, 3);
    journal_close(journal);
    assert_int_equal(unlink(sandbox_path(&house.sandbox, "journal/epoch")), 0);
    for (int i = 0; i < 2; i++) {
        journal = house_open(NULL);
        assert_true(journal_epoch(journal) == epoch);
        assert_int_equal(house_read(journal, 0, NULL), 3);
        journal_close(journal);
    }
}

/* Killed between the new epoch and the deletion of what was. */
static void journal_goes_on_forgetting_the_former_epoch(void **state)
{
    (void)state;
    char *file, path[512];
    size_t len;
    struct journal *journal = house_open(NULL);
    append_findings(journal, 3);
    journal_close(journal);
    snprintf(path, sizeof(path), "%s", house_last());
    file = read_whole(path, &len);
    journal = house_open(&(struct journal_options){.new_epoch = true});
    journal_close(journal);
    write_file(path, file, len);
    free(file);
    journal = house_open(NULL);
    assert_int_equal(journal_next_n(journal), 1);
    assert_int_equal(journal_counts(journal).damaged, 0);
    assert_int_equal(house_files(".seg"), 0);
    journal_close(journal);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        T(journal_cuts_a_torn_tail_at_every_byte),
        T(journal_cuts_a_torn_tail_with_holes),
        T(journal_shows_no_wrong_finding_at_any_flipped_byte),
        T(journal_sets_a_file_with_a_damaged_header_aside),
        T(journal_names_what_is_lost_between_two_files),
        T(journal_says_a_lost_finding_in_the_same_words_for_ever),
        T(journal_refuses_files_of_another_epoch),
        T(journal_refuses_files_of_another_version),
        T(journal_learns_its_epoch_from_its_files),
        T(journal_goes_on_forgetting_the_former_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
