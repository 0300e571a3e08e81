/* SPDX-License-Identifier: MIT */

#include "deliver/store_inner.h"

#include "base/check.h"
#include "base/crash.h"
#include "base/log.h"
#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the directory ------------------------------------------------------ */

static int sync_parent(const char *path)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = sys_sync_directory(fd);
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
    store->lock =
        deliver_sys.openat(store->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (store->lock < 0)
        return error_set(reterr, -errno, "%s/lock: cannot open: %s", path, strerror(errno));
    if (flock(store->lock, LOCK_EX | LOCK_NB) < 0)
        return error_set(reterr, -EBUSY, "%s: in use: another oddline writes there", path);
    return 0;
}

/* ---- segments --------------------------------------------------- */

int store_reserve(struct store *store)
{
    if (store->count < store->capacity)
        return 0;
    size_t capacity = store->capacity ? 2 * store->capacity : 128;
    void *grown = realloc(store->segments, capacity * sizeof(*store->segments));
    if (!grown)
        return -ENOMEM;
    store->segments = grown;
    store->capacity = capacity;
    return 0;
}

int store_open_segment(const struct store *store, uint64_t seq, int flags)
{
    char name[SURVEY_NAME_SIZE];
    survey_name(seq, name);
    int fd = deliver_sys.openat(store->dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0);
    return fd < 0 ? -errno : fd;
}

static int open_last(struct store *store, struct error *reterr)
{
    struct segment *last = store_last(store);
    if (!last)
        return 0;
    store->last_fd = store_open_segment(store, last->first_seq, O_RDWR);
    int r = store->last_fd < 0 ? store->last_fd : 0;
    if (r == 0 && last->torn) {
        log_notice("journal: %" PRIu64
                   " bytes behind the last whole block cut: a write was interrupted",
                   last->torn);
        store->torn++;
        r = segment_cut(store->last_fd, last);
    }
    return r < 0 ? error_set(reterr, r, "journal: %016" PRIx64 ".seg: cannot go on in it: %s",
                             last->first_seq, strerror(-r))
                 : 0;
}

/* ---- opening ------------------------------------------------------------ */

/* The new epoch first: the next opening deletes what a crash leaves behind of the former one. */
static int begin_epoch(struct store *store, const struct survey *survey, bool known,
                       struct error *reterr)
{
    uint64_t former = known ? store->epoch.now : survey_epoch(survey);
    deliver_sys.unlinkat(store->dir, "confirmed", 0);
    int r = epoch_make(store->dir, former, &store->epoch, reterr);
    for (size_t i = 0; r == 0 && i < survey->count; i++)
        store_forget(store, survey->files[i].seq);
    return r;
}

/* The epoch, from its file, from the segments, or a new one. */
static int find_epoch(struct store *store, const struct survey *survey, bool known,
                      const char *path, struct error *reterr)
{
    if (known)
        return 0;
    store->epoch.now = survey_epoch(survey);
    if (!store->epoch.now && !store->writable)
        return error_set(reterr, -ENOENT, "%s: no findings are kept there", path);
    if (!store->writable)
        return 0;
    return store->epoch.now ? epoch_write(store->dir, &store->epoch, reterr)
                            : epoch_make(store->dir, 0, &store->epoch, reterr);
}

static int load_store(struct store *store, const char *path, enum store_mode mode,
                      struct error *reterr)
{
    struct survey survey = {0};
    bool known = epoch_read(store->dir, &store->epoch);
    int r = survey_take(store->dir, true, &survey, reterr);
    if (r == 0 && mode == STORE_WRITE_NEW_EPOCH)
        r = begin_epoch(store, &survey, known, reterr);
    else if (r == 0) {
        r = survey_judge(&survey, known ? &store->epoch : NULL, path, reterr);
        if (r == 0)
            r = find_epoch(store, &survey, known, path, reterr);
    }
    if (r == 0) {
        r = store_load_all(store, &survey);
        if (r < 0)
            error_set(reterr, r, "%s: cannot be read: %s", path, strerror(-r));
    }
    survey_free(&survey);
    return r;
}

int store_open(const char *path, enum store_mode mode, struct store *ret, struct error *reterr)
{
    struct store store = {.dir = -1,
                          .lock = -1,
                          .last_fd = -1,
                          .spare = {.fd = -1},
                          .writable = mode != STORE_READ};
    int r = open_directory(path, store.writable, &store.dir, reterr);
    if (r == 0 && store.writable)
        r = take_lock(&store, path, reterr);
    if (r == 0)
        r = load_store(&store, path, mode, reterr);
    if (r == 0 && store.writable) {
        deliver_sys.unlinkat(store.dir, STORE_COMPACT, 0);
        spare_adopt(store.dir, &store.spare);
        r = open_last(&store, reterr);
    }
    if (r < 0)
        goto fail;
    *ret = store;
    return 0;
fail:
    store_close(&store);
    return r;
}

void store_close(struct store *store)
{
    int *const fds[] = {&store->last_fd, &store->lock, &store->dir};
    spare_close(&store->spare);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
    free(store->segments);
    store->segments = NULL;
    store->count = store->capacity = 0;
    buffer_free(&store->scratch);
}

/* ---- in use ------------------------------------------------------------- */

uint64_t store_end_n(const struct store *store, size_t i)
{
    const struct segment *s = &store->segments[i];
    return i + 1 < store->count ? s[1].first_n : s->last_n + 1;
}

int store_read_fd(const struct store *store, size_t i)
{
    const struct segment *s = &store->segments[i];
    struct stat st;
    int fd = store_open_segment(store, s->first_seq, O_RDONLY);
    if (fd < 0)
        return fd == -ENOENT ? -ESTALE : fd;
    if (fstat(fd, &st) == 0 && st.st_ino == s->inode)
        return fd;
    close(fd);
    return -ESTALE;
}

int store_create(struct store *store, uint64_t need, struct segment *segment, int *ret_fd)
{
    char name[SURVEY_NAME_SIZE];
    survey_name(segment->first_seq, name);
    int r = spare_make(store->dir, SEGMENT_HEADER + need, &store->spare);
    return r < 0 ? r : spare_use(store->dir, &store->spare, name, segment, ret_fd);
}

void store_push(struct store *store, const struct segment *segment, int fd)
{
    struct segment *last = store_last(store);
    if (store->last_fd >= 0) {
        if (last && last->room > last->size &&
            deliver_sys.ftruncate(store->last_fd, (off_t)last->size) == 0)
            last->room = last->size;
        close(store->last_fd);
        CRASH_POINT("segment-sealed");
    }
    CHECK(store->segments && store->count < store->capacity); // store_reserve() came before
    store->last_fd = fd;
    store->segments[store->count] = *segment;
    store->segments[store->count++].id = ++store->next_id;
}

int store_drop(struct store *store, size_t i)
{
    char name[SURVEY_NAME_SIZE];
    survey_name(store->segments[i].first_seq, name);
    if (deliver_sys.unlinkat(store->dir, name, 0) < 0 && errno != ENOENT)
        return -errno;
    CRASH_POINT("segment-unlinked");
    store->count--;
    memmove(&store->segments[i], &store->segments[i + 1],
            (store->count - i) * sizeof(store->segments[0]));
    return 0;
}

/* Keeps of `old` what is still the same file. */
static void reload(struct store *store, const struct survey *survey, struct segment *old,
                   size_t old_count)
{
    size_t at = 0;
    for (size_t i = 0; i < survey->count; i++) {
        const struct survey_file *f = &survey->files[i];
        while (at < old_count && old[at].first_seq < f->seq)
            at++;
        if (at < old_count && old[at].first_seq == f->seq && old[at].inode == f->inode &&
            store_reserve(store) == 0)
            store->segments[store->count++] = old[at];
        else
            store_load(store, f->seq);
    }
}

void store_refresh(struct store *store)
{
    struct survey survey = {0};
    if (survey_take(store->dir, false, &survey, NULL) < 0)
        return;
    struct segment *old = store->segments;
    size_t old_count = store->count;
    store->segments = NULL;
    store->count = store->capacity = 0;
    reload(store, &survey, old, old_count);
    for (size_t i = 0; i < store->count; i++) {
        // what was last when it was read may have grown since, also when it is last no more
        struct segment *s = &store->segments[i];
        int fd = i + 1 == store->count || s->room > s->size ? store_read_fd(store, i) : -1;
        if (fd >= 0) {
            segment_walk(fd, s, &store->scratch);
            close(fd);
        }
    }
    free(old);
    survey_free(&survey);
}
