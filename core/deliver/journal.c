/* SPDX-License-Identifier: MIT */

#include "deliver/journal_inner.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

#define CONFIRM_EVERY_NS                                                                       \
    NS_PER_S /* at most so much is sent again after a crash, and refused there as known */

void journal_lock(struct journal *journal)
{
    CHECK(pthread_mutex_lock(&journal->mutex) == 0);
}

void journal_unlock(struct journal *journal)
{
    CHECK(pthread_mutex_unlock(&journal->mutex) == 0);
}

/* ---- opening and closing ------------------------------------------------ */

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What was confirmed existed, even if the disk lost it: a number is never given twice. */
static void start_counting(struct journal *journal)
{
    const struct store *store = &journal->store;
    const struct segment *last = store_last(store);
    journal->next_n = most(last ? last->last_n + 1 : 1, store->aside_last_n + 1);
    journal->next_n = most(journal->next_n, confirm_highest(&journal->confirm) + 1);
    journal->seq = most(last ? last->last_seq : 0, store->aside_last_seq);
    journal->counts.torn = store->torn;
    journal->counts.damaged = store->damaged;
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
    if (mode !=
        STORE_READ) // who looks must not take for lost what came after he listed the files
        confirm_load(&journal->confirm, journal->store.dir);
    start_counting(journal);
    *ret = journal;
    return 0;
}

int journal_open(const char *dir, const struct journal_options *options, struct journal **ret,
                 struct error *reterr)
{
    const struct journal_options o = options ? *options : (struct journal_options){0};
    int r = open_any(dir, o.new_epoch ? STORE_WRITE_NEW_EPOCH : STORE_WRITE, ret, reterr);
    if (r < 0)
        return r;
    uint64_t max = o.max_bytes ? o.max_bytes : JOURNAL_BYTES_DEFAULT;
    (*ret)->max_bytes = most(max, JOURNAL_BYTES_LEAST);
    (*ret)->keep_bytes = o.keep_bytes ? o.keep_bytes : (*ret)->max_bytes / 4;
    (*ret)->keep_ns = o.keep_ns ? o.keep_ns : JOURNAL_KEEP_S * NS_PER_S;
    return 0;
}

int journal_open_readonly(const char *dir, struct journal **ret, struct error *reterr)
{
    return open_any(dir, STORE_READ, ret, reterr);
}

/* Called with the lock held, which is let go for the disk. */
static void save_confirmed(struct journal *journal, bool now)
{
    int64_t clock = clock_monotonic_ns();
    if (!journal->unsaved || journal->saving || atomic_load(&journal->dead) ||
        (!now && clock - journal->saved_ns < CONFIRM_EVERY_NS))
        return;
    struct confirm copy = journal->confirm;
    journal->saved_ns = clock; // also after a failure: a full disk is not asked at every turn
    journal->unsaved = false;
    journal->saving = true;
    journal_unlock(journal);
    int r = confirm_store(&copy, journal->store.dir);
    if (r == -EIO)
        atomic_store(&journal->dead, true);
    if (r < 0)
        log_debug("journal: cannot note what was confirmed: %s", strerror(-r));
    journal_lock(journal);
    journal->saving = false;
    journal->unsaved |= r < 0;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    journal_lock(journal);
    if (journal->store.writable)
        save_confirmed(journal, true);
    journal_unlock(journal);
    store_close(&journal->store);
    buffer_free(&journal->block);
    buffer_free(&journal->data);
    journal_reader_free(&journal->mover);
    pthread_cond_destroy(&journal->grown);
    pthread_mutex_destroy(&journal->mutex);
    free(journal);
}

uint64_t journal_epoch(struct journal *journal)
{
    return journal->store.epoch.now; // never changes
}

uint64_t journal_next_n(struct journal *journal)
{
    journal_lock(journal);
    uint64_t n = journal->next_n;
    journal_unlock(journal);
    return n;
}

uint64_t journal_first_n(struct journal *journal)
{
    journal_lock(journal);
    const struct store *store = &journal->store;
    uint64_t n = store->count ? store->segments[0].first_n : journal->next_n;
    journal_unlock(journal);
    return n;
}

uint64_t journal_seq(struct journal *journal)
{
    journal_lock(journal);
    uint64_t seq = journal->seq;
    journal_unlock(journal);
    return seq;
}

struct journal_counts journal_counts(struct journal *journal)
{
    journal_lock(journal);
    struct journal_counts counts = journal->counts;
    counts.segments = journal->store.count;
    counts.bytes_on_disk = 0;
    for (size_t i = 0; i < journal->store.count; i++)
        counts.bytes_on_disk +=
            most(journal->store.segments[i].room, journal->store.segments[i].size);
    journal_unlock(journal);
    return counts;
}

void journal_keep(struct journal *journal, uint64_t seq)
{
    atomic_store(&journal->keep_seq, seq);
}

/* ---- confirming and waiting --------------------------------------------- */

int journal_follow(struct journal *journal, const char *sink, struct error *reterr)
{
    journal_lock(journal);
    int slot = confirm_slot(&journal->confirm, sink);
    if (slot >= 0)
        journal->confirm.at[slot].followed = true;
    journal_unlock(journal);
    if (slot < 0)
        return error_set(reterr, slot, "sink %s: cannot follow the outbox: %s", sink,
                         strerror(-slot));
    return 0;
}

uint64_t journal_confirmed(struct journal *journal, const char *sink)
{
    journal_lock(journal);
    int slot = confirm_slot(&journal->confirm, sink);
    uint64_t n = slot >= 0 ? journal->confirm.at[slot].n : 0;
    journal_unlock(journal);
    return n;
}

void journal_confirm(struct journal *journal, const char *sink, uint64_t n)
{
    journal_lock(journal);
    int slot = confirm_slot(&journal->confirm, sink);
    if (slot >= 0 && journal->confirm.at[slot].n != n) {
        journal->confirm.at[slot].n = n;
        journal->unsaved = true;
    }
    save_confirmed(journal, false);
    journal_unlock(journal);
}

void journal_wait(struct journal *journal, uint64_t after_n, int64_t until_ns,
                  const atomic_bool *stop)
{
    struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    journal_lock(journal);
    int r = 0;
    while (r == 0 && !atomic_load(stop) &&
           (after_n == UINT64_MAX || journal->next_n - 1 <= after_n))
        r = pthread_cond_timedwait(&journal->grown, &journal->mutex, &until);
    save_confirmed(journal, false);
    journal_unlock(journal);
}

void journal_wake(struct journal *journal)
{
    journal_lock(journal);
    pthread_cond_broadcast(&journal->grown);
    journal_unlock(journal);
}
