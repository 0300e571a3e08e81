/* SPDX-License-Identifier: MIT */

#include "deliver/snapshot.h"

#include "base/check.h"
#include "base/crash.h"
#include "base/hash.h"
#include "base/log.h"
#include "deliver/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x70616e73646f6f00) /* "\0oodsnap" */
enum { VERSION = 1, NAME_SIZE = 32 };
static const char temporary[] = "snapshot.new";

struct header {
    uint64_t magic;
    uint32_t version, count; /* of sections */
    uint64_t seq, build, size, sections_hash, hash;
};
struct section {
    char name[SNAPSHOT_NAME_SIZE];
    uint64_t length, hash; /* of name, length and bytes */
};
_Static_assert(sizeof(struct header) == 56, "the same in all versions");
_Static_assert(sizeof(struct section) == 48, "no holes: it is hashed");

static uint64_t header_hash(const struct header *h)
{
    return hash_bytes((struct bytes){(const char *)h, offsetof(struct header, hash)});
}

static uint64_t section_hash(const struct section *s, struct bytes bytes)
{
    struct bytes head = {(const char *)s, offsetof(struct section, hash)};
    return hash_join(hash_bytes(head), hash_bytes(bytes));
}

static uint64_t padded(uint64_t len)
{
    return (len + 7) & ~UINT64_C(7);
}

/* ---- the directory ------------------------------------------------------ */

static void name_of(uint64_t seq, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "snapshot.%016" PRIx64, seq);
}

static bool parse_name(const char *name, uint64_t *ret)
{
    static const char prefix[] = "snapshot.";
    const char *hex = name + sizeof(prefix) - 1;
    if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 ||
        strspn(hex, "0123456789abcdef") != 16 || hex[16] != '\0')
        return false;
    *ret = strtoull(hex, NULL, 16);
    return true;
}

/* NULL with errno when it cannot be listed. */
static DIR *open_list(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    int why = errno;
    if (!list && fd >= 0)
        close(fd);
    errno = why;
    return list;
}

/* The newest ones that are not above `most`: how many, -errno when the directory cannot be listed. */
static int list_newest(int dir, uint64_t most, uint64_t seqs[SNAPSHOT_KEPT])
{
    int count = 0;
    DIR *list = open_list(dir);
    if (!list)
        return -errno;
    for (const struct dirent *d; (d = readdir(list));) {
        uint64_t seq;
        if (!parse_name(d->d_name, &seq) || seq > most)
            continue;
        int at = count;
        while (at > 0 && seqs[at - 1] < seq)
            at--;
        if (at == SNAPSHOT_KEPT)
            continue;
        count += count < SNAPSHOT_KEPT;
        for (int i = count - 1; i > at; i--)
            seqs[i] = seqs[i - 1];
        seqs[at] = seq;
    }
    closedir(list);
    return count;
}

int snapshot_list(const char *path, uint64_t seqs[SNAPSHOT_KEPT])
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    int count = list_newest(dir, UINT64_MAX, seqs);
    close(dir);
    return count;
}

/* All but this one and the newest before it: one of a higher seq speaks of blocks that the journal lost. */
static void remove_others(int dir, uint64_t seq)
{
    uint64_t kept[SNAPSHOT_KEPT] = {seq};
    char name[NAME_SIZE];
    int count = list_newest(dir, seq, kept);
    DIR *list = count < 0 ? NULL : open_list(dir);
    if (!list)
        return; // the next one removes them
    for (const struct dirent *d; (d = readdir(list));) {
        uint64_t other;
        if (!parse_name(d->d_name, &other) || other == kept[0] ||
            (count > 1 && other == kept[1]))
            continue;
        name_of(other, name);
        if (deliver_sys.unlinkat(dir, name, 0) < 0)
            log_debug("%s: cannot delete: %s", name, strerror(errno));
    }
    closedir(list);
}

/* ---- writing ------------------------------------------------------------ */

int snapshot_begin(struct snapshot_writer *writer, const char *path, uint64_t seq,
                   struct error *reterr)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_set(reterr, -errno, "%s: cannot open: %s", path, strerror(errno));
    deliver_sys.unlinkat(dir, temporary, 0); // of a run that was killed; with whatever mode
    int fd = deliver_sys.openat(dir, temporary,
                                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        int r = sys_is_room(errno) ? -ENOSPC : -errno;
        error_set(reterr, r, "%s/%s: cannot create: %s", path, temporary, strerror(errno));
        close(dir);
        return r;
    }
    *writer = (struct snapshot_writer){
        .dir = dir, .fd = fd, .seq = seq, .size = sizeof(struct header)};
    return 0;
}

static void put(struct snapshot_writer *w, struct bytes bytes)
{
    if (w->failed == 0)
        w->failed = sys_write(w->fd, bytes, w->size);
    w->size += bytes.len;
}

void snapshot_section(struct snapshot_writer *w, const char *name, struct bytes bytes)
{
    static const char zeros[8];
    struct section s = {.length = bytes.len};
    CHECK(strlen(name) < sizeof(s.name));
    memcpy(s.name, name, strlen(name));
    if (w->failed == 0 &&
        (w->count == SNAPSHOT_SECTIONS_MAX || bytes.len > SNAPSHOT_BYTES_MAX ||
         w->size + sizeof(s) + padded(bytes.len) > SNAPSHOT_BYTES_MAX))
        w->failed = -EFBIG;
    if (w->failed)
        return;
    s.hash = section_hash(&s, bytes);
    put(w, (struct bytes){(const char *)&s, sizeof(s)});
    put(w, bytes);
    put(w, (struct bytes){zeros, padded(bytes.len) - bytes.len});
    w->hash = hash_join(w->hash, s.hash);
    w->count++;
}

static int finish_file(struct snapshot_writer *w, uint64_t build)
{
    struct header h = {.magic = MAGIC,
                       .version = VERSION,
                       .count = w->count,
                       .seq = w->seq,
                       .build = build,
                       .size = w->size,
                       .sections_hash = w->hash};
    h.hash = header_hash(&h);
    int r = w->failed;
    if (r == 0)
        r = sys_write(w->fd, (struct bytes){(const char *)&h, sizeof(h)}, 0);
    CRASH_POINT("snapshot-written");
    return r < 0 ? r : sys_sync(w->fd);
}

static int put_in_place(const struct snapshot_writer *w)
{
    char name[NAME_SIZE];
    name_of(w->seq, name);
    if (deliver_sys.renameat(w->dir, temporary, w->dir, name) < 0)
        return sys_is_room(errno) ? -ENOSPC : -EIO;
    CRASH_POINT("snapshot-renamed");
    int r = sys_sync_directory(w->dir);
    CRASH_POINT("snapshot-dir-synced");
    return r;
}

static void release(struct snapshot_writer *w)
{
    close(w->fd);
    close(w->dir);
    w->fd = w->dir = -1;
}

int snapshot_end(struct snapshot_writer *w, uint64_t build, struct error *reterr)
{
    int r = finish_file(w, build);
    if (r == 0)
        r = put_in_place(w);
    if (r == 0)
        remove_others(w->dir, w->seq);
    else if (r != -EIO)
        deliver_sys.unlinkat(w->dir, temporary, 0);
    release(w);
    return r < 0 ? error_set(reterr, r, "snapshot: cannot write: %s", strerror(-r)) : 0;
}

/* ---- reading ------------------------------------------------------------ */

struct snapshot {
    struct header header;
    char *file; /* owned; header.size bytes */
};

static int read_header(int fd, uint64_t seq, struct header *ret)
{
    struct header h;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!sys_read(fd, &h, sizeof(h), 0) || h.magic != MAGIC || h.hash != header_hash(&h))
        return -EBADMSG;
    if (h.version != VERSION)
        return -EPROTO;
    if (h.seq != seq || h.size != (uint64_t)st.st_size || h.size > SNAPSHOT_BYTES_MAX ||
        h.size < sizeof(h) || h.count > SNAPSHOT_SECTIONS_MAX)
        return -EBADMSG;
    *ret = h;
    return 0;
}

/* The section at `at`, which moves behind it. False: it runs over the end. */
static bool next_section(const struct snapshot *snapshot, uint64_t *at, struct section *ret,
                         struct bytes *ret_bytes)
{
    uint64_t left = snapshot->header.size - *at;
    if (left < sizeof(*ret))
        return false;
    memcpy(ret, snapshot->file + *at, sizeof(*ret));
    left -= sizeof(*ret);
    if (ret->length > left || padded(ret->length) > left ||
        !memchr(ret->name, '\0', sizeof(ret->name)))
        return false;
    *ret_bytes = (struct bytes){snapshot->file + *at + sizeof(*ret), ret->length};
    *at += sizeof(*ret) + padded(ret->length);
    return true;
}

static bool is_good(const struct snapshot *snapshot)
{
    uint64_t at = sizeof(struct header), hash = 0;
    struct section s;
    struct bytes bytes;
    for (uint32_t i = 0; i < snapshot->header.count; i++) {
        if (!next_section(snapshot, &at, &s, &bytes) || section_hash(&s, bytes) != s.hash)
            return false;
        hash = hash_join(hash, s.hash);
    }
    return at == snapshot->header.size && hash == snapshot->header.sections_hash;
}

static int read_file(int fd, uint64_t seq, struct snapshot *ret)
{
    int r = read_header(fd, seq, &ret->header);
    if (r < 0)
        return r;
    CHECK(ret->header.size >= sizeof(ret->header)); // read_header() saw to it
    ret->file = malloc(ret->header.size);
    if (!ret->file)
        return -ENOMEM;
    return sys_read(fd, ret->file, ret->header.size, 0) && is_good(ret) ? 0 : -EBADMSG;
}

static const char *why(int r)
{
    switch (r) {
    case -EBADMSG:
        return "damaged or cut off";
    case -EPROTO:
        return "of another version of the format";
    default:
        return strerror(-r);
    }
}

static int open_one(int dir, uint64_t seq, struct snapshot **ret, struct error *reterr)
{
    char name[NAME_SIZE];
    name_of(seq, name);
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int r = !snapshot ? -ENOMEM : fd < 0 ? -errno : read_file(fd, seq, snapshot);
    if (fd >= 0)
        close(fd);
    if (r < 0) {
        snapshot_close(snapshot);
        return error_set(reterr, r, "%s: %s", name, why(r));
    }
    *ret = snapshot;
    return 0;
}

int snapshot_open(const char *path, size_t nth, struct snapshot **ret, struct error *reterr)
{
    uint64_t seqs[SNAPSHOT_KEPT];
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_set(reterr, -errno, "%s: cannot open: %s", path, strerror(errno));
    int count = list_newest(dir, UINT64_MAX, seqs);
    int r = count < 0 ? error_set(reterr, count, "%s: cannot list: %s", path, strerror(-count))
            : nth < (size_t)count
                ? open_one(dir, seqs[nth], ret, reterr)
                : error_set(reterr, -ENOENT, "%s: no snapshot is there", path);
    close(dir);
    return r;
}

void snapshot_close(struct snapshot *snapshot)
{
    if (snapshot)
        free(snapshot->file);
    free(snapshot);
}

struct bytes snapshot_find(const struct snapshot *snapshot, const char *name)
{
    uint64_t at = sizeof(struct header);
    struct section s;
    struct bytes bytes;
    for (uint32_t i = 0; i < snapshot->header.count; i++)
        if (next_section(snapshot, &at, &s, &bytes) && strcmp(s.name, name) == 0)
            return bytes;
    return (struct bytes){NULL, 0};
}

uint64_t snapshot_seq(const struct snapshot *snapshot)
{
    return snapshot->header.seq;
}

uint64_t snapshot_build(const struct snapshot *snapshot)
{
    return snapshot->header.build;
}
