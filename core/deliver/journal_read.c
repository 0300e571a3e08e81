/* SPDX-License-Identifier: MIT */
/* The reading half of journal.h: findings for sinks, blocks for the start. */

#include "deliver/journal_inner.h"

#include "base/clock.h"
#include "base/hash.h"
#include "deliver/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { STALE_TRIES = 4 /* a reader in another process meets the writer's compaction */ };

int journal_reader_init(struct journal_reader *reader)
{
    *reader = (struct journal_reader){.room = malloc(FRAME_FINDING_MAX)};
    return reader->room ? 0 : -ENOMEM;
}

void journal_reader_free(struct journal_reader *reader)
{
    free(reader->room);
    reader->room = NULL;
}

/* ---- findings that are lost --------------------------------------------- */

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
    journal_number(journal, &f, n, ts_ns);
    finding_encode(&f, &data);
    struct entry entry = journal_entry(&f, &data);
    bool fits = frame_entry_size(&entry) <= FRAME_FINDING_MAX - reader->used;
    if (fits) {
        entry.id = keep(reader, entry.id);
        entry.data = keep(reader, entry.data);
        reader->entries[reader->count++] = entry;
        reader->next_n++;
    }
    buffer_free(&data);
    return fits;
}

/* ---- findings ----------------------------------------------------------- */

/* Where a read is: a segment, open. */
struct place {
    size_t at;
    int fd;
};

/* The segment to read from; reader->offset is set. */
static size_t seek(const struct journal *journal, struct journal_reader *reader, uint64_t n)
{
    const struct store *store = &journal->store;
    bool goes_on = reader->next_n == n && reader->segment_id;
    for (size_t i = 0; goes_on && i < store->count; i++)
        if (store->segments[i].id == reader->segment_id)
            return i;
    reader->offset = SEGMENT_HEADER;
    size_t i = 0;
    while (i + 1 < store->count && store_end_n(store, i) <= n)
        i++;
    return i;
}

/* Behind the last frame of a segment: what is lost before the next one, then that one. 1, 0: no more, or -errno. */
static int move_on(struct journal *journal, struct journal_reader *reader, struct place *place)
{
    const struct store *store = &journal->store;
    const struct segment *s = &store->segments[place->at];
    bool more = place->at + 1 < store->count;
    uint64_t to = more ? s[1].first_n : store->writable ? journal->next_n : reader->next_n;
    if (reader->next_n < to)
        return put_lost(journal, reader, reader->next_n, s->created_ns);
    if (!more)
        return 0;
    int fd = store_read_fd(store, place->at + 1);
    if (fd < 0)
        return fd;
    close(place->fd);
    *place = (struct place){place->at + 1, fd};
    reader->offset = SEGMENT_HEADER;
    return 1;
}

static int take(const struct frames *in, const struct frame *frame,
                struct journal_reader *reader)
{
    struct entry entry;
    char *room = reader->room + reader->used;
    if (frame->length > FRAME_FINDING_MAX - reader->used)
        return 0;
    reader->offset = frame->end;
    if (!frame_payload(in, frame, room) || !frame_entry(in, frame, room, &entry))
        return 1; // the frame behind it shows that a number is missing
    reader->entries[reader->count++] = entry;
    reader->used += frame->length;
    reader->next_n++;
    return 1;
}

/* One frame more, or one that is lost. 1, 0: that is all for this read, or -errno. */
static int read_one(struct journal *journal, struct journal_reader *reader, struct place *place)
{
    const struct segment *s = &journal->store.segments[place->at];
    struct frames in = {.fd = place->fd, .epoch = s->epoch, .end = s->size};
    struct frame frame;
    if (!frame_find(&in, reader->offset, &frame))
        return move_on(journal, reader, place);
    bool wanted = frame.kind == FRAME_FINDING && frame.number >= reader->next_n &&
                  frame.number < journal->next_n;
    if (wanted && frame.number > reader->next_n)
        return put_lost(journal, reader, reader->next_n, s->created_ns);
    if (wanted)
        return take(&in, &frame, reader);
    reader->offset = frame.end; // a block, or before the place asked for
    return 1;
}

/* 0, or -ESTALE when a file was replaced under this process. */
static int read_some(struct journal *journal, struct journal_reader *reader, uint64_t after_n,
                     size_t max)
{
    const struct store *store = &journal->store;
    reader->count = 0;
    reader->used = 0;
    if (store->count == 0)
        return 0;
    uint64_t first = store->segments[0].first_n, n = after_n + 1 > first ? after_n + 1 : first;
    if (n >= journal->next_n)
        return 0;
    struct place place = {.at = seek(journal, reader, n)};
    reader->next_n = n;
    place.fd = store_read_fd(store, place.at);
    if (place.fd < 0)
        return place.fd;
    int r = 1;
    while (r > 0 && reader->count < max)
        r = read_one(journal, reader, &place);
    close(place.fd);
    reader->segment_id = store->segments[place.at].id;
    return r < 0 ? r : 0;
}

static void look_again(struct journal *journal)
{
    const struct segment *last;
    store_refresh(&journal->store);
    last = store_last(&journal->store);
    if (last && last->last_n + 1 > journal->next_n)
        journal->next_n = last->last_n + 1;
}

void journal_read(struct journal *journal, struct journal_reader *reader, uint64_t after_n,
                  size_t max)
{
    if (max > JOURNAL_READ_MAX)
        max = JOURNAL_READ_MAX;
    journal_lock(journal);
    bool watching = !journal->store.writable;
    for (int i = 0; i < STALE_TRIES; i++) {
        if (watching)
            look_again(journal);
        int r = read_some(journal, reader, after_n, max);
        if (r != -ESTALE || reader->count || !watching)
            break;
    }
    journal_unlock(journal);
}

int journal_recall(struct journal *journal, uint64_t n, struct journal_reader *reader,
                   struct entry *ret)
{
    size_t i = reader->count ? (size_t)(n - reader->entries[0].n) : 0;
    if (reader->count == 0 || n < reader->entries[0].n || i >= reader->count) {
        journal_read(journal, reader, n - 1, JOURNAL_READ_MAX);
        i = 0;
    }
    if (reader->count == 0 || reader->entries[i].n != n)
        return -ENOENT;
    *ret = reader->entries[i];
    return 0;
}

/* ---- blocks ------------------------------------------------------------- */

struct replay {
    uint64_t expected; /* seq */
    journal_visit *visit;
    void *context;
    struct buffer payload;
};

static int visit_hole(struct replay *replay, uint64_t before)
{
    struct journal_block hole = {.seq = before - 1, .hole = true};
    if (replay->expected >= before)
        return 0;
    replay->expected = before;
    return replay->visit(replay->context, &hole);
}

static int visit_block(struct replay *replay, const struct frames *in,
                       const struct frame *frame)
{
    struct block b;
    if (frame->kind != FRAME_BLOCK || frame->number < replay->expected)
        return 0;
    buffer_clear(&replay->payload);
    char *room = buffer_room(&replay->payload, frame->length);
    if (!frame_payload(in, frame, room) || !frame_block(frame, room, &b))
        return 0;
    struct journal_block block = {
        .seq = b.seq, .manifest = b.manifest, .first_n = b.first_n, .count = b.count};
    int r = visit_hole(replay, b.seq);
    replay->expected = b.seq + 1;
    return r ? r : replay->visit(replay->context, &block);
}

/* The first segment with blocks from `seq` on, open; the segments may change meanwhile. -ENOENT: none. */
static int open_blocks(struct journal *journal, uint64_t seq, struct segment *ret)
{
    const struct store *store = &journal->store;
    int fd = -ENOENT;
    journal_lock(journal);
    for (size_t i = 0; fd == -ENOENT && i < store->count; i++)
        if (!store->segments[i].compact && store->segments[i].last_seq >= seq) {
            fd = store_read_fd(store, i);
            *ret = store->segments[i];
        }
    journal_unlock(journal);
    return fd;
}

static int visit_segment(struct replay *replay, int fd, const struct segment *s, uint64_t until)
{
    struct frames in = {.fd = fd, .epoch = s->epoch, .end = s->size};
    struct frame frame;
    int r = 0;
    for (uint64_t at = SEGMENT_HEADER; r == 0 && frame_find(&in, at, &frame); at = frame.end) {
        if (frame.kind == FRAME_BLOCK && frame.number > until)
            break;
        r = visit_block(replay, &in, &frame);
    }
    return r;
}

int journal_replay(struct journal *journal, uint64_t after_seq, journal_visit *visit,
                   void *context)
{
    struct replay replay = {.expected = after_seq + 1, .visit = visit, .context = context};
    uint64_t until = journal_seq(journal), next = after_seq + 1;
    int r = after_seq > until ? -ESTALE : 0;
    while (r == 0 && next <= until) {
        struct segment segment;
        int fd = open_blocks(journal, next, &segment);
        if (fd == -ENOENT)
            break;
        r = fd < 0 ? fd : visit_segment(&replay, fd, &segment, until);
        if (fd >= 0)
            close(fd);
        next = segment.last_seq + 1;
    }
    if (r == 0)
        r = visit_hole(&replay, until + 1);
    buffer_free(&replay.payload);
    return r;
}
