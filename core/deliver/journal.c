/* SPDX-License-Identifier: MIT */

#include "deliver/journal.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "deliver/confirm.h"
#include "deliver/encode.h"
#include "deliver/store.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CONFIRM_EVERY_NS                                                                       \
    NS_PER_S /* at most so much is sent again after a crash, and refused there as known */

struct journal {
    pthread_mutex_t
        mutex; /* guards all below; held over a sync, so that nobody reads what is not durable */
    pthread_cond_t grown;
    struct store store;
    uint64_t segment_bytes, next_n;
    bool
        broken; /* a sync failed: the pages of the last segment are not to be trusted with more */
    struct confirm confirm;
    bool unsaved; /* of confirm */
    int64_t saved_ns;
    struct buffer frames, data; /* reused by append */
};

static void lock(struct journal *journal)
{
    CHECK(pthread_mutex_lock(&journal->mutex) == 0);
}

static void unlock(struct journal *journal)
{
    CHECK(pthread_mutex_unlock(&journal->mutex) == 0);
}

/* ---- opening and closing ------------------------------------------------ */

static void start_counting(struct journal *journal)
{
    journal->next_n = 1;
    for (size_t i = 0; i < journal->store.count; i++) {
        const struct segment *s = &journal->store.segments[i];
        uint64_t next = s->last_n ? s->last_n + 1 : s->first_n;
        if (next > journal->next_n)
            journal->next_n = next;
    }
    // what was confirmed existed, even if the disk lost it: an n is never given twice
    if (confirm_highest(&journal->confirm) >= journal->next_n)
        journal->next_n = confirm_highest(&journal->confirm) + 1;
}

static void init_sync(struct journal *journal)
{
    pthread_condattr_t attributes;
    CHECK(pthread_mutex_init(&journal->mutex, NULL) == 0);
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&journal->grown, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

static int open_any(const char *dir, enum store_mode mode, struct journal **ret,
                    struct error *reterr)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    if (!journal)
        return error_set(reterr, -ENOMEM, "%s: out of memory", dir);
    int r = store_open(dir, mode, &journal->store, reterr);
    if (r < 0) {
        free(journal);
        return r;
    }
    init_sync(journal);
    confirm_load(&journal->confirm, journal->store.dir);
    start_counting(journal);
    *ret = journal;
    return 0;
}

int journal_open(const char *dir, const struct journal_options *options, struct journal **ret,
                struct error *reterr)
{
    uint64_t max = options && options->max_bytes ? options->max_bytes : JOURNAL_BYTES_DEFAULT;
    enum store_mode mode = options && options->new_epoch ? STORE_WRITE_NEW_EPOCH : STORE_WRITE;
    int r = open_any(dir, mode, ret, reterr);
    if (r == 0)
        (*ret)->segment_bytes =
            (max < JOURNAL_BYTES_LEAST ? JOURNAL_BYTES_LEAST : max) / JOURNAL_SEGMENTS;
    return r;
}

int journal_open_readonly(const char *dir, struct journal **ret, struct error *reterr)
{
    return open_any(dir, STORE_READ, ret, reterr);
}

/* Called with the lock held. */
static void save_confirmed(struct journal *journal, bool now)
{
    int64_t clock = clock_monotonic_ns();
    if (!journal->unsaved || (!now && clock - journal->saved_ns < CONFIRM_EVERY_NS))
        return;
    journal->saved_ns = clock; // also after a failure: a full disk is not asked at every turn
    int r = confirm_store(&journal->confirm, journal->store.dir);
    if (r < 0)
        log_debug("outbox: cannot note what was confirmed: %s", strerror(-r));
    else
        journal->unsaved = false;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    if (journal->store.writable)
        save_confirmed(journal, true);
    store_close(&journal->store);
    buffer_free(&journal->frames);
    buffer_free(&journal->data);
    pthread_cond_destroy(&journal->grown);
    pthread_mutex_destroy(&journal->mutex);
    free(journal);
}

uint64_t journal_epoch(struct journal *journal)
{
    return journal->store.epoch; // never changes
}

uint64_t journal_next_n(struct journal *journal)
{
    lock(journal);
    uint64_t n = journal->next_n;
    unlock(journal);
    return n;
}

static uint64_t first_kept(const struct journal *journal)
{
    return journal->store.count ? journal->store.segments[0].first_n : journal->next_n;
}

uint64_t journal_first_n(struct journal *journal)
{
    lock(journal);
    uint64_t n = first_kept(journal);
    unlock(journal);
    return n;
}

uint64_t journal_damaged(struct journal *journal)
{
    lock(journal);
    uint64_t damaged = journal->store.damaged;
    unlock(journal);
    return damaged;
}

/* ---- appending ---------------------------------------------------------- */

/* What the finding becomes with this n; the caller's one is changed only when all is durable. */
static void number(const struct journal *journal, struct finding *f, uint64_t n, int64_t now_ns)
{
    f->epoch = journal->store.epoch;
    f->n = n;
    if (f->id[0] == '\0')
        snprintf(f->id, sizeof(f->id), "%016" PRIx64 "-%" PRIu64, f->epoch, n);
    finding_date(f, now_ns);
}

static struct bytes text_of(const char *text)
{
    return bytes_of(text ? text : "");
}

static void shorten(struct bytes *text)
{
    if (text->len > ENCODE_SHORT_MAX)
        text->len = ENCODE_SHORT_MAX;
}

static struct entry entry_of(const struct finding *f, const struct buffer *data)
{
    struct entry entry = {.epoch = f->epoch,
                          .n = f->n,
                          .fingerprint = f->fingerprint,
                          .route = f->route,
                          .status = f->status,
                          .ts_ns = f->detected_ns,
                          .score = f->score,
                          .id = bytes_of(f->id),
                          .stream = text_of(f->stream),
                          .detector = text_of(f->detector),
                          .data = buffer_bytes(data)};
    shorten(&entry.stream);
    shorten(&entry.detector);
    return entry;
}

static int frame_all(struct journal *journal, const struct finding *findings, size_t count,
                     int64_t now_ns)
{
    buffer_clear(&journal->frames);
    for (size_t i = 0; i < count; i++) {
        struct finding f = findings[i];
        number(journal, &f, journal->next_n + i, now_ns);
        buffer_clear(&journal->data);
        finding_encode(&f, &journal->data);
        if (journal->data.len > ENCODE_MAX)
            return -EMSGSIZE;
        struct entry entry = entry_of(&f, &journal->data);
        segment_frame(&entry, &journal->frames);
        if (journal->frames.len > journal->segment_bytes - SEGMENT_HEADER)
            return -EMSGSIZE;
    }
    return journal->frames.failed || journal->data.failed ? -ENOMEM : 0;
}

/* The last segment has room for `len` bytes afterwards, or a new one is begun in place of the oldest. */
static int make_room(struct journal *journal, size_t len, struct error *reterr)
{
    struct store *store = &journal->store;
    const struct segment *last = store->count ? &store->segments[store->count - 1] : NULL;
    if (last && !journal->broken && last->epoch == store->epoch &&
        last->size + len <= journal->segment_bytes)
        return 0;
    while (store->count >= JOURNAL_SEGMENTS) {
        if (store->segments[0].last_n > confirm_lowest(&journal->confirm))
            return error_set(reterr, -ENOSPC,
                             "outbox: full: sinks have not confirmed finding %" PRIu64,
                             confirm_lowest(&journal->confirm) + 1);
        store_drop_oldest(store);
    }
    if (last && store->count && store->segments[store->count - 1].first_n == journal->next_n)
        return 0; // broken before it held anything: no other name is to be had, so try again
    int r = store_add(store, journal->next_n, reterr);
    if (r == 0)
        journal->broken = false;
    return r;
}

static int append_locked(struct journal *journal, const struct finding *findings, size_t count,
                         int64_t now_ns, struct error *reterr)
{
    int r = frame_all(journal, findings, count, now_ns);
    if (r < 0)
        return error_set(reterr, r, "outbox: %zu findings refused: %s", count, strerror(-r));
    r = make_room(journal, journal->frames.len, reterr);
    if (r < 0)
        return r;
    struct segment *last = &journal->store.segments[journal->store.count - 1];
    r = segment_append(last, buffer_bytes(&journal->frames), journal->next_n + count - 1);
    if (r < 0) {
        journal->broken = true;
        return error_set(reterr, r, "outbox: cannot write: %s", strerror(-r));
    }
    return 0;
}

int journal_append(struct journal *journal, struct finding *findings, size_t count,
                  struct error *reterr)
{
    CHECK(journal->store.writable);
    int64_t now_ns = clock_wall_ns();
    lock(journal);
    int r = count ? append_locked(journal, findings, count, now_ns, reterr) : 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        number(journal, &findings[i], journal->next_n++, now_ns);
    if (r == 0)
        pthread_cond_broadcast(&journal->grown);
    unlock(journal);
    return r;
}

/* ---- reading ------------------------------------------------------------ */

int journal_reader_init(struct journal_reader *reader)
{
    *reader = (struct journal_reader){.room = malloc(SEGMENT_PAYLOAD_MAX)};
    return reader->room ? 0 : -ENOMEM;
}

void journal_reader_free(struct journal_reader *reader)
{
    free(reader->room);
    reader->room = NULL;
}

static struct bytes keep(struct journal_reader *reader, struct bytes text)
{
    char *to = reader->room + reader->used;
    memcpy(to, text.at, text.len);
    reader->used += text.len;
    return (struct bytes){to, text.len};
}

/* A finding that stands for number n, which the disk lost. The same bytes each time. False: no room. */
static bool put_lost(struct journal *journal, struct journal_reader *reader, uint64_t n,
                     int64_t ts_ns)
{
    struct buffer data = {0};
    struct finding f = {.kind = FINDING_GAP,
                        .route = ROUTE_LOG,
                        .status = FINDING_RESOLVED,
                        .starts_ns = ts_ns,
                        .ends_ns = ts_ns,
                        .detected_ns = ts_ns,
                        .window_start_ns = NO_TIME,
                        .window_end_ns = NO_TIME,
                        .stream = "oddline",
                        .series = "outbox",
                        .detector = "oddline",
                        .summary = "a finding was lost: its place in the outbox is damaged"};
    f.fingerprint = hash_bytes(bytes_of(f.summary));
    number(journal, &f, n, ts_ns);
    finding_encode(&f, &data);
    struct entry entry = entry_of(&f, &data);
    bool fits =
        !data.failed && segment_payload_size(&entry) <= SEGMENT_PAYLOAD_MAX - reader->used;
    if (fits) {
        entry.id = keep(reader, entry.id);
        entry.data = keep(reader, entry.data);
        reader->entries[reader->count++] = entry;
    }
    buffer_free(&data);
    return fits;
}

/* The index of the segment to read from, and reader->offset in it; store.count when there is nothing. */
static size_t seek(const struct journal *journal, struct journal_reader *reader, uint64_t after_n)
{
    const struct store *store = &journal->store;
    bool goes_on = reader->next_n == after_n + 1;
    for (size_t i = 0; i < store->count; i++)
        if (goes_on && store->segments[i].first_n == reader->segment_n)
            return i;
    reader->offset = SEGMENT_HEADER;
    for (size_t i = 0; i < store->count; i++)
        if (store->segments[i].last_n > after_n)
            return i;
    return store->count;
}

/* One frame more, or one that is lost. False: that is all for this read. */
static bool read_one(struct journal *journal, struct journal_reader *reader, size_t *at)
{
    const struct segment *segment = &journal->store.segments[*at];
    uint64_t offset = reader->offset;
    struct entry entry;
    int r = segment_read(segment, &offset, reader->room + reader->used,
                         SEGMENT_PAYLOAD_MAX - reader->used, &entry);
    if (r < 0)
        return false;
    if (r == 0) {
        if (*at + 1 >= journal->store.count)
            return false;
        ++*at;
        reader->offset = SEGMENT_HEADER;
        return true;
    }
    if (entry.n > reader->next_n)
        return put_lost(journal, reader, reader->next_n, entry.ts_ns) && ++reader->next_n;
    reader->offset = offset;
    if (entry.n < reader->next_n || entry.epoch != journal->store.epoch)
        return true; // before the place asked for
    reader->entries[reader->count++] = entry;
    reader->used += segment_payload_size(&entry);
    reader->next_n++;
    return true;
}

void journal_read(struct journal *journal, struct journal_reader *reader, uint64_t after_n,
                 size_t max)
{
    if (max > JOURNAL_READ_MAX)
        max = JOURNAL_READ_MAX;
    lock(journal);
    if (!journal->store.writable) {
        store_refresh(&journal->store);
        start_counting(journal);
    }
    reader->count = 0;
    reader->used = 0;
    size_t at = seek(journal, reader, after_n);
    uint64_t first = first_kept(journal);
    reader->next_n = after_n + 1 > first ? after_n + 1 : first;
    while (at < journal->store.count && reader->count < max && read_one(journal, reader, &at))
        ;
    if (at < journal->store.count)
        reader->segment_n = journal->store.segments[at].first_n;
    unlock(journal);
}

/* ---- confirming and waiting --------------------------------------------- */

int journal_follow(struct journal *journal, const char *sink, struct error *reterr)
{
    lock(journal);
    int slot = confirm_slot(&journal->confirm, sink);
    if (slot >= 0)
        journal->confirm.at[slot].followed = true;
    unlock(journal);
    if (slot < 0)
        return error_set(reterr, slot, "sink %s: cannot follow the outbox: %s", sink,
                         strerror(-slot));
    return 0;
}

uint64_t journal_confirmed(struct journal *journal, const char *sink)
{
    lock(journal);
    int slot = confirm_slot(&journal->confirm, sink);
    uint64_t n = slot >= 0 ? journal->confirm.at[slot].n : 0;
    unlock(journal);
    return n;
}

void journal_confirm(struct journal *journal, const char *sink, uint64_t n)
{
    lock(journal);
    int slot = confirm_slot(&journal->confirm, sink);
    if (slot >= 0 && journal->confirm.at[slot].n != n) {
        journal->confirm.at[slot].n = n;
        journal->unsaved = true;
    }
    save_confirmed(journal, false);
    unlock(journal);
}

void journal_wait(struct journal *journal, uint64_t after_n, int64_t until_ns,
                 const atomic_bool *stop)
{
    struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    lock(journal);
    int r = 0;
    while (r == 0 && !atomic_load(stop) &&
           (after_n == UINT64_MAX || journal->next_n - 1 <= after_n))
        r = pthread_cond_timedwait(&journal->grown, &journal->mutex, &until);
    save_confirmed(journal, false);
    unlock(journal);
}

void journal_wake(struct journal *journal)
{
    lock(journal);
    pthread_cond_broadcast(&journal->grown);
    unlock(journal);
}
