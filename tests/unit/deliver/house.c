/* SPDX-License-Identifier: MIT */

#include "house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct house house;

int house_setup(void **state)
{
    (void)state;
    sandbox_make(&house.sandbox);
    return journal_reader_init(&house.reader);
}

int house_teardown(void **state)
{
    (void)state;
    shim_remove();
    journal_reader_free(&house.reader);
    sandbox_remove(&house.sandbox);
    return 0;
}

const char *house_dir(void)
{
    return sandbox_path(&house.sandbox, "journal");
}

struct journal *house_open(const struct journal_options *options)
{
    struct journal *journal = NULL;
    struct error error = {""};
    if (journal_open(house_dir(), options, &journal, &error) < 0)
        fail_msg("%s", error.text);
    return journal;
}

/* Each manifest can be told from all others, at its ends too. */
static void fill(char *manifest, size_t len, uint64_t seq)
{
    memset(manifest, (int)('a' + seq % 26), len);
    if (len >= 16)
        memcpy(manifest + len - 8, &seq, 8);
    if (len >= 8)
        memcpy(manifest, &seq, 8);
}

int house_commit(struct journal *journal, size_t findings, size_t manifest)
{
    struct error error = {""};
    char *text = malloc(manifest + 1);
    assert_non_null(text);
    fill(text, manifest, journal_seq(journal) + 1);
    for (size_t i = 0; i < findings; i++) {
        struct finding f = sample_finding(ROUTE_LOG);
        assert_int_equal(journal_put(journal, &f, &error), 0);
    }
    int r = journal_commit(journal, (struct bytes){text, manifest}, &error);
    free(text);
    return r;
}

/* The entry says the same in its head and in its object; true when it stands for a lost one. */
static bool check_entry(const struct entry *entry, uint64_t n)
{
    struct bytes rest;
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    struct json_value data = json_read(entry->data, &rest);
    assert_true(data.type == JSON_OBJECT && rest.len == 0);
    assert_int_equal(entry->n, n);
    assert_true(bytes_is(json_at(data, "n").raw, text));
    if (bytes_is(json_at(data, "kind").raw, "gap"))
        return true;
    assert_true(entry->fingerprint == UINT64_C(0x9f2c41d07a55be01));
    assert_true(entry->score == 7.3 && bytes_is(entry->stream, "kafka1"));
    return false;
}

uint64_t house_read(struct journal *journal, uint64_t after, uint64_t *ret_lost)
{
    struct journal_reader *reader = &house.reader;
    uint64_t lost = 0;
    do {
        journal_read(journal, reader, after, JOURNAL_READ_MAX);
        for (size_t i = 0; i < reader->count; i++) {
            lost += check_entry(&reader->entries[i], ++after);
            assert_true(reader->entries[i].epoch == journal_epoch(journal));
        }
    } while (reader->count);
    if (ret_lost)
        *ret_lost = lost;
    return after;
}

/* ---- the directory ------------------------------------------------------ */

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), end = strlen(suffix);
    return len >= end && strcmp(name + len - end, suffix) == 0;
}

static size_t look(const char *suffix, uint64_t *bytes, char last[512])
{
    size_t count = 0;
    char path[512];
    DIR *dir = opendir(house_dir());
    for (const struct dirent *d; dir && (d = readdir(dir));) {
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", house_dir(), d->d_name);
        if (!ends_with(path, suffix) || stat(path, &st) < 0)
            continue;
        count++;
        *bytes += (uint64_t)st.st_size;
        if (strcmp(path, last) > 0)
            memcpy(last, path, sizeof(path));
    }
    if (dir)
        closedir(dir);
    return count;
}

const char *house_last(void)
{
    static char last[512];
    uint64_t bytes = 0;
    last[0] = '\0';
    look(".seg", &bytes, last);
    return last;
}

uint64_t house_bytes(void)
{
    char last[512] = "";
    uint64_t bytes = 0;
    look(".seg", &bytes, last);
    return bytes;
}

size_t house_files(const char *suffix)
{
    char last[512] = "";
    uint64_t bytes = 0;
    return look(suffix, &bytes, last);
}

void house_flip(const char *path, uint64_t offset)
{
    unsigned char byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 0x55;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

/* ---- replaying ---------------------------------------------------------- */

static int see(void *context, const struct journal_block *block)
{
    struct seen *seen = context;
    if (seen->first == 0)
        seen->first = block->seq;
    seen->bad += block->seq <= seen->last;
    seen->last = block->seq;
    if (block->hole) {
        seen->holes++;
        return 0;
    }
    char *want = malloc(block->manifest.len + 1);
    fill(want, block->manifest.len, block->seq);
    seen->bad += !bytes_equal(block->manifest, (struct bytes){want, block->manifest.len});
    free(want);
    seen->blocks++;
    seen->findings += block->count;
    seen->bytes += block->manifest.len;
    return 0;
}

struct seen house_replay(struct journal *journal, uint64_t after_seq)
{
    struct seen seen = {0};
    assert_int_equal(journal_replay(journal, after_seq, see, &seen), 0);
    assert_int_equal(seen.bad, 0);
    return seen;
}
