/* SPDX-License-Identifier: MIT */

#include "host/reply.h"

#include "base/check.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shared. Everything here may be changed by the worker at any moment. */
struct area {
    alignas(64) _Atomic uint64_t head; /* bytes ever pushed */
    _Atomic uint64_t position;
    _Atomic uint32_t worker_sleeps, denied;
    alignas(64) _Atomic uint64_t
        tail; /* bytes ever taken; the core keeps its own copy and only publishes it here */
    _Atomic uint32_t core_waits;
    struct reply_cost costs[REPLY_COSTS];
    alignas(64) char data[REPLY_RING_BYTES];
};

struct reply {
    struct area *area;
    uint64_t tail; /* core: the true one */
    int fd, wake, bell;
};

struct head {
    uint32_t len, kind;
};

static int map_area(struct reply *reply)
{
    void *area =
        mmap(NULL, sizeof(struct area), PROT_READ | PROT_WRITE, MAP_SHARED, reply->fd, 0);
    if (area == MAP_FAILED)
        return -errno;
    reply->area = area;
    return 0;
}

int reply_create(struct reply **ret, struct error *reterr)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        memory_gone();
    reply->fd = memfd_create("oddline-replies", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    // Neither blocks: a worker could fill the one and empty the other under our hands.
    reply->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    reply->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int r = reply->fd < 0 || reply->wake < 0 || reply->bell < 0 ? -errno : 0;
    if (r == 0 && ftruncate(reply->fd, sizeof(struct area)) < 0)
        r = -errno;
    // A worker that could cut it short would end the core with SIGBUS.
    if (r == 0 && fcntl(reply->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        r = -errno;
    if (r == 0)
        r = map_area(reply);
    if (r < 0) {
        reply_close(reply);
        return error_set(reterr, r, "worker: cannot make its reply memory: %s", strerror(-r));
    }
    *ret = reply;
    return 0;
}

int reply_attach(int fd, int wake, int bell, struct reply **ret, struct error *reterr)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        return error_set(reterr, -ENOMEM, "worker: out of memory");
    *reply = (struct reply){.fd = fd, .wake = wake, .bell = bell};
    int r = map_area(reply);
    if (r < 0) {
        free(reply);
        return error_set(reterr, r, "worker: cannot map its reply memory: %s", strerror(-r));
    }
    *ret = reply;
    return 0;
}

void reply_close(struct reply *reply)
{
    if (!reply)
        return;
    if (reply->area)
        munmap(reply->area, sizeof(struct area));
    const int fds[] = {reply->fd, reply->wake, reply->bell};
    for (size_t i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(reply);
}

int reply_fd(const struct reply *reply)
{
    return reply->fd;
}

int reply_wake_fd(const struct reply *reply)
{
    return reply->wake;
}

int reply_bell_fd(const struct reply *reply)
{
    return reply->bell;
}

enum { RING_TRIES = 4 }; /* of a write that was disturbed */

/* False when nobody can have heard it. */
static bool ring_bell(int fd)
{
    uint64_t one = 1;
    for (int i = 0; i < RING_TRIES; i++)
        if (write(fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN)
            return true; // EAGAIN: the count is at its end, the bell is ringing already
    return false;
}

/* ---- worker ------------------------------------------------------------- */

static void copy_in(struct area *area, uint64_t at, const void *from, size_t len)
{
    size_t begin = at % REPLY_RING_BYTES, first = REPLY_RING_BYTES - begin;
    first = len < first ? len : first;
    memcpy(area->data + begin, from, first);
    memcpy(area->data, (const char *)from + first, len - first);
}

struct room {
    const struct area *area;
    size_t bytes;
};

static int has_room(const void *arg)
{
    const struct room *room = arg;
    uint64_t used = atomic_load(&room->area->head) - atomic_load(&room->area->tail);
    return REPLY_RING_BYTES - used >= room->bytes;
}

void reply_sleep(struct reply *reply, int (*ready)(const void *), const void *arg)
{
    struct pollfd wake = {.fd = reply->wake, .events = POLLIN};
    uint64_t rung;
    atomic_store(&reply->area->worker_sleeps, 1);
    atomic_thread_fence(memory_order_seq_cst);
    if (!ready(arg) && poll(&wake, 1, -1) > 0 && read(reply->wake, &rung, sizeof(rung)) < 0)
        abort(); // without its doorbell a worker can only spin
    atomic_store(&reply->area->worker_sleeps, 0);
}

void reply_push(struct reply *reply, enum reply_kind kind, struct bytes payload)
{
    struct area *area = reply->area;
    struct head head = {(uint32_t)payload.len, kind};
    struct room room = {area, sizeof(head) + payload.len};
    CHECK(payload.len <= REPLY_MESSAGE_MAX);
    while (!has_room(&room))
        reply_sleep(reply, has_room, &room);
    uint64_t at = atomic_load_explicit(&area->head, memory_order_relaxed);
    copy_in(area, at, &head, sizeof(head));
    if (payload.len)
        copy_in(area, at + sizeof(head), payload.at, payload.len);
    atomic_store(&area->head, at + room.bytes);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&area->core_waits))
        ring_bell(reply->bell);
}

void reply_progress(struct reply *reply, uint64_t position)
{
    atomic_store_explicit(&reply->area->position, position, memory_order_release);
}

struct reply_cost *reply_cost_slot(struct reply *reply, uint32_t index)
{
    return index < REPLY_COSTS ? &reply->area->costs[index] : NULL;
}

uint32_t *reply_denied_slot(struct reply *reply)
{
    return (uint32_t *)(uintptr_t)&reply->area
        ->denied; // a signal handler writes it once, before the end
}

/* ---- core --------------------------------------------------------------- */

static void copy_out(const struct area *area, uint64_t at, void *into, size_t len)
{
    size_t begin = at % REPLY_RING_BYTES, first = REPLY_RING_BYTES - begin;
    first = len < first ? len : first;
    memcpy(into, area->data + begin, first);
    memcpy((char *)into + first, area->data, len - first);
}

int reply_pending(const struct reply *reply)
{
    return atomic_load(&reply->area->head) != reply->tail;
}

int reply_next(struct reply *reply, enum reply_kind *ret_kind, struct buffer *into)
{
    struct area *area = reply->area;
    struct head head;
    uint64_t there = atomic_load(&area->head) - reply->tail; // one look: it may change under us
    buffer_clear(into);
    if (there == 0)
        return 0;
    if (there > REPLY_RING_BYTES || there < sizeof(head))
        return -EBADMSG;
    copy_out(area, reply->tail, &head, sizeof(head));
    if (head.len > REPLY_MESSAGE_MAX || head.len > there - sizeof(head) ||
        head.kind < REPLY_LABEL || head.kind > REPLY_SAVED)
        return -EBADMSG;
    char *room = buffer_room(into, head.len + 1u);
    copy_out(area, reply->tail + sizeof(head), room, head.len);
    into->len = head.len;
    reply->tail += sizeof(head) + head.len;
    atomic_store(&area->tail, reply->tail);
    reply_nudge(reply); // it may wait for this room
    *ret_kind = head.kind;
    return 1;
}

uint64_t reply_position(const struct reply *reply)
{
    return atomic_load_explicit(&reply->area->position, memory_order_acquire);
}

void reply_nudge(struct reply *reply)
{
    atomic_thread_fence(memory_order_seq_cst);
    // Once: the bell rings until it is heard.
    if (atomic_exchange(&reply->area->worker_sleeps, 0) && !ring_bell(reply->wake))
        atomic_store(&reply->area->worker_sleeps, 1);
}

void reply_wait(struct reply *reply, int pidfd, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = reply->bell, .events = POLLIN},
                            {.fd = pidfd, .events = POLLIN}};
    uint64_t rung;
    atomic_store(&reply->area->core_waits, 1);
    atomic_thread_fence(memory_order_seq_cst);
    if (!reply_pending(reply) && poll(fds, 2, timeout_ms) > 0 && fds[0].revents &&
        read(reply->bell, &rung, 8) < 0)
        rung = 0; // somebody emptied it: poll() was right all the same
    atomic_store(&reply->area->core_waits, 0);
}

struct reply_cost reply_cost(const struct reply *reply, uint32_t index)
{
    struct reply_cost cost = {0};
    if (index < REPLY_COSTS) // torn reads are possible, and do no harm
        memcpy(&cost, &reply->area->costs[index], sizeof(cost));
    return cost;
}

int reply_denied(const struct reply *reply)
{
    uint32_t denied = atomic_load(&reply->area->denied);
    return denied ? (int)denied - 1 : -1;
}
