/* SPDX-License-Identifier: MIT */

#include "deliver/store.h"

#include "base/hash.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static void name_of(uint64_t first_n, char name[STORE_NAME_SIZE])
{
    snprintf(name, STORE_NAME_SIZE, "%016" PRIx64 ".seg", first_n);
}

/* `<16 hex>` then `end`, nothing else. */
static bool parse_hex(const char *text, const char *end, uint64_t *ret)
{
    if (strspn(text, "0123456789abcdef") != 16 || strcmp(text + 16, end) != 0)
        return false;
    *ret = strtoull(text, NULL, 16);
    return true;
}

/* ---- opening ------------------------------------------------------------ */

static int sync_parent(const char *path)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int open_directory(const char *path, bool writable, int *ret, struct error *reterr)
{
    bool made = writable && mkdir(path, 0750) == 0;
    if (writable && !made && errno != EEXIST)
        return error_set(reterr, -errno, "%s: cannot create: %s", path, strerror(errno));
    int r = made ? sync_parent(path) : 0;
    if (r < 0)
        return error_set(reterr, r, "%s: cannot make durable: %s", path, strerror(-r));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(reterr, -errno, "%s: cannot open: %s", path, strerror(errno));
    *ret = fd;
    return 0;
}

static int take_lock(struct store *store, const char *path, struct error *reterr)
{
    store->lock = openat(store->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (store->lock < 0)
        return error_set(reterr, -errno, "%s/lock: cannot open: %s", path, strerror(errno));
    if (flock(store->lock, LOCK_EX | LOCK_NB) < 0)
        return error_set(reterr, -EBUSY, "%s: in use: another oddline writes there", path);
    return 0;
}

static int make_epoch(struct store *store, const char *path, struct error *reterr)
{
    char text[HASH_TEXT_SIZE + 1];
    uint64_t epoch;
    if (getrandom(&epoch, sizeof(epoch), 0) != sizeof(epoch))
        return error_set(reterr, -EIO, "%s: no random number to be had", path);
    hash_format(epoch, text);
    memcpy(text + 16, "\n", 2);
    int fd = openat(store->dir, "epoch.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool good = fd >= 0 && write(fd, text, 17) == 17 && fdatasync(fd) == 0;
    int r = good ? 0 : errno ? -errno : -EIO;
    if (fd >= 0)
        close(fd);
    if (good &&
        (renameat(store->dir, "epoch.new", store->dir, "epoch") < 0 || fsync(store->dir) < 0))
        r = -errno;
    if (r < 0)
        return error_set(reterr, r, "%s/epoch: cannot write: %s", path, strerror(-r));
    store->epoch = epoch;
    return 0;
}

static bool read_epoch(struct store *store)
{
    char text[HASH_TEXT_SIZE + 1] = {0};
    int fd = openat(store->dir, "epoch", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, 17);
    close(fd);
    return n == 17 && parse_hex(text, "\n", &store->epoch);
}

/* The epoch of the newest segment, when the file that says it was lost. */
static bool guess_epoch(struct store *store)
{
    if (store->count == 0)
        return false;
    store->epoch = store->segments[store->count - 1].epoch;
    return true;
}

/* ---- segments ----------------------------------------------------------- */

static int by_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The first n of every segment file, ascending; how many. */
static size_t list(const struct store *store, uint64_t firsts[STORE_SEGMENTS_MAX])
{
    size_t count = 0;
    int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (struct dirent *d; (d = readdir(dir)) && count < STORE_SEGMENTS_MAX;)
        if (parse_hex(d->d_name, ".seg", &firsts[count]))
            count++;
    closedir(dir);
    qsort(firsts, count, sizeof(*firsts), by_first);
    return count;
}

static void set_aside(struct store *store, const char *name, const char *why)
{
    char aside[STORE_NAME_SIZE + 16];
    store->damaged++;
    log_error("%s", why);
    snprintf(aside, sizeof(aside), "%s.damaged", name);
    if (store->writable && renameat(store->dir, name, store->dir, aside) < 0)
        log_error("%s: cannot set aside: %s", name, strerror(errno));
}

static void cut_tail(const struct store *store, struct segment *segment, const char *name)
{
    if (segment->torn == 0 || !store->writable)
        return;
    log_warning("%s: %" PRIu64
                " bytes behind the last whole finding cut: a write was interrupted",
                name, segment->torn);
    if (ftruncate(segment->fd, (off_t)segment->size) == 0)
        segment->torn = 0;
}

static void load(struct store *store, uint64_t first_n)
{
    char name[STORE_NAME_SIZE];
    struct segment segment;
    struct error error;
    name_of(first_n, name);
    int r = segment_open(store->dir, name, store->writable, &segment, &error);
    if (r == -EBADMSG && store->writable)
        set_aside(store, name, error.text);
    if (r < 0)
        return;
    if (segment.skipped && store->writable)
        log_error("%s: damaged: %" PRIu64 " places skipped", name, segment.skipped);
    if (store->epoch_known && segment.epoch != store->epoch) {
        segment_close(&segment);
        set_aside(store, name, "outbox: a file of another epoch is set aside");
        return;
    }
    store->damaged += segment.skipped;
    cut_tail(store, &segment, name);
    store->segments[store->count++] = segment;
}

static void load_all(struct store *store)
{
    uint64_t firsts[STORE_SEGMENTS_MAX];
    size_t count = list(store, firsts);
    for (size_t i = 0; i < count; i++)
        load(store, firsts[i]);
}

/* The new epoch first: files of the old one that a crash leaves behind are set aside by the next opening. */
static int begin_epoch(struct store *store, const char *path, struct error *reterr)
{
    uint64_t firsts[STORE_SEGMENTS_MAX];
    char name[STORE_NAME_SIZE];
    unlinkat(store->dir, "confirmed", 0);
    int r = make_epoch(store, path, reterr);
    size_t count = r == 0 ? list(store, firsts) : 0;
    for (size_t i = 0; i < count; i++) {
        name_of(firsts[i], name);
        unlinkat(store->dir, name, 0);
    }
    return r;
}

/* The epoch, from its file, from the segments, or a new one. */
static int find_epoch(struct store *store, const char *path, struct error *reterr)
{
    if (store->epoch_known || guess_epoch(store))
        return 0;
    if (!store->writable)
        return error_set(reterr, -ENOENT, "%s: no findings are kept there", path);
    return make_epoch(store, path, reterr);
}

int store_open(const char *path, enum store_mode mode, struct store *ret, struct error *reterr)
{
    bool writable = mode != STORE_READ;
    struct store store = {.dir = -1, .lock = -1, .writable = writable};
    int r = open_directory(path, writable, &store.dir, reterr);
    if (r == 0 && writable)
        r = take_lock(&store, path, reterr);
    if (r == 0 && mode == STORE_WRITE_NEW_EPOCH)
        r = begin_epoch(&store, path, reterr);
    if (r < 0)
        goto fail;
    store.epoch_known = read_epoch(&store);
    load_all(&store);
    r = find_epoch(&store, path, reterr);
    if (r < 0)
        goto fail;
    store.epoch_known = true;
    *ret = store;
    return 0;
fail:
    store_close(&store);
    return r;
}

static void close_segments(struct store *store)
{
    for (size_t i = 0; i < store->count; i++)
        segment_close(&store->segments[i]);
    store->count = 0;
}

void store_close(struct store *store)
{
    close_segments(store);
    if (store->lock >= 0)
        close(store->lock);
    if (store->dir >= 0)
        close(store->dir);
    store->dir = store->lock = -1;
}

int store_add(struct store *store, uint64_t first_n, struct error *reterr)
{
    char name[STORE_NAME_SIZE];
    if (store->count == STORE_SEGMENTS_MAX)
        return error_set(reterr, -ENOSPC, "outbox: more than %d files", STORE_SEGMENTS_MAX);
    struct segment segment = {.epoch = store->epoch, .first_n = first_n};
    name_of(first_n, name);
    int r = segment_create(store->dir, name, &segment, reterr);
    if (r < 0)
        return r;
    if (fsync(store->dir) < 0) {
        r = error_set(reterr, -errno, "%s: cannot make durable: %s", name, strerror(errno));
        segment_close(&segment);
        unlinkat(store->dir, name, 0);
        return r;
    }
    store->segments[store->count++] = segment;
    return 0;
}

void store_drop_oldest(struct store *store)
{
    char name[STORE_NAME_SIZE];
    name_of(store->segments[0].first_n, name);
    segment_close(&store->segments[0]);
    if (unlinkat(store->dir, name, 0) < 0)
        log_warning("%s: cannot delete: %s", name, strerror(errno));
    store->count--;
    memmove(&store->segments[0], &store->segments[1],
            store->count * sizeof(store->segments[0]));
}

void store_refresh(struct store *store)
{
    uint64_t firsts[STORE_SEGMENTS_MAX];
    size_t count = list(store, firsts);
    bool same = count >= store->count;
    for (size_t i = 0; same && i < store->count; i++)
        same = store->segments[i].first_n == firsts[i];
    if (!same)
        close_segments(store);
    if (store->count)
        segment_refresh(&store->segments[store->count - 1]);
    for (size_t i = store->count; i < count; i++)
        load(store, firsts[i]);
}
