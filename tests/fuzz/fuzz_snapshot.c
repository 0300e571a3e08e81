/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever bytes a snapshot holds, it is read whole or refused with a sentence, and every section of one that is
 * read lies inside it.
 *
 *      data: mode, then   0 a whole file
 *                         1 a file whose hashes are put right, as far as its lengths can be followed
 */

#include "fuzz.h"

#include "base/check.h"
#include "base/hash.h"
#include "deliver/snapshot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER = 56, SECTION = 48 };
static char home[128], path[192];

static void leave(void)
{
    unlink(path);
    rmdir(home);
}

static void prepare(void)
{
    const char *tmp = getenv("TMPDIR");
    if (home[0])
        return;
    snprintf(home, sizeof(home), "%s/oddline-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(home));
    snprintf(path, sizeof(path), "%s/snapshot.0000000000000001", home);
    atexit(leave);
}

static uint64_t hash_of(const uint8_t *at, size_t len)
{
    return hash_bytes((struct bytes){(const char *)at, len});
}

static void put_u64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof(value));
}

/* As snapshot.c does it; the lengths are left as they are. */
static void put_right(uint8_t *file, size_t size)
{
    uint64_t chain = 0, length;
    uint32_t count = 0, version = 1;
    for (size_t at = HEADER; size - at >= SECTION;) {
        memcpy(&length, file + at + 32, sizeof(length));
        if (length > size - at - SECTION)
            break;
        uint64_t hash = hash_join(hash_of(file + at, 40), hash_of(file + at + SECTION, length));
        put_u64(file + at + 40, hash);
        chain = hash_join(chain, hash);
        count++;
        at += SECTION + ((length + 7) & ~UINT64_C(7));
        if (at > size)
            break;
    }
    put_u64(file, UINT64_C(0x70616e73646f6f00));
    memcpy(file + 8, &version, 4);
    if (file[12] % 2) // else the count that the data says
        memcpy(file + 12, &count, 4);
    put_u64(file + 16, 1);
    put_u64(file + 32, size);
    put_u64(file + 40, chain);
    put_u64(file + 48, hash_of(file, 48));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot *snapshot = NULL;
    struct error error = {""};
    if (size < 1)
        return 0;
    prepare();
    uint8_t *file = malloc(size);
    CHECK(file);
    memcpy(file, data + 1, size - 1);
    if (data[0] % 2 && size - 1 >= HEADER)
        put_right(file, size - 1);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, file, size - 1) == (ssize_t)size - 1);
    close(fd);
    free(file);
    int r = snapshot_open(home, 0, &snapshot, &error);
    CHECK((r < 0) == (error.text[0] != '\0'));
    if (r == 0) {
        struct bytes judge = snapshot_find(snapshot, "judge");
        hash_bytes(judge); // touches every byte
        CHECK(snapshot_seq(snapshot) == 1);
        CHECK(judge.len <= size);
    }
    snapshot_close(snapshot);
    return 0;
}
