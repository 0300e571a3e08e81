/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever bytes a worker leaves in the shared memory, the core comes back, reads nothing that is not there, and keeps its
 * seats in order: a seat that counts as scored has good scores, no state is too long, no position is none.
 *
 *      data: mode, then   0 the worker's half of the reply memory: head, and the ring itself
 *                         1 messages for a minder: kind, length, bytes
 *                         2 a packed label
 */

#include "fuzz.h"

#include "base/check.h"
#include "host/brief.h"
#include "host/message.h"
#include "host/plugin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { SEATS = 3, SERIES = 2, FRAME = 104, FRAMES = 40 };

/* ---- the reply memory --------------------------------------------------- */

static void read_memory(const uint8_t *data, size_t size)
{
    struct reply *reply;
    struct stat st;
    struct buffer message = {0};
    enum reply_kind kind;
    uint64_t head = 0;
    CHECK(reply_create(&reply, NULL) == 0 && fstat(reply_fd(reply), &st) == 0);
    char *area =
        mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, reply_fd(reply), 0);
    CHECK(area != MAP_FAILED);
    memcpy(&head, data, size < sizeof(head) ? size : sizeof(head));
    char *ring = area + st.st_size - REPLY_RING_BYTES;
    for (size_t i = sizeof(head); i < size; i++)
        ring[i - sizeof(head)] = (char)data[i];
    memcpy(area, &head, sizeof(head));
    uint64_t turns = 0;
    while (reply_next(reply, &kind, &message) > 0) {
        CHECK(message.len <= REPLY_MESSAGE_MAX && kind >= REPLY_LABEL && kind <= REPLY_SAVED);
        CHECK(++turns <= REPLY_RING_BYTES / 8); // each takes its head at least
    }
    munmap(area, (size_t)st.st_size);
    reply_close(reply);
    buffer_free(&message);
}

/* ---- messages ----------------------------------------------------------- */

static oddline_status save(void *instance, oddline_bytes *ret)
{
    (void)instance, (void)ret;
    return ODDLINE_OK;
}

static void complain(void *context, enum crew_trouble trouble, uint32_t seat, const char *text)
{
    (void)context, (void)trouble;
    CHECK(seat < SEATS && strlen(text) < MINDER_REASON_SIZE);
}

static const struct oddline_plugin label = {.save = save};
static struct plugin plugin = {.label = &label};

static void sit(struct crew *crew)
{
    *crew = (struct crew){.options = {.complain = complain},
                          .seats = calloc(SEATS, sizeof(struct crew_seat)),
                          .seat_count = SEATS};
    CHECK(crew->seats && ring_create(8192, 1, &crew->options.ring, NULL) == 0);
    for (uint32_t i = 0; i < SEATS; i++) {
        crew->seats[i] =
            (struct crew_seat){.plugin = &plugin,
                               .minder = i == 2,
                               .options = {.series_count = SERIES},
                               .scores = calloc(SERIES, sizeof(struct oddline_score)),
                               .reasons = calloc(SERIES, MINDER_REASON_SIZE)};
        CHECK(crew->seats[i].scores && crew->seats[i].reasons);
    }
    for (int i = 0; i < FRAMES; i++) {
        CHECK(ring_reserve(crew->options.ring, FRAME - 12));
        ring_commit(crew->options.ring, RING_GAP, FRAME - 12);
    }
}

static void stand_up(struct crew *crew)
{
    for (uint32_t i = 0; i < SEATS; i++) {
        free(crew->seats[i].scores);
        free(crew->seats[i].reasons);
        buffer_free(&crew->seats[i].state);
        buffer_free(&crew->seats[i].coming);
    }
    free(crew->seats);
    ring_destroy(crew->options.ring);
}

static void check_seats(const struct minder *minder)
{
    const struct crew *crew = minder->crew;
    for (uint32_t i = 0; i < SEATS; i++) {
        const struct crew_seat *seat = &crew->seats[i];
        CHECK(seat->state.len <= INSTANCE_STATE_MAX && seat->coming.len <= INSTANCE_STATE_MAX);
        CHECK(seat->minder == minder->number || (!seat->dead && !seat->scored));
        for (uint32_t k = 0; k < SERIES; k++) {
            const struct oddline_score *score = &seat->scores[k];
            CHECK(!score->size || (score->series == k && isfinite(score->score) &&
                                   strlen(score->reason) < MINDER_REASON_SIZE));
        }
    }
    CHECK(minder->saved % FRAME == 0 && minder->saved <= ring_head(crew->options.ring));
}

/* Returns false when the worker would be ended here. */
static bool take(struct minder *minder, uint64_t *at)
{
    if (minder->kind != REPLY_SCORES)
        return message_take(minder) == 0;
    for (uint32_t i = 0; i < SEATS; i++) {
        minder->crew->seats[i].scored = false;
        memset(minder->crew->seats[i].scores, 0, SERIES * sizeof(struct oddline_score));
    }
    int r = message_scores(minder, *at, 0, 0);
    for (uint32_t i = 0; i < SEATS && r <= 0; i++)
        CHECK(!minder->crew->seats[i].scored);
    *at += r > 0 ? FRAME : 0;
    return r >= 0;
}

static void read_messages(const uint8_t *data, size_t size)
{
    struct crew crew;
    sit(&crew);
    struct minder minder = {.crew = &crew, .saving = UINT64_MAX};
    uint64_t at = 0;
    bool more = true;
    while (more && size >= 3) {
        size_t len = data[1] | (size_t)data[2] << 8;
        len = len < size - 3 ? len : size - 3;
        minder.kind = data[0];
        buffer_clear(&minder.message);
        buffer_append(&minder.message, data + 3, len);
        more = take(&minder, &at);
        check_seats(&minder);
        data += 3 + len;
        size -= 3 + len;
    }
    buffer_free(&minder.message);
    stand_up(&crew);
}

/* ---- labels ------------------------------------------------------------- */

static void read_label(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct oddline_plugin far;
    struct error error = {""};
    int r =
        label_unpack((struct bytes){(const char *)data, size}, "a.so", &arena, &far, &error);
    CHECK((r < 0) == (error.text[0] != '\0'));
    if (r == 0) { // what was taken can be sent again, and is the same
        struct buffer again = {0};
        label_pack(&again, &far);
        struct oddline_plugin twice;
        CHECK(label_unpack(buffer_bytes(&again), "a.so", &arena, &twice, &error) == 0);
        CHECK(strcmp(far.id, twice.id) == 0 && far.param_count == twice.param_count);
        buffer_free(&again);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const modes[])(const uint8_t *, size_t) = {read_memory, read_messages,
                                                             read_label};
    if (size > 0)
        modes[data[0] % 3](data + 1, size - 1);
    return 0;
}
