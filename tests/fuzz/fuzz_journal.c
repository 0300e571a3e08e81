/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever bytes a file of the journal holds, the journal opens or says why not, reads findings dense in n, replays
 * blocks in order, goes on, and finds after the next opening what it wrote.
 *
 *      data: mode, then   0 a whole file
 *                         1 what stands behind a good header: words of a small language, so that good frames are among it
 */

#include "fuzz.h"

#include "base/check.h"
#include "base/log.h"
#include "deliver/journal.h"
#include "deliver/segment.h"
#include "deliver/sys.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint64_t epoch = UINT64_C(0x0123456789abcdef);
static char home[128];

static int sync_nothing(int fd)
{
    return (void)fd, 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type;
    return ftw->level ? remove(path) : 0;
}

static void clear(void)
{
    nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void leave(void)
{
    clear();
    rmdir(home);
}

static void prepare(void)
{
    const char *tmp = getenv("TMPDIR");
    if (home[0]) {
        clear();
        return;
    }
    snprintf(home, sizeof(home), "%s/oddline-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(home));
    atexit(leave);
    log_setup(LOG_QUIET, 0);
    deliver_sys.fdatasync = deliver_sys.fsync = sync_nothing;
}

static void write_file(const char *name, struct bytes bytes)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", home, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len);
    close(fd);
}

/* ---- the small language ------------------------------------------------- */

static void put_entry(struct buffer *out, uint64_t n, struct bytes data)
{
    struct entry entry = {.epoch = epoch,
                          .n = n,
                          .id = bytes_of("id"),
                          .stream = bytes_of("stream"),
                          .detector = bytes_of("detector"),
                          .data = data};
    frame_put_entry(out, &entry);
}

/* A word is: kind, number, length; then `length` bytes. */
static void put_word(struct buffer *out, const uint8_t *word, struct bytes text)
{
    static const uint64_t numbers[] = {1, 2, 3, 4, 5, 6, 200, UINT64_MAX};
    uint64_t number = numbers[word[1] % 8];
    struct block block = {.seq = number,
                          .first_n = numbers[word[1] / 8 % 8],
                          .count = word[1] / 64,
                          .span = word[1] % 2 ? out->len - SEGMENT_HEADER : 0,
                          .manifest = text};
    switch (word[0] % 4) {
    case 0:
        put_entry(out, number, text);
        break;
    case 1:
        frame_put_block(out, epoch, &block);
        break;
    case 2:
        buffer_append(out, text.at, text.len);
        break;
    default:
        if (out->len > SEGMENT_HEADER)
            out->at[SEGMENT_HEADER + (word[1] * 37u) % (out->len - SEGMENT_HEADER)] ^= 0x55;
    }
}

static void put_words(struct buffer *out, const uint8_t *data, size_t size)
{
    while (size >= 3) {
        size_t len = data[2] < size - 3 ? data[2] : size - 3;
        put_word(out, data, (struct bytes){(const char *)data + 3, len});
        data += 3 + len;
        size -= 3 + len;
    }
}

/* A header as the journal writes it, taken from a file that it made. */
static void put_header(struct buffer *out, bool compact)
{
    struct segment segment = {
        .epoch = epoch, .first_seq = 1, .last_seq = 9, .first_n = 1, .compact = compact};
    char *room = buffer_room(out, SEGMENT_HEADER);
    int fd = memfd_create("header", MFD_CLOEXEC);
    CHECK(room && fd >= 0 && segment_put_header(fd, &segment) == 0);
    CHECK(sys_read(fd, room, SEGMENT_HEADER, 0));
    out->len += SEGMENT_HEADER;
    close(fd);
}

/* ---- what must hold ----------------------------------------------------- */

static uint64_t read_all(struct journal *journal)
{
    static struct journal_reader reader;
    if (!reader.room)
        CHECK(journal_reader_init(&reader) == 0);
    uint64_t n = journal_first_n(journal) - 1, count = 0;
    do {
        journal_read(journal, &reader, n, JOURNAL_READ_MAX);
        for (size_t i = 0; i < reader.count; i++)
            CHECK(reader.entries[i].n == ++n);
        count += reader.count;
    } while (reader.count && count < 1000); // a number may claim that very many are lost
    CHECK(reader.count || n == journal_next_n(journal) - 1);
    return n;
}

static int see(void *context, const struct journal_block *block)
{
    uint64_t *last = context;
    CHECK(block->seq > *last);
    *last = block->seq;
    return 0;
}

static void use(void)
{
    struct journal *journal;
    struct error error = {""};
    int r = journal_open(home, NULL, &journal, &error);
    CHECK((r < 0) == (error.text[0] != '\0'));
    if (r < 0)
        return;
    uint64_t last = 0;
    read_all(journal);
    CHECK(journal_replay(journal, 0, see, &last) == 0 && last == journal_seq(journal));
    bool room = last < UINT64_MAX - 2 && journal_next_n(journal) < UINT64_MAX - 2;
    struct finding f = {.summary = "again", .ends_ns = 0};
    if (room) {
        CHECK(journal_put(journal, &f, NULL) == 0);
        CHECK(journal_commit(journal, bytes_of("manifest"), NULL) == 0);
        read_all(journal);
    }
    uint64_t n = journal_next_n(journal), seq = journal_seq(journal);
    journal_close(journal);
    CHECK(journal_open(home, NULL, &journal, NULL) == 0);
    CHECK(!room || (journal_next_n(journal) == n && journal_seq(journal) == seq));
    journal_close(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer file = {0};
    if (size < 2)
        return 0;
    prepare();
    write_file("epoch", bytes_of("0123456789abcdef\n"));
    if (data[0] % 2)
        put_header(&file, data[1] % 2);
    if (data[0] % 2)
        put_words(&file, data + 2, size - 2);
    else
        buffer_append(&file, data + 1, size - 1);
    write_file("0000000000000001.seg", buffer_bytes(&file));
    use();
    buffer_free(&file);
    return 0;
}
