/* SPDX-License-Identifier: MIT */

#include "app/keep.h"
#include "app/restore_inner.h"
#include "base/build.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "deliver/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

void restore_free(struct restore *restore)
{
    if (!restore)
        return;
    for (size_t i = 0; i < restore->count; i++)
        source_close(restore->backs[i].source);
    snapshot_close(restore->snapshot);
    free(restore->backs);
    free(restore->restored);
    free(restore);
}

/* ---- sources of the run before ------------------------------------------ */

static size_t place_of(const struct restore *restore, uint32_t number)
{
    size_t low = 0, high = restore->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (restore->backs[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct back *restore_find(const struct restore *restore, uint32_t number)
{
    size_t at = place_of(restore, number);
    return at < restore->count && restore->backs[at].number == number ? &restore->backs[at]
                                                                      : NULL;
}

struct back *restore_get(struct restore *restore, uint32_t number)
{
    struct back *known = restore_find(restore, number);
    if (known)
        return known;
    if (restore->count == restore->max) {
        restore->max = restore->max ? 2 * restore->max : 64;
        restore->backs = realloc(restore->backs, restore->max * sizeof(*restore->backs));
        CHECK(restore->backs); // some dozens of bytes a file
    }
    size_t at = place_of(restore, number);
    struct back *back = &restore->backs[at];
    memmove(back + 1, back, (restore->count - at) * sizeof(*back));
    restore->count++;
    *back = (struct back){.number = number};
    return back;
}

/* ---- loading ------------------------------------------------------------ */

static int know(struct restore *restore, const struct bookmark *mark)
{
    struct back *back = restore_get(restore, (uint32_t)mark->serial);
    back->offset = mark->offset;
    back->size = mark->size;
    back->left = (mark->flags & BOOKMARK_LEFT) != 0;
    back->followed = !(mark->flags & (BOOKMARK_ARCHIVE | BOOKMARK_DELETED));
    back->path = hash_bytes(bytes_of(mark->path));
    return tail_know(restore->daemon->tail, mark);
}

static int know_packed(struct restore *restore, struct unpacker *in)
{
    struct bookmark mark;
    int r = bookmark_unpack(in, &mark);
    return r < 0 ? r : know(restore, &mark);
}

static int know_all(struct restore *restore)
{
    struct unpacker in = {.rest = snapshot_find(restore->snapshot, "tail")};
    int r = 0;
    while (r == 0 && unpack_u32(&in) == 1)
        r = know_packed(restore, &in);
    return r == -ENOMEM ? r : r < 0 || in.bad ? -EBADMSG : 0;
}

static int note_counts(struct restore *restore, struct bytes packed)
{
    return unkeep_counts(packed, &restore->bytes, &restore->serials);
}

/* Is it of this journal, and not newer than it? With a new epoch the journal is empty, and what was known is as good as before. */
static int check_meta(struct restore *restore)
{
    struct unpacker in = {.rest = snapshot_find(restore->snapshot, "meta")};
    const struct daemon *d = restore->daemon;
    uint64_t epoch = unpack_u64(&in), next_n = unpack_u64(&in);
    uint64_t seq = snapshot_seq(restore->snapshot);
    struct bytes bytes = unpack_bytes(&in);
    bool ours = epoch == journal_epoch(d->journal);
    if (in.bad || (!ours && !d->new_epoch) ||
        (ours && (next_n > journal_next_n(d->journal) || seq > journal_seq(d->journal))))
        return -EBADMSG;
    restore->next_n = ours ? next_n : journal_next_n(d->journal);
    restore->seq = ours ? seq : 0;
    return note_counts(restore, bytes);
}

/*
 * The newest that is any good: 0 found, -ENOENT none. One that cannot be read for want of memory, descriptors or a right
 * is as good as ever: any other error ends the start, it does not begin anew.
 */
static int open_snapshot(struct restore *restore, struct error *reterr)
{
    const char *dir = restore->daemon->state_dir;
    for (size_t nth = 0; nth < SNAPSHOT_KEPT; nth++) {
        int r = snapshot_open(dir, nth, &restore->snapshot, reterr);
        if (r < 0 && r != -EBADMSG && r != -EPROTO)
            return r;
        if (r == 0)
            r = check_meta(restore);
        if (r == 0)
            r = know_all(restore);
        if (r == 0)
            return 0;
        if (r == -ENOMEM)
            return error_set(reterr, r, "restore: out of memory");
        log_warning("%s; the one before is used",
                    restore->snapshot ? "snapshot: not of this journal" : reterr->text);
        snapshot_close(restore->snapshot);
        restore->snapshot = NULL;
    }
    return -ENOENT;
}

/* First of two times through the blocks: where every file stood at the end of the last one. */
static int learn_block(void *context, const struct journal_block *block)
{
    struct restore *restore = context;
    struct manifest_walk walk = manifest_walk(block->manifest);
    struct step step;
    int r;
    restore->blocks += !block->hole;
    while ((r = manifest_next(&walk, &step)) > 0) {
        struct unpacker in = {.rest = step.text};
        if (step.kind == STEP_MARK)
            r = know_packed(restore, &in);
        else if (step.kind == STEP_COUNTS)
            r = note_counts(restore, step.text);
        if (r < 0)
            break;
    }
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        log_error("journal: block %" PRIu64 " holds steps that make no sense", block->seq);
    return 0;
}

int restore_load(struct daemon *d, struct restore **ret, struct error *reterr)
{
    struct restore *restore = calloc(1, sizeof(*restore));
    if (!restore)
        return error_set(reterr, -ENOMEM, "restore: out of memory");
    restore->daemon = d;
    restore->restored = calloc(DAEMON_STREAMS_MAX, sizeof(*restore->restored));
    CHECK(restore->restored);
    int r = open_snapshot(restore, reterr);
    if (r == 0) {
        restore->warm = snapshot_build(restore->snapshot) == build_id();
    } else if (r == -ENOENT) {
        restore->next_n = journal_next_n(d->journal);
        restore->seq = 0;
    } else {
        restore_free(restore);
        return r;
    }
    r = journal_replay(d->journal, restore->seq, learn_block, restore);
    if (r < 0) {
        restore_free(restore);
        return error_set(reterr, r, "journal: cannot be read: %s", strerror(-r));
    }
    tail_know_serials(d->tail, restore->serials);
    uint64_t kept[SNAPSHOT_KEPT];
    if (snapshot_list(d->state_dir, kept) == SNAPSHOT_KEPT && restore->seq)
        journal_keep(d->journal, kept[SNAPSHOT_KEPT - 1]);
    if (!restore->warm && (restore->snapshot || restore->blocks))
        log_warning("%s: what the detectors knew is not used, they begin cold; nothing is lost",
                    restore->snapshot ? "the snapshot is of another build"
                                      : "there is no snapshot");
    *ret = restore;
    return 0;
}

void restore_judge(struct daemon *d, const struct restore *restore)
{
    struct bytes state = {0};
    if (restore->warm)
        state = snapshot_find(restore->snapshot, "judge");
    if (restore->warm && judge_unpack(d->judge, state) < 0)
        log_warning("what the detectors knew cannot be read; they begin anew");
    d->commit.redoing = true;
    d->commit.snapshot_seq = restore->seq;
    d->commit.redo_from = d->commit.redo_n =
        (restore->warm ? restore->next_n : journal_next_n(d->journal)) - 1;
}

/* ---- streams and sources as they were ------------------------------------ */

struct slot *restore_slot(struct daemon *d, uint64_t key)
{
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].generation && d->slots[i].plan->lane.key == key)
            return &d->slots[i];
    return NULL;
}

bool restore_has(const struct restore *restore, const struct slot *slot)
{
    return slot && restore->restored[slot - restore->daemon->slots];
}

static void bring_stream(struct restore *restore, struct unpacker *in)
{
    struct daemon *d = restore->daemon;
    uint64_t key = unpack_u64(in), hash = unpack_u64(in);
    struct unpacker state = {.rest = unpack_bytes(in)};
    struct slot *slot = in->bad ? NULL : restore_slot(d, key);
    if (!slot)
        return;
    if (slot->config->hash != hash) {
        log_notice("stream %s: its configuration changed: it begins anew", slot->plan->name);
        return;
    }
    int r = lane_stream_unpack(&slot->stream, &state);
    if (r == -ENOMEM)
        memory_gone();
    if (r < 0) {
        log_warning("stream %s: its windows cannot be read: it begins anew", slot->plan->name);
        return;
    }
    restore->restored[slot - d->slots] = true;
    if (slot->stream.announced)
        lane_stream_announce(&d->lane, &slot->stream);
}

static void bring_feed(struct restore *restore, struct unpacker *in)
{
    uint64_t key = unpack_u64(in);
    struct unpacker state = {.rest = unpack_bytes(in)};
    struct slot *slot = in->bad ? NULL : restore_slot(restore->daemon, key);
    struct feed *feed;
    int r = restore_has(restore, slot) ? feed_unpack(&slot->stream, &state, &feed) : -ENOENT;
    if (r == -ENOMEM)
        memory_gone();
    if (r < 0)
        return;
    restore_get(restore, feed_number(feed))->feed = feed;
}

void restore_bring(struct restore *restore)
{
    struct unpacker in = {.rest = snapshot_find(restore->snapshot, "lane")};
    while (unpack_u32(&in) == 1 && !in.bad)
        bring_stream(restore, &in);
    while (unpack_u32(&in) == 1 && !in.bad)
        bring_feed(restore, &in);
}
