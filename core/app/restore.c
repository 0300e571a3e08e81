/* SPDX-License-Identifier: MIT */

#include "app/restore.h"

#include "app/daemon.h"
#include "app/keep.h"
#include "base/build.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "deliver/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* A source of the run before. */
struct back {
    uint32_t number;
    struct feed *feed;     /* NULL: none open */
    struct source *source; /* opened to be read once more; NULL when not */
    uint64_t offset, size; /* as of the last block */
    uint64_t path;         /* its hash */
    bool followed;         /* the tail looks for it by its name, and says what became of it */
    bool left;             /* it was let go of */
    bool gone;             /* what was read of it cannot be read any more */
    uint64_t gone_at;      /* from this offset on */
};

struct restore {
    struct daemon *daemon;
    struct snapshot *snapshot; /* NULL: none that is any good */
    bool warm;                 /* its state is this build's */
    uint64_t seq;              /* the block that it was cut at */
    uint64_t next_n;
    struct conservation bytes; /* as of the last block */
    uint64_t serials;          /* of sources, that were given */
    struct back *backs;        /* [count], by number */
    size_t count, max;
    bool *restored; /* [DAEMON_STREAMS_MAX]: the slot's stream is as it was */
    uint64_t blocks, holes, steps;
};

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

static struct back *find_back(const struct restore *restore, uint32_t number)
{
    size_t at = place_of(restore, number);
    return at < restore->count && restore->backs[at].number == number ? &restore->backs[at]
                                                                      : NULL;
}

/* Found or made; pointers to others move. */
static struct back *get_back(struct restore *restore, uint32_t number)
{
    struct back *known = find_back(restore, number);
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
    struct back *back = get_back(restore, (uint32_t)mark->serial);
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
    return r < 0 || in.bad ? -EBADMSG : 0;
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

/* The newest that is any good: 0 or 1 found, -ENOENT none. */
static int open_snapshot(struct restore *restore)
{
    const char *dir = restore->daemon->state_dir;
    struct error error;
    for (size_t nth = 0; nth < SNAPSHOT_KEPT; nth++) {
        int r = snapshot_open(dir, nth, &restore->snapshot, &error);
        if (r == -ENOENT)
            return r;
        if (r == 0)
            r = check_meta(restore);
        if (r == 0 && know_all(restore) == 0)
            return 0;
        log_warning("%s; the one before is used",
                    restore->snapshot ? "snapshot: not of this journal" : error.text);
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
    restore->holes += block->hole;
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
    if (open_snapshot(restore) == 0) {
        restore->warm = snapshot_build(restore->snapshot) == build_id();
    } else {
        restore->next_n = journal_next_n(d->journal);
        restore->seq = 0;
    }
    int r = journal_replay(d->journal, restore->seq, learn_block, restore);
    if (r < 0) {
        restore_free(restore);
        return error_set(reterr, r, "journal: cannot be read: %s", strerror(-r));
    }
    tail_know_serials(d->tail, restore->serials);
    uint64_t kept[SNAPSHOT_KEPT];
    size_t count = snapshot_list(d->state_dir, kept);
    if (count == SNAPSHOT_KEPT && restore->seq)
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
    d->commit.redo_n = (restore->warm ? restore->next_n : journal_next_n(d->journal)) - 1;
}

/* ---- streams and sources as they were ------------------------------------ */

static struct slot *slot_of_key(struct daemon *d, uint64_t key)
{
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].generation && d->slots[i].plan->lane.key == key)
            return &d->slots[i];
    return NULL;
}

static bool is_restored(const struct restore *restore, const struct slot *slot)
{
    return slot && restore->restored[slot - restore->daemon->slots];
}

static void bring_stream(struct restore *restore, struct unpacker *in)
{
    struct daemon *d = restore->daemon;
    uint64_t key = unpack_u64(in), hash = unpack_u64(in);
    struct unpacker state = {.rest = unpack_bytes(in)};
    struct slot *slot = in->bad ? NULL : slot_of_key(d, key);
    if (!slot)
        return;
    if (slot->config->hash != hash) {
        log_notice("stream %s: its configuration changed: it begins anew", slot->plan->name);
        return;
    }
    if (lane_stream_unpack(&slot->stream, &state) < 0) {
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
    struct slot *slot = in->bad ? NULL : slot_of_key(restore->daemon, key);
    struct feed *feed;
    if (!is_restored(restore, slot) || feed_unpack(&slot->stream, &state, &feed) < 0)
        return;
    get_back(restore, feed_number(feed))->feed = feed;
}

static void bring_all(struct restore *restore)
{
    struct unpacker in = {.rest = snapshot_find(restore->snapshot, "lane")};
    while (unpack_u32(&in) == 1 && !in.bad)
        bring_stream(restore, &in);
    while (unpack_u32(&in) == 1 && !in.bad)
        bring_feed(restore, &in);
}

/* ---- steps, once more ---------------------------------------------------- */

static void close_source(struct back *back)
{
    if (back->feed)
        feed_set_source(back->feed, NULL);
    source_close(back->source);
    back->source = NULL;
}

static bool stands_at(struct restore *restore, struct back *back, uint64_t offset)
{
    struct error error;
    if (back->source && source_offset(back->source) == offset)
        return true;
    close_source(back);
    if (tail_reread(restore->daemon->tail, back->number, offset, &back->source, &error) < 0) {
        log_notice("replay: %s", error.text);
        return false;
    }
    feed_set_source(back->feed, back->source);
    return true;
}

static void redo_bytes(struct restore *restore, struct back *back, const struct step *step)
{
    struct lane *lane = &restore->daemon->lane;
    if (back->gone)
        return;
    if (stands_at(restore, back, step->offset) && feed_redo(lane, back->feed, step) == 0)
        return;
    close_source(back); // once more from a fresh one, which has shown nothing yet
    if (stands_at(restore, back, step->offset) && feed_redo(lane, back->feed, step) == 0)
        return;
    close_source(back);
    back->gone = true;
    back->gone_at = step->offset;
}

static void redo_open(struct restore *restore, const struct step *step)
{
    struct daemon *d = restore->daemon;
    struct slot *slot = slot_of_key(d, step->key);
    char path[4096];
    struct feed_start start = {.number = step->source,
                               .path = path,
                               .modified_ns = step->time_ns,
                               .line = step->line,
                               .offset = step->offset};
    if (!is_restored(restore, slot) || step->text.len >= sizeof(path))
        return;
    memcpy(path, step->text.at, step->text.len);
    path[step->text.len] = '\0';
    struct back *back = get_back(restore, step->source);
    close_source(back);
    feed_close(&d->lane, back->feed);
    back->gone = false;
    back->feed = NULL;
    CHECK(feed_open(&d->lane, &slot->stream, &start, NULL, &back->feed) == 0); // some KiB
}

static void redo_anew(struct restore *restore, struct back *back, const struct step *step)
{
    struct feed *feed = back->feed;
    close_source(back);
    feed_redo(&restore->daemon->lane, feed, step);
    back->feed = NULL; // the pointer `back` ends here
    get_back(restore, (uint32_t)step->bytes)->feed = feed;
}

static void redo_quiet(struct restore *restore, const struct step *step)
{
    struct slot *slot = slot_of_key(restore->daemon, step->key);
    if (is_restored(restore, slot))
        lane_stream_quiet(&restore->daemon->lane, &slot->stream, step->time_ns);
}

static void redo_close(struct restore *restore, struct back *back)
{
    close_source(back);
    feed_close(&restore->daemon->lane, back->feed);
    back->feed = NULL;
}

/* Steps of sources whose stream is not as it was have nobody to do them. */
static void redo(struct restore *restore, const struct step *step)
{
    if (step->kind == STEP_OPEN) {
        redo_open(restore, step);
        return;
    }
    if (step->kind == STEP_QUIET) {
        redo_quiet(restore, step);
        return;
    }
    if (step->kind == STEP_SILENCES) {
        lane_silences(&restore->daemon->lane, step->text);
        return;
    }
    struct back *back = find_back(restore, step->source);
    if (!back || !back->feed || step->kind == STEP_MARK || step->kind == STEP_COUNTS)
        return;
    if (step->kind == STEP_ANEW)
        redo_anew(restore, back, step);
    else if (step->kind == STEP_CLOSE)
        redo_close(restore, back);
    else if (step->kind == STEP_IDLE || step->kind == STEP_GAP ||
             (step->kind == STEP_FINISH && step->bytes == 0))
        feed_redo(&restore->daemon->lane, back->feed, step);
    else
        redo_bytes(restore, back, step);
}

static int redo_block(void *context, const struct journal_block *block)
{
    struct restore *restore = context;
    struct manifest_walk walk = manifest_walk(block->manifest);
    struct step step;
    if (block->hole)
        return 0; // what it held is known from those behind it, but for the state
    if (block->manifest.len == 0)
        return 0; // findings of a flood went ahead: their steps, and the mark, are in the next one
    while (manifest_next(&walk, &step) > 0) {
        redo(restore, &step);
        restore->steps++;
    }
    commit_mark_replayed(restore->daemon, 0, block->first_n + block->count);
    return 0;
}

/* ---- going on ------------------------------------------------------------ */

/* What was scored and cannot be read again is not in the state any more. */
static void say_gone(struct restore *restore, const struct back *back)
{
    char reason[160];
    uint64_t bytes = back->offset > back->gone_at ? back->offset - back->gone_at : 0;
    if (bytes == 0)
        return; // nothing was learnt of what nobody could use
    snprintf(reason, sizeof(reason),
             "%" PRIu64
             " bytes that were scored before the restart are gone: what the detectors "
             "learnt of them is lost",
             bytes);
    feed_gap(&restore->daemon->lane, back->feed, 0, reason);
}

static void go_on(struct restore *restore, struct source *source)
{
    struct back *back = find_back(restore, (uint32_t)tail_serial(source));
    struct back *origin = find_back(restore, (uint32_t)tail_origin(source));
    struct daemon *d = restore->daemon;
    if (origin)
        origin->left = true; // an archive or a copy goes on there
    if (!back || !back->feed)
        return;
    if (feed_stream(back->feed) != &d->slots[tail_group(source)].stream) {
        back->left = true; // another stream reads on
        return;
    }
    close_source(back);
    feed_go_on(&d->lane, back->feed, source);
    tail_set_user(source, back->feed);
    if (back->gone) {
        feed_set_line(back->feed, tail_note(source));
        say_gone(restore, back);
    }
    back->feed = NULL;
}

/* Is another file there under its name? Then the tail has said, of that one, what is missing. */
static bool has_heir(const struct restore *restore, const struct back *back)
{
    struct tail *tail = restore->daemon->tail;
    for (struct source *s = tail_each(tail, NULL); s && back->followed; s = tail_each(tail, s))
        if (hash_bytes(bytes_of(source_path(s))) == back->path)
            return true;
    return false;
}

/* Its file is not there any more: what was not read of it never will be. */
static void give_up(struct restore *restore, struct back *back)
{
    struct lane *lane = &restore->daemon->lane;
    if (!back->feed)
        return;
    if (back->gone)
        say_gone(restore, back);
    close_source(back);
    if (!back->left && back->size > back->offset && !has_heir(restore, back))
        feed_gap(lane, back->feed, back->size - back->offset,
                 "gone before it was read to its end, while nobody read it");
    feed_close(lane, back->feed);
    back->feed = NULL;
}

void restore_replay(struct daemon *d, struct restore *restore)
{
    int64_t begun = clock_monotonic_ns();
    if (restore->warm) {
        bring_all(restore);
        journal_replay(d->journal, restore->seq, redo_block, restore);
    }
    commit_go_on(d, &restore->bytes);
    commit_mark_replayed(d, MARK_REPLAYED, journal_next_n(d->journal));
    d->lane.manifest = &d->commit.manifest;
    for (struct source *s = tail_each(d->tail, NULL); s; s = tail_each(d->tail, s))
        go_on(restore, s);
    for (size_t i = 0; i < restore->count; i++)
        give_up(restore, &restore->backs[i]);
    if (restore->blocks)
        log_notice("restored: snapshot at block %" PRIu64 ", then %" PRIu64
                   " blocks with %" PRIu64 " steps in %.3f s",
                   restore->seq, restore->blocks, restore->steps,
                   (double)(clock_monotonic_ns() - begun) / NS_PER_S);
}
