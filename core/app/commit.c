/* SPDX-License-Identifier: MIT */

#include "app/commit.h"

#include "app/daemon.h"
#include "app/keep.h"
#include "base/check.h"
#include "base/crash.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void commit_init(struct commit *commit)
{
    *commit = (struct commit){.begun_ns = NO_TIME};
    pthread_condattr_t attributes;
    CHECK(pthread_mutex_init(&commit->mutex, NULL) == 0);
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&commit->taken, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

void commit_free(struct commit *commit)
{
    for (size_t i = 0; i < COMMIT_SLIPS; i++) {
        buffer_free(&commit->slips[i].manifest);
        buffer_free(&commit->slips[i].lane);
        buffer_free(&commit->slips[i].tail);
    }
    buffer_free(&commit->manifest.out);
    buffer_free(&commit->scratch);
    pthread_cond_destroy(&commit->taken);
    pthread_mutex_destroy(&commit->mutex);
}

/* What is not in a block was seen by nobody: the next start does it again. */
static void die(const char *why)
{
    log_error("%s; ending, since nothing more could be made durable", why);
    _exit(1); // at once: what the disk holds is unknown, and nothing may be written any more
}

/* ---- lane thread -------------------------------------------------------- */

/* The next slip, NULL when none was free for so long. It is the lane's alone, until it is handed over. */
static struct slip *free_slip(struct commit *commit, int64_t within_ns)
{
    int64_t until = clock_monotonic_ns() + within_ns;
    struct timespec at = {.tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S};
    struct slip *slip = NULL;
    int r = 0;
    pthread_mutex_lock(&commit->mutex);
    while (commit->count == COMMIT_SLIPS && r == 0)
        r = pthread_cond_timedwait(&commit->taken, &commit->mutex, &at);
    if (commit->count < COMMIT_SLIPS)
        slip = &commit->slips[(commit->first + commit->count) % COMMIT_SLIPS];
    pthread_mutex_unlock(&commit->mutex);
    return slip;
}

/* What may wait for hours, while a sink is away, does not wait idly: files come and go meanwhile. */
static struct slip *wait_slip(struct daemon *d)
{
    struct slip *slip;
    while (!(slip = free_slip(&d->commit, LANE_TEND_NS)))
        if (d->lane.tend)
            d->lane.tend(d->lane.context);
    return slip;
}

static void hand_over(struct daemon *d, struct slip *slip, uint32_t flags)
{
    struct commit *commit = &d->commit;
    slip->number = ++commit->number;
    slip->flags = flags;
    pthread_mutex_lock(&commit->mutex);
    commit->count++;
    pthread_mutex_unlock(&commit->mutex);
    struct mark *mark = lane_room(&d->lane, sizeof(*mark));
    *mark = (struct mark){.number = slip->number, .flags = flags};
    ring_commit(d->ring, RING_MARK, sizeof(*mark));
    CRASH_POINT("marked");
}

static struct conservation count_bytes(const struct daemon *d)
{
    const struct lane_progress *p = &d->lane.progress;
    const struct conservation *before = &d->commit.before;
    uint64_t passed = atomic_load(&p->passed);
    return (struct conservation){.moved = before->moved + atomic_load(&p->moved),
                                 .scored = d->lane.writer.blank,
                                 .gap = before->gap + passed,
                                 .lost = before->lost + atomic_load(&p->gap_bytes) - passed,
                                 .gaps = before->gaps + atomic_load(&p->gaps)};
}

/* What lies in the scratch buffer, whose memory stays. */
static void note_packed(struct commit *commit, enum step_kind kind)
{
    manifest_note(&commit->manifest,
                  &(struct step){.kind = kind, .text = buffer_bytes(&commit->scratch)});
    buffer_clear(&commit->scratch);
}

static void note_mark(void *context, const struct bookmark *mark)
{
    struct daemon *d = context;
    bookmark_pack(mark, &d->commit.scratch);
    note_packed(&d->commit, STEP_MARK);
}

/* What was scored follows from the others. */
static void note_counts(struct daemon *d, const struct slip *slip)
{
    keep_counts(&slip->bytes, slip->serials, &d->commit.scratch);
    note_packed(&d->commit, STEP_COUNTS);
}

void commit_mark(struct daemon *d, uint32_t flags)
{
    struct commit *commit = &d->commit;
    struct slip *slip = wait_slip(d);
    tail_changes(d->tail, note_mark, d);
    slip->replayed = false;
    slip->bytes = count_bytes(d);
    slip->serials = tail_serials(d->tail);
    note_counts(d, slip);
    struct buffer empty = slip->manifest; // its memory comes back with the slip
    slip->manifest = commit->manifest.out;
    commit->manifest.out = empty;
    manifest_clear(&commit->manifest);
    commit->begun_ns = NO_TIME;
    commit->moved = true;
    commit->marked_ns = clock_monotonic_ns();
    d->lane.emitted = false;
    if (flags & MARK_SNAPSHOT) {
        keep_lane(d, &slip->lane);
        keep_tail(d, &slip->tail);
        commit->snapshot_ns = clock_monotonic_ns();
        commit->soon = commit->moved = false;
        atomic_store(&commit->snapshot_on_its_way, true);
    }
    hand_over(d, slip, flags);
}

void commit_mark_replayed(struct daemon *d, uint32_t flags, uint64_t next_n)
{
    struct slip *slip = wait_slip(d);
    slip->replayed = true;
    slip->next_n = next_n;
    slip->bytes = count_bytes(d);
    hand_over(d, slip, flags);
}

void commit_go_on(struct daemon *d, const struct conservation *durable)
{
    struct commit *commit = &d->commit;
    struct lane_progress *p = &d->lane.progress;
    uint64_t passed = atomic_load(&p->passed);
    commit->before = (struct conservation){
        .moved = durable->moved - atomic_load(&p->moved),
        .gap = durable->gap - passed,
        .lost = durable->lost - (atomic_load(&p->gap_bytes) - passed),
        .gaps = durable->gaps - atomic_load(&p->gaps),
    };
    atomic_store(&d->lane.progress.bytes, 0); // what this run has read begins here
    atomic_store(&d->lane.progress.records, 0);
    atomic_store(&d->lane.progress.lines, 0);
    pthread_mutex_lock(&commit->mutex);
    commit->durable = *durable;
    pthread_mutex_unlock(&commit->mutex);
}

/* How long after the last snapshot the next one may come. */
static int64_t snapshot_wait_ns(struct commit *commit)
{
    int64_t cost = atomic_load(&commit->snapshot_cost_ns);
    if (commit->soon) {
        int64_t wait = SNAPSHOT_SHARE_SOON * cost;
        return wait > SNAPSHOT_LEAST_NS ? wait : SNAPSHOT_LEAST_NS;
    }
    int64_t wait = SNAPSHOT_SHARE * cost;
    int64_t disk =
        (int64_t)(atomic_load(&commit->snapshot_bytes) * NS_PER_S / SNAPSHOT_BYTES_PER_S);
    wait = wait > disk ? wait : disk;
    wait = wait > SNAPSHOT_LEAST_NS ? wait : SNAPSHOT_LEAST_NS;
    return wait < SNAPSHOT_MOST_NS ? wait : SNAPSHOT_MOST_NS;
}

void commit_tick(struct daemon *d, int64_t now_ns)
{
    struct commit *commit = &d->commit;
    if (commit->manifest.steps && commit->begun_ns == NO_TIME)
        commit->begun_ns = now_ns;
    bool snapshot = (commit->moved || commit->manifest.steps) &&
                    !atomic_load(&commit->snapshot_on_its_way) &&
                    now_ns - commit->snapshot_ns >= snapshot_wait_ns(commit);
    bool due = d->lane.emitted ||
               (commit->begun_ns != NO_TIME && now_ns - commit->begun_ns >= COMMIT_NS);
    if (snapshot)
        commit_mark(d, MARK_SNAPSHOT);
    else if (due)
        commit_mark(d, 0);
}

/* ---- judge thread: blocks ------------------------------------------------ */

/* When there is no room, wait: the ring fills, the tailer stops, the log file is the backlog. NULL: the block is not over. */
static void write_out(struct daemon *d, const struct bytes *manifest)
{
    struct commit *commit = &d->commit;
    struct error error;
    int r;
    while ((r = manifest ? journal_commit(d->journal, *manifest, &error)
                         : journal_spill(d->journal, &error)) == -ENOSPC) {
        if (!atomic_exchange(&commit->stalled, true)) {
            commit->stalls++;
            log_warning("%s; reading waits until there is room", error.text);
        }
        if (atomic_load(&d->stopping)) {
            commit->gave_up = true; // nobody saw it: it is done again after the next start
            return;
        }
        usleep(50 * 1000);
    }
    if (r < 0)
        die(error.text);
    if (atomic_exchange(&commit->stalled, false))
        log_notice("journal: there is room again");
}

/* ---- judge thread: findings --------------------------------------------- */

enum { LOOK_AHEAD = 256 }; /* so many findings of others may lie before one in a block */

/* Its entry in the journal: the next one that is the same. What lies before it is of streams that are not as they were. */
static bool find_again(struct daemon *d, const struct finding *finding, struct entry *ret)
{
    struct commit *commit = &d->commit;
    struct entry entry;
    for (uint64_t n = commit->redo_n + 1; n <= commit->redo_n + LOOK_AHEAD; n++) {
        if (journal_recall(d->journal, n, &d->recall, &entry) < 0)
            return false;
        if (entry.fingerprint != finding->fingerprint || entry.status != finding->status ||
            entry.route != finding->route)
            continue;
        commit->strange += n - commit->redo_n - 1;
        commit->redo_n = n;
        *ret = entry;
        return true;
    }
    return false;
}

/* It was found before: it is what the journal says it is. */
static void recognise(struct daemon *d, struct finding *finding)
{
    struct commit *commit = &d->commit;
    struct entry entry = {.ts_ns = NO_TIME};
    bool known = find_again(d, finding, &entry);
    bool kept = commit->redo_n + 1 >= journal_first_n(d->journal);
    commit->strange += !known && kept;
    commit->redo_n += !known && !kept; // confirmed long ago: only its place tells which it was
    finding->n = commit->redo_n;
    finding->epoch = journal_epoch(d->journal);
    finding_date(finding, known ? entry.ts_ns : clock_wall_ns());
    if (finding->id[0])
        return;
    if (known && entry.id.len < sizeof(finding->id)) {
        memcpy(finding->id, entry.id.at, entry.id.len);
        finding->id[entry.id.len] = '\0';
    } else if (!kept) {
        snprintf(finding->id, sizeof(finding->id), "%016" PRIx64 "-%" PRIu64, finding->epoch,
                 commit->redo_n);
    } else { // nobody was sent it, and nobody else has this id
        snprintf(finding->id, sizeof(finding->id), "%016" PRIx64 "-%" PRIu64 ".%" PRIu64,
                 finding->epoch, commit->redo_n, commit->strange);
    }
}

bool commit_told(struct daemon *d, const struct finding *finding)
{
    struct entry entry;
    uint64_t next = journal_next_n(d->journal);
    for (uint64_t n = d->commit.redo_from + 1; d->commit.redo_from && n < next; n++)
        if (journal_recall(d->journal, n, &d->recall, &entry) == 0 &&
            entry.status == finding->status && bytes_is(entry.id, finding->id))
            return true;
    return false;
}

void commit_finding(struct daemon *d, struct finding *finding)
{
    struct error error;
    if (d->commit.redoing) {
        recognise(d, finding);
        return;
    }
    if (d->commit.gave_up)
        return; // nor will any block come for it
    int r = journal_put(d->journal, finding, &error);
    if (r == -ENOBUFS) { // a flood between two marks: memory has a bound
        write_out(d, NULL);
        if (d->commit.gave_up)
            return;
        r = journal_put(d->journal, finding, &error);
    }
    if (r == -EMSGSIZE)
        log_error("%s", error.text); // too big, whatever was cut from it
    else if (r < 0)
        die(error.text); // it is found again after the next start
}

/* ---- judge thread: marks ------------------------------------------------ */

static void weigh(struct daemon *d, const struct slip *slip)
{
    struct commit *commit = &d->commit;
    struct conservation now = slip->bytes;
    now.scored += commit->scored_before + judge_counts(d->judge).bytes;
    if (now.moved != now.scored + now.gap && !commit->broken) {
        log_error("bytes do not add up: %" PRIu64 " were read, %" PRIu64 " scored, %" PRIu64
                  " lie in gaps; please report this",
                  now.moved, now.scored, now.gap);
        commit->broken = true;
    }
    pthread_mutex_lock(&commit->mutex);
    commit->durable = now;
    pthread_mutex_unlock(&commit->mutex);
}

struct conservation commit_durable(struct commit *commit)
{
    pthread_mutex_lock(&commit->mutex);
    struct conservation durable = commit->durable;
    pthread_mutex_unlock(&commit->mutex);
    return durable;
}

static void take_snapshot(struct daemon *d, const struct slip *slip)
{
    struct commit *commit = &d->commit;
    int64_t begun = clock_monotonic_ns();
    int64_t bytes = keep_snapshot(d, slip);
    if (bytes == -EIO)
        die("snapshot: cannot be made durable");
    if (bytes < 0) {
        if (!commit->unkept)
            log_warning("snapshot: cannot be written: %s; the one before stays",
                        strerror((int)-bytes));
        commit->unkept = true;
        commit->snapshot_failures++;
    } else {
        commit->unkept = false;
        commit->redo_from = 0;
        commit->snapshot_bytes = (uint64_t)bytes;
        commit->snapshots++;
        journal_keep(d->journal, commit->snapshot_seq); // the one before this is kept, too
        commit->snapshot_seq = journal_seq(d->journal);
    }
    atomic_store(&commit->snapshot_cost_ns, clock_monotonic_ns() - begun);
    atomic_store(&commit->snapshot_on_its_way, false);
}

static void end_block_again(struct daemon *d, const struct slip *slip)
{
    struct commit *commit = &d->commit;
    commit->strange +=
        commit->redo_n + 1 < slip->next_n ? slip->next_n - commit->redo_n - 1 : 0;
    commit->redo_n = slip->next_n - 1;
    if (!(slip->flags & MARK_REPLAYED))
        return;
    commit->redoing = false;
    commit->scored_before =
        commit_durable(commit).scored - slip->bytes.scored - judge_counts(d->judge).bytes;
    if (commit->strange)
        log_warning("replay: %" PRIu64
                    " findings came out differently than before; what was sent stands",
                    commit->strange);
}

static void commit_slip(struct daemon *d, const struct slip *slip)
{
    if (slip->replayed) {
        end_block_again(d, slip);
        return;
    }
#ifdef ODDLINE_MUTANT_ACK_BEFORE_COMMIT // do the tests notice?
    if (slip->flags & MARK_SNAPSHOT)
        take_snapshot(d, slip);
#endif
    struct bytes manifest = buffer_bytes(&slip->manifest);
    if (!d->commit.gave_up) // durable before anything else
        write_out(d, &manifest);
    if (d->commit.gave_up)
        return;
    weigh(d, slip);
    if (slip->flags & MARK_SNAPSHOT)
        take_snapshot(d, slip);
}

void commit_at_mark(struct daemon *d, const struct mark *mark)
{
    struct commit *commit = &d->commit;
    pthread_mutex_lock(&commit->mutex);
    struct slip *slip = &commit->slips[commit->first];
    CHECK(commit->count > 0 && slip->number == mark->number);
    pthread_mutex_unlock(&commit->mutex);
    commit_slip(d, slip);
    pthread_mutex_lock(&commit->mutex);
    commit->first = (commit->first + 1) % COMMIT_SLIPS;
    commit->count--;
    pthread_cond_signal(&commit->taken);
    pthread_mutex_unlock(&commit->mutex);
}
