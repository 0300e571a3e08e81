/* SPDX-License-Identifier: MIT */
/* The writing half of journal.h: findings are put, a block is committed. */

#include "deliver/journal_inner.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/crash.h"
#include "deliver/encode.h"
#include "deliver/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum { BLOCK_KEPT = 4 << 20 /* memory kept for the next block after a big one */ };

static uint64_t highest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- putting ------------------------------------------------------------ */

void journal_number(const struct journal *journal, struct finding *f, uint64_t n,
                    int64_t now_ns)
{
    f->epoch = journal->store.epoch.now;
    f->n = n;
    if (f->id[0] == '\0')
        snprintf(f->id, sizeof(f->id), "%016" PRIx64 "-%" PRIu64, f->epoch, n);
    finding_date(f, now_ns);
}

static struct bytes short_text(const char *text)
{
    struct bytes bytes = bytes_of(text ? text : "");
    if (bytes.len > ENCODE_SHORT_MAX)
        bytes.len = ENCODE_SHORT_MAX;
    return bytes;
}

struct entry journal_entry(const struct finding *f, const struct buffer *data)
{
    return (struct entry){.epoch = f->epoch,
                          .n = f->n,
                          .fingerprint = f->fingerprint,
                          .route = f->route,
                          .status = f->status,
                          .ts_ns = f->detected_ns,
                          .score = f->score,
                          .id = bytes_of(f->id),
                          .stream = short_text(f->stream),
                          .detector = short_text(f->detector),
                          .data = buffer_bytes(data)};
}

int journal_put(struct journal *journal, struct finding *finding, struct error *reterr)
{
    CHECK(journal->store.writable);
    struct finding f = *finding;
    size_t before = journal->block.len;
    if (before >= JOURNAL_PENDING_MAX)
        return error_set(reterr, -ENOBUFS, "journal: %zu findings wait to be committed",
                         journal->pending);
    journal_number(journal, &f, journal->next_n + journal->pending, clock_wall_ns());
    buffer_clear(&journal->data);
    finding_encode(&f, &journal->data);
    struct entry entry = journal_entry(&f, &journal->data);
    if (journal->data.len > ENCODE_MAX || frame_entry_size(&entry) > FRAME_FINDING_MAX)
        return error_set(reterr, -EMSGSIZE, "journal: a finding of %zu bytes is too long",
                         journal->data.len);
    frame_put_entry(&journal->block, &entry);
    *finding = f;
    journal->pending++;
    return 0;
}

size_t journal_pending(const struct journal *journal)
{
    return journal->pending;
}

/* ---- committing --------------------------------------------------------- */

/* The last segment takes `len` bytes more, or has nothing yet: then it may grow over its room. */
static bool has_room(const struct journal *journal, uint64_t len)
{
    const struct segment *last = store_last(&journal->store);
    if (!last || journal->store.last_fd < 0 || last->compact)
        return false;
    uint64_t room = last->room > SEGMENT_ROOM ? last->room : SEGMENT_ROOM;
    return last->size == SEGMENT_HEADER || last->size + len <= room;
}

static int add_segment(struct journal *journal, uint64_t len)
{
    struct store *store = &journal->store;
    const struct segment *last = store_last(store);
    int64_t now = clock_wall_ns();
    int fd = -1;
    struct segment segment = {.epoch = store->epoch.now,
                              .first_seq = journal->seq + 1,
                              .last_seq = journal->seq,
                              .first_n = journal->next_n,
                              .created_ns = now,
                              .newest_ns = now};
    if (last) // numbers that are lost in between are this one's, to be read as such
        segment.first_n = last->last_n + 1;
    else if (store->aside_first_n)
        segment.first_n = store->aside_first_n;
    segment.last_n = segment.first_n - 1;
    journal_lock(journal);
    int r = store_reserve(store);
    journal_unlock(journal);
    if (r == 0)
        r = store_create(store, len, &segment, &fd);
    if (r < 0)
        return r;
    journal_lock(journal);
    store_push(store, &segment, fd);
    journal_unlock(journal);
    return 0;
}

static int make_room(struct journal *journal, uint64_t len)
{
    if (has_room(journal, len))
        return 0;
    int r = add_segment(journal, len);
    while (r == -ENOSPC) {
        int64_t freed = tidy_one(journal);
        if (freed <= 0)
            return freed < 0 ? (int)freed : r;
        r = add_segment(journal, len);
    }
    return r;
}

static int sync_block(struct journal *journal)
{
    int64_t begin = clock_monotonic_ns();
    int r = sys_sync(journal->store.last_fd);
    uint64_t took = (uint64_t)(clock_monotonic_ns() - begin);
    journal_lock(journal);
    journal->counts.syncs++;
    journal->counts.sync_ns_total += took;
    journal->counts.sync_ns_max = highest(journal->counts.sync_ns_max, took);
    journal_unlock(journal);
    return r;
}

/* Behind what of it stands there already: a block is one piece of one segment, which may grow over its room for it. */
static int write_part(struct journal *journal)
{
    struct stat st;
    int r = journal->spilled ? 0 : make_room(journal, journal->block.len);
    if (r < 0)
        return r;
    uint64_t end = store_last(&journal->store)->size + journal->spilled;
    int fd = journal->store.last_fd;
    if (fstat(fd, &st) < 0 || st.st_nlink == 0)
        return -EIO; // the directory was deleted under us
    r = sys_write(fd, buffer_bytes(&journal->block), end);
    if (r == -ENOSPC && deliver_sys.ftruncate(fd, (off_t)end) < 0)
        r = -EIO;
    return r;
}

static int write_block(struct journal *journal)
{
    int r = write_part(journal);
    CRASH_POINT("block-written");
    if (r == 0)
        r = sync_block(journal);
    if (r == 0)
        CRASH_POINT("block-synced");
    return r;
}

static void forget_block(struct journal *journal)
{
    buffer_clear(&journal->block);
    if (journal->block.capacity > BLOCK_KEPT)
        buffer_free(&journal->block);
}

/* It is durable: now it exists. */
static void publish_block(struct journal *journal, const struct block *block)
{
    uint64_t len = journal->spilled + journal->block.len;
    journal_lock(journal);
    struct segment *last = store_last(&journal->store);
    last->size += len;
    last->room = highest(last->room, last->size);
    last->last_seq = journal->seq = block->seq;
    if (block->count)
        last->last_n = block->first_n + block->count - 1;
    last->finding_bytes += block->span;
    last->newest_ns = block->time_ns;
    last->manifests |= block->manifest.len > 0;
    journal->next_n += block->count;
    journal->counts.blocks++;
    journal->counts.bytes_written += len;
    pthread_cond_broadcast(&journal->grown);
    journal_unlock(journal);
    journal->pending = 0;
    journal->spilled = 0;
    forget_block(journal);
}

/* As much is freed as was written, so that the bound holds and no commit waits for the work of many. */
static int tidy(struct journal *journal, uint64_t written)
{
    struct store *store = &journal->store;
    int64_t freed = 0, step = 1;
    while (step > 0 && freed < (int64_t)written) {
        step = tidy_one(journal);
        if (step < 0)
            return (int)step;
        freed += step;
    }
    const struct segment *last = store_last(store);
    if (last->size < last->room / 2)
        return 0;
    int r = spare_make(store->dir, SEGMENT_ROOM, &store->spare); // while there still is room
    return r == -ENOSPC ? 0 : r;
}

/* What the caller reads when a commit did not come about. */
static int refuse(struct journal *journal, int r, struct error *reterr)
{
    if (r != -ENOSPC && r != -EMSGSIZE) {
        atomic_store(&journal->dead, true);
        return error_set(reterr, -EIO,
                         "journal: cannot be written, and what the disk holds is unknown");
    }
    return error_set(reterr, r, "journal: cannot write: %s", strerror(-r));
}

static int check_bound(struct journal *journal, struct error *reterr)
{
    uint64_t lowest;
    journal_lock(journal);
    uint64_t waiting = tidy_unconfirmed(journal, &lowest);
    journal_unlock(journal);
    if (journal->pending == 0 || waiting == 0 ||
        waiting + journal->spilled + journal->block.len <= journal->max_bytes)
        return 0;
    return error_set(reterr, -ENOSPC, "outbox: full: sinks have not confirmed finding %" PRIu64,
                     lowest + 1);
}

int journal_spill(struct journal *journal, struct error *reterr)
{
    CHECK(journal->store.writable);
    if (atomic_load(&journal->dead))
        return refuse(journal, -EIO, reterr);
    int r = check_bound(journal, reterr);
    if (r < 0)
        return r;
    r = write_part(journal);
    if (r < 0)
        return refuse(journal, r, reterr);
    journal->spilled += journal->block.len;
    forget_block(journal);
    return 0;
}

static int commit_block(struct journal *journal, struct bytes manifest, struct error *reterr)
{
    size_t own = journal->block.len;
    struct block block = {.seq = journal->seq + 1,
                          .first_n = journal->next_n,
                          .count = journal->pending,
                          .span = journal->spilled + own,
                          .time_ns = clock_wall_ns(),
                          .manifest = manifest};
    int r = check_bound(journal, reterr);
    if (r < 0)
        return r;
    frame_put_block(&journal->block, journal->store.epoch.now, &block);
    r = write_block(journal);
    if (r < 0) {
        journal->block.len = own;
        return refuse(journal, r, reterr);
    }
    uint64_t written = journal->spilled + journal->block.len;
    publish_block(journal, &block);
    if (tidy(journal, written) < 0)
        atomic_store(&journal->dead, true); // this block is durable; the next one is refused
    return 0;
}

int journal_commit(struct journal *journal, struct bytes manifest, struct error *reterr)
{
    CHECK(journal->store.writable);
    if (atomic_load(&journal->dead))
        return refuse(journal, -EIO, reterr);
    if (manifest.len > FRAME_MANIFEST_MAX)
        return error_set(reterr, -EMSGSIZE, "journal: a manifest of %zu bytes is too long",
                         manifest.len);
    if (manifest.len == 0 && journal->pending == 0)
        return 0;
    return commit_block(journal, manifest, reterr);
}
