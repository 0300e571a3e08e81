/* SPDX-License-Identifier: MIT */

#include "ring/ring.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The doorbells. A sleeper announces itself, looks once more and only then sleeps on the bell's count, so a commit
 * between look and sleep changes the count and the futex refuses to sleep. Who rings looks for sleepers first: the
 * common case is one atomic operation and no system call.
 */
struct bell {
    alignas(64) _Atomic uint32_t rung;
    _Atomic uint32_t sleepers;
};

/* The first page of the memfd: shared with whoever maps it. */
struct control {
    alignas(64) _Atomic uint64_t head; /* written by the producer only */
    alignas(64) _Atomic uint64_t cursors[RING_READERS];
    struct bell frames, room;
};

struct ring {
    struct control *control;
    char *data; /* [size], mapped twice */
    size_t size;
    size_t reserved; /* bytes of the reserved frame, 0 when there is none */
    size_t quiet;    /* bytes of frames that nobody was woken for */
    int fd;          /* -1 where it was attached */
};

/* A cursor that holds nothing back. */
static const uint64_t nowhere = UINT64_MAX;

static size_t frame_size(size_t payload)
{
    return (sizeof(struct ring_frame) + payload + 7) & ~(size_t)7;
}

/* Map the control page, then `size` bytes twice in a row, so that data[i] and data[i + size] are one byte. */
static int map_ring(struct ring *ring, int fd, int protection)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *control = mmap(NULL, page, protection, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED)
        return -errno;
    ring->control = control;

    // Reserve the whole span first: two separate mmaps could not be kept adjacent.
    char *data = mmap(NULL, 2 * ring->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return -errno;
    ring->data = data;
    for (size_t half = 0; half < 2; half++)
        if (mmap(data + half * ring->size, ring->size, protection, MAP_SHARED | MAP_FIXED, fd,
                 (off_t)page) == MAP_FAILED)
            return -errno;
    return 0;
}

int ring_create(size_t bytes, int readers, struct ring **ret, struct error *reterr)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (bytes == 0 || bytes > SIZE_MAX / 8 || readers < 1 || readers > RING_READERS)
        return error_set(reterr, -EINVAL, "ring: %zu bytes for %d readers is out of range",
                         bytes, readers);
    struct ring *ring = calloc(1, sizeof(*ring));
    if (!ring)
        return error_set(reterr, -ENOMEM, "ring: out of memory");
    ring->fd = -1;
    for (ring->size = page; ring->size < bytes;)
        ring->size *= 2;

    int r = 0;
    ring->fd = memfd_create("oddline-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (ring->fd < 0 || ftruncate(ring->fd, (off_t)(page + ring->size)) < 0)
        r = -errno;
    if (r == 0)
        r = map_ring(ring, ring->fd, PROT_READ | PROT_WRITE);
    // Our own mapping stays writable; nobody can make another one, or cut it short under us.
    if (r == 0 && fcntl(ring->fd, F_ADD_SEALS,
                        F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
        r = -errno;
    if (r < 0) {
        ring_destroy(ring);
        return error_set(reterr, r, "ring: cannot map %zu bytes of shared memory", bytes);
    }
    for (int i = readers; i < RING_READERS; i++)
        atomic_store(&ring->control->cursors[i], nowhere);
    *ret = ring;
    return 0;
}

int ring_attach(int fd, struct ring **ret, struct error *reterr)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct stat st;
    struct ring *ring = calloc(1, sizeof(*ring));
    int r = !ring                        ? -ENOMEM
            : fstat(fd, &st) < 0         ? -errno
            : (size_t)st.st_size <= page ? -EINVAL
                                         : 0;
    if (r == 0) {
        ring->fd = -1;
        ring->size = (size_t)st.st_size - page;
        r = map_ring(ring, fd, PROT_READ);
    }
    if (r < 0) {
        ring_destroy(ring);
        return error_set(reterr, r, "ring: cannot be attached");
    }
    *ret = ring;
    return 0;
}

int ring_fd(const struct ring *ring)
{
    return ring->fd;
}

void ring_destroy(struct ring *ring)
{
    if (!ring)
        return;
    if (ring->data)
        munmap(ring->data, 2 * ring->size);
    if (ring->control)
        munmap(ring->control, (size_t)sysconf(_SC_PAGESIZE));
    if (ring->fd >= 0)
        close(ring->fd);
    free(ring);
}

size_t ring_payload_max(const struct ring *ring)
{
    return ring->size / 2 - sizeof(struct ring_frame);
}

/* ---- doorbells ---------------------------------------------------------- */

static void bell_ring(struct bell *bell)
{
    // Not a load: adding nothing takes a place in the order of `sleepers`. Either it comes after the sleeper's own
    // addition in bell_wait() and sees it, or before, and then the sleeper's look sees the cursor written before this.
    if (atomic_fetch_add_explicit(&bell->sleepers, 0, memory_order_acq_rel) == 0)
        return;
    atomic_fetch_add_explicit(&bell->rung, 1, memory_order_seq_cst);
    syscall(SYS_futex, &bell->rung, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Sleep until `ready(arg)` or the time is over; returns what ready() said last. */
static int bell_wait(struct bell *bell, int (*ready)(const void *), const void *arg,
                     int timeout_ms)
{
    struct timespec left = {.tv_sec = timeout_ms / 1000,
                            .tv_nsec = timeout_ms % 1000 * 1000000L};
    if (ready(arg) || timeout_ms == 0)
        return ready(arg);
    for (;;) {
        uint32_t seen = atomic_load_explicit(&bell->rung, memory_order_seq_cst);
        atomic_fetch_add_explicit(&bell->sleepers, 1, memory_order_seq_cst);
        int is = ready(arg);
        long r = is ? 0
                    : syscall(SYS_futex, &bell->rung, FUTEX_WAIT, seen,
                              timeout_ms < 0 ? NULL : &left, NULL, 0);
        int timed_out = r < 0 && errno == ETIMEDOUT;
        atomic_fetch_sub_explicit(&bell->sleepers, 1, memory_order_seq_cst);
        if (is || timed_out || timeout_ms >= 0)
            return ready(
                arg); // one wake-up is enough for a bounded wait: the caller asks again
        if (ready(arg))
            return 1;
    }
}

/* ---- producer ----------------------------------------------------------- */

static uint64_t lowest_cursor(const struct ring *ring)
{
    uint64_t lowest = UINT64_MAX;
    for (int i = 0; i < RING_READERS; i++) {
        // Acquire: the reader's last look at a frame happens before we write over it.
        uint64_t cursor =
            atomic_load_explicit(&ring->control->cursors[i], memory_order_acquire);
        lowest = cursor < lowest ? cursor : lowest;
    }
    return lowest;
}

static int has_room(const struct ring *ring, size_t bytes)
{
    uint64_t head = atomic_load_explicit(&ring->control->head, memory_order_relaxed);
    return frame_size(bytes) <= ring->size - (head - lowest_cursor(ring));
}

void *ring_reserve(struct ring *ring, size_t bytes)
{
    CHECK(bytes <= ring_payload_max(ring));
    if (!has_room(ring, bytes))
        return NULL;
    uint64_t head = atomic_load_explicit(&ring->control->head, memory_order_relaxed);
    ring->reserved = frame_size(bytes);
    return ring->data + (head & (ring->size - 1)) + sizeof(struct ring_frame);
}

void ring_commit(struct ring *ring, enum ring_kind kind, size_t bytes)
{
    CHECK(frame_size(bytes) <= ring->reserved); // a frame is never 0 bytes
    uint64_t head = atomic_load_explicit(&ring->control->head, memory_order_relaxed);
    struct ring_frame *frame =
        (struct ring_frame *)(void *)(ring->data + (head & (ring->size - 1)));
    *frame = (struct ring_frame){.size = (uint32_t)frame_size(bytes), .kind = kind};
    ring->reserved = 0;
    // Release: whoever sees the new head sees the filled frame.
    atomic_store_explicit(&ring->control->head, head + frame->size, memory_order_release);
    ring->quiet = kind == RING_BATCH ? ring->quiet + frame->size : ring->size;
    if (ring->quiet >= ring->size / 8)
        ring_wake(ring);
}

void ring_wake(struct ring *ring)
{
    if (ring->quiet == 0)
        return;
    ring->quiet = 0;
    bell_ring(&ring->control->frames);
}

struct want {
    const struct ring *ring;
    size_t bytes;
    int reader;
};

static int room_ready(const void *arg)
{
    const struct want *want = arg;
    return has_room(want->ring, want->bytes);
}

int ring_wait_room(struct ring *ring, size_t bytes, int timeout_ms)
{
    struct want want = {.ring = ring, .bytes = bytes};
    ring_wake(ring);
    return bell_wait(&ring->control->room, room_ready, &want, timeout_ms);
}

/* ---- readers ------------------------------------------------------------ */

const struct ring_frame *ring_peek(const struct ring *ring, int reader)
{
    uint64_t cursor =
        atomic_load_explicit(&ring->control->cursors[reader], memory_order_relaxed);
    if (cursor == atomic_load_explicit(&ring->control->head, memory_order_acquire))
        return NULL;
    return (const struct ring_frame *)(const void *)(ring->data + (cursor & (ring->size - 1)));
}

void ring_release(struct ring *ring, int reader)
{
    const struct ring_frame *frame = ring_peek(ring, reader);
    CHECK(frame);
    uint64_t cursor =
        atomic_load_explicit(&ring->control->cursors[reader], memory_order_relaxed);
    atomic_store_explicit(&ring->control->cursors[reader], cursor + frame->size,
                          memory_order_release);
    bell_ring(&ring->control->room);
}

static int frame_ready(const void *arg)
{
    const struct want *want = arg;
    return ring_peek(want->ring, want->reader) != NULL;
}

int ring_wait_frame(struct ring *ring, int reader, int timeout_ms)
{
    struct want want = {.ring = ring, .reader = reader};
    return bell_wait(&ring->control->frames, frame_ready, &want, timeout_ms);
}

void ring_hold(struct ring *ring, int reader, uint64_t position)
{
    atomic_store_explicit(&ring->control->cursors[reader], position, memory_order_release);
    bell_ring(&ring->control->room);
}

void ring_let_go(struct ring *ring, int reader)
{
    ring_hold(ring, reader, nowhere);
}

const struct ring_frame *ring_at(const struct ring *ring, uint64_t position)
{
    if (position == atomic_load_explicit(&ring->control->head, memory_order_acquire))
        return NULL;
    return (const struct ring_frame *)(const void *)(ring->data +
                                                     (position & (ring->size - 1)));
}

uint64_t ring_cursor(const struct ring *ring, int reader)
{
    return atomic_load_explicit(&ring->control->cursors[reader], memory_order_relaxed);
}

/* ---- anybody ------------------------------------------------------------ */

uint64_t ring_head(const struct ring *ring)
{
    return atomic_load_explicit(&ring->control->head, memory_order_acquire);
}

uint64_t ring_tail(const struct ring *ring)
{
    return lowest_cursor(ring);
}
