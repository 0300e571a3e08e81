/* SPDX-License-Identifier: MIT */
/*
 * What the journal keeps. A segment, oldest first:
 *
 *      some manifest still needed                   stays, and all behind it
 *      no finding, or confirmed and out of date     deleted
 *      findings are less than half of it            compacted to them; joined to the compact one in front, if small
 *
 * Findings go from the oldest on, so that those kept are dense in n.
 */

#include "deliver/journal_inner.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "deliver/survey.h"
#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    JOINED_MAX = SEGMENT_ROOM / 2, /* many small compact segments would be many files */
};

/* ---- what is needed ----------------------------------------------------- */

/* Of a segment confirmed in part, the findings are taken to be equally long. */
static uint64_t waiting_in(const struct segment *s, uint64_t lowest)
{
    if (s->last_n <= lowest || s->last_n < s->first_n)
        return 0;
    if (s->first_n > lowest)
        return s->finding_bytes;
    double part = (double)(s->last_n - lowest) / (double)(s->last_n - s->first_n + 1);
    return (uint64_t)((double)s->finding_bytes * part);
}

uint64_t tidy_unconfirmed(const struct journal *journal, uint64_t *ret_lowest)
{
    uint64_t bytes = 0, lowest = confirm_lowest(&journal->confirm);
    for (size_t i = 0; i < journal->store.count; i++)
        bytes += waiting_in(&journal->store.segments[i], lowest);
    *ret_lowest = lowest;
    return bytes;
}

/* May the oldest segment go, though it has findings? */
static bool is_out_of_date(struct journal *journal)
{
    const struct store *store = &journal->store;
    const struct segment *s = &store->segments[0];
    uint64_t lowest, kept = 0;
    journal_lock(journal);
    uint64_t waiting = tidy_unconfirmed(journal, &lowest);
    journal_unlock(journal);
    for (size_t i = 0; i < store->count; i++)
        kept += store->segments[i].finding_bytes;
    if (lowest == UINT64_MAX) // nobody follows: for who reads them here, or comes later
        return kept > journal->max_bytes;
    if (store_end_n(store, 0) - 1 > lowest)
        return false;
    return kept - waiting > journal->keep_bytes ||
           s->newest_ns < clock_wall_ns() - journal->keep_ns;
}

/* ---- deleting ----------------------------------------------------------- */

static int64_t drop(struct journal *journal, size_t i)
{
    int64_t bytes = (int64_t)journal->store.segments[i].size;
    journal_lock(journal);
    int r = store_drop(&journal->store, i);
    journal_unlock(journal);
    if (r < 0) {
        log_debug("journal: cannot delete a segment: %s", strerror(-r));
        return 0;
    }
    return sys_sync_directory(journal->store.dir) < 0 ? -EIO : bytes;
}

/* ---- compacting --------------------------------------------------------- */

/* The frames of the findings [n, end), those that are lost written out as what stands for them. */
static int gather(struct journal *journal, uint64_t n, uint64_t end, struct buffer *out)
{
    struct journal_reader *mover = &journal->mover;
    if (!mover->room && journal_reader_init(mover) < 0)
        return -ENOMEM;
    while (n < end) {
        journal_read(journal, mover, n - 1, JOURNAL_READ_MAX);
        if (mover->count == 0 || mover->entries[0].n != n)
            return -EAGAIN;
        for (size_t i = 0; i < mover->count && n < end; i++, n++)
            frame_put_entry(out, &mover->entries[i]);
    }
    return 0;
}

static int write_compact(const struct store *store, struct segment *segment,
                         struct bytes frames)
{
    struct stat st;
    int fd = deliver_sys.openat(store->dir, STORE_COMPACT,
                                O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return sys_is_room(errno) ? -ENOSPC : -EIO;
    int r = segment_put_header(fd, segment);
    if (r == 0)
        r = sys_write(fd, frames, SEGMENT_HEADER);
    if (r == 0)
        r = sys_sync(fd);
    if (r == 0 && fstat(fd, &st) < 0)
        r = -EIO;
    close(fd);
    if (r == 0)
        segment->inode = st.st_ino;
    return r;
}

/* The file and what is known of it change together, for who reads; it is durable afterwards. */
static int put_in_place(struct journal *journal, size_t i, const struct segment *segment)
{
    struct store *store = &journal->store;
    char name[SURVEY_NAME_SIZE];
    survey_name(segment->first_seq, name);
    journal_lock(journal);
    int r = deliver_sys.renameat(store->dir, STORE_COMPACT, store->dir, name) < 0 ? -errno : 0;
    if (r == 0) {
        store->segments[i] = *segment;
        store->segments[i].id = ++store->next_id;
    }
    journal_unlock(journal);
    CRASH_POINT("compact-renamed");
    if (r < 0)
        return sys_is_room(-r) ? -ENOSPC : -EIO;
    return sys_sync_directory(store->dir);
}

/* Segments i and, when `join`, the one in front become one. */
static int compact_to(struct journal *journal, size_t i, bool join, struct buffer *frames)
{
    struct store *store = &journal->store;
    const struct segment *s = &store->segments[i], *first = join ? s - 1 : s;
    struct segment to = {.epoch = s->epoch,
                         .first_seq = first->first_seq,
                         .last_seq = s->last_seq,
                         .first_n = first->first_n,
                         .last_n = store_end_n(store, i) - 1,
                         .created_ns = first->created_ns,
                         .newest_ns = s->newest_ns,
                         .compact = true};
    int r = gather(journal, to.first_n, to.last_n + 1, frames);
    if (r < 0)
        return r;
    to.finding_bytes = frames->len;
    to.size = to.room = SEGMENT_HEADER + frames->len;
    r = write_compact(store, &to, buffer_bytes(frames));
    return r < 0 ? r : put_in_place(journal, join ? i - 1 : i, &to);
}

static int64_t compact(struct journal *journal, size_t i)
{
    const struct segment *s = &journal->store.segments[i];
    bool join = i > 0 && s[-1].compact && s[-1].size + s->finding_bytes <= JOINED_MAX;
    int64_t freed = (int64_t)(s->size - s->finding_bytes);
    struct buffer frames = {0};
    int r = compact_to(journal, i, join, &frames);
    buffer_free(&frames);
    if (r == 0 && join && drop(journal, i) < 0)
        r = -EIO;
    if (r < 0 && r != -EIO) {
        log_debug("journal: cannot compact a segment: %s", strerror(-r));
        deliver_sys.unlinkat(journal->store.dir, STORE_COMPACT, 0);
        return 0;
    }
    return r < 0 ? r : freed;
}

int64_t tidy_one(struct journal *journal)
{
    const struct store *store = &journal->store;
    for (size_t i = 0; i + 1 < store->count; i++) {
        const struct segment *s = &store->segments[i];
        if (s->manifests && s->last_seq > journal->keep_seq)
            return 0;
        if (store_end_n(store, i) <= s->first_n || (i == 0 && is_out_of_date(journal)))
            return drop(journal, i);
        if (!s->compact && s->finding_bytes < s->size / 2)
            return compact(journal, i);
    }
    return 0;
}
