/* SPDX-License-Identifier: MIT */
/* The part of the store that looks at each file when the journal is opened, and decides what is done with it. */

#include "deliver/store_inner.h"

#include "base/log.h"
#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The numbers that this file gave away are never given again, though it cannot be read in its place. */
static void note_numbers(struct store *store, int fd)
{
    struct segment s = {
        .epoch = store->epoch.now, .first_seq = 1, .first_n = 1, .size = SEGMENT_HEADER};
    struct frames in = {.fd = fd, .epoch = store->epoch.now, .end = UINT64_MAX};
    struct frame first;
    if (segment_walk(fd, &s, &store->scratch) < 0 || s.last_seq == 0)
        return;
    in.end = s.size;
    if (store->count == 0 && store->aside_first_n == 0 &&
        frame_find(&in, SEGMENT_HEADER, &first) && first.kind == FRAME_FINDING)
        store->aside_first_n = first.number;
    if (s.last_n > store->aside_last_n)
        store->aside_last_n = s.last_n;
    if (s.last_seq > store->aside_last_seq)
        store->aside_last_seq = s.last_seq;
}

static void set_aside(struct store *store, uint64_t seq, int fd, const char *why)
{
    char name[SURVEY_NAME_SIZE], aside[SURVEY_NAME_SIZE + 16];
    survey_name(seq, name);
    snprintf(aside, sizeof(aside), "%s.damaged", name);
    store->damaged++;
    note_numbers(store, fd);
    if (!store->writable)
        return;
    log_error("journal: %s: %s: set aside", name, why);
    if (deliver_sys.renameat(store->dir, name, store->dir, aside) < 0)
        log_error("journal: %s: cannot set aside: %s", name, strerror(errno));
}

void store_forget(const struct store *store, uint64_t seq)
{
    char name[SURVEY_NAME_SIZE];
    survey_name(seq, name);
    if (store->writable && deliver_sys.unlinkat(store->dir, name, 0) < 0)
        log_warning("journal: %s: cannot delete: %s", name, strerror(errno));
}

static int add_segment(struct store *store, int fd, struct segment *segment)
{
    int r = store_reserve(store);
    if (r == 0)
        r = segment_walk(fd, segment, &store->scratch);
    if (r < 0)
        return r;
    segment->id = ++store->next_id;
    store->segments[store->count++] = *segment;
    return 0;
}

/* A file that cannot be opened is passed over, as a hole: it is still there for the next opening. */
int store_load(struct store *store, uint64_t seq)
{
    struct segment segment;
    int r = 0, fd = store_open_segment(store, seq, O_RDONLY);
    if (fd < 0) {
        store->damaged += fd != -ENOENT;
        return fd == -ENOENT ? 0 : fd;
    }
    if (segment_header(fd, &segment) != SEGMENT_OURS || segment.first_seq != seq)
        set_aside(store, seq, fd, "not a file of the journal, or its header is damaged");
    else if (segment.epoch == store->epoch.now)
        r = add_segment(store, fd, &segment);
    else if (segment.epoch == store->epoch.former)
        store_forget(store, seq);
    else
        set_aside(store, seq, fd, "of another epoch");
    close(fd);
    return r;
}

/* Bytes behind the last whole block are a torn tail in the last file; in others the next file must go on there. */
static void find_damage(struct store *store)
{
    char name[SURVEY_NAME_SIZE];
    for (size_t i = 0; store->segments && i < store->count; i++) {
        struct segment *s = &store->segments[i];
        const struct segment *next = i + 1 < store->count ? s + 1 : NULL;
        if (next)
            s->skipped +=
                next->first_n > s->last_n + 1 || (s->torn && next->first_seq > s->last_seq + 1);
        store->damaged += s->skipped;
        survey_name(s->first_seq, name);
        if (s->skipped && store->writable)
            log_error("journal: %s: damaged in %" PRIu64
                      " places: the findings there are lost and said to be",
                      name, s->skipped);
    }
}

int store_load_all(struct store *store, const struct survey *survey)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < survey->count; i++)
        r = store_load(store, survey->files[i].seq);
    if (r == 0)
        find_damage(store);
    return r;
}
