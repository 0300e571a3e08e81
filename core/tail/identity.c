/* SPDX-License-Identifier: MIT */

#include "tail/identity.h"

#include "base/check.h"
#include "base/hash.h"
#include "tail/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct identity identity_of(int fd, const struct stat *st)
{
    long generation = 0; // the kernel writes an int into it on some systems: zero first
    if (ioctl(fd, FS_IOC_GETVERSION, &generation) < 0)
        generation = 0;
    return (struct identity){
        .device = st->st_dev,
        .inode = st->st_ino,
        .generation = (uint32_t)generation,
    };
}

uint64_t identity_boot(void)
{
    char id[64];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, id, sizeof(id)) : -1;
    if (fd >= 0)
        close(fd);
    return got > 0 ? hash_bytes((struct bytes){id, (size_t)got}) : 0;
}

bool identity_alike(const struct identity *a, const struct identity *b)
{
    if (a->inode != b->inode)
        return false;
    return a->generation == 0 || b->generation == 0 || a->generation == b->generation;
}

bool identity_same(const struct identity *a, const struct identity *b)
{
    return a->device == b->device && identity_alike(a, b);
}

void marker_push(struct marker *marker, const void *bytes, size_t len)
{
    if (len >= MARKER_BYTES) {
        memcpy(marker->at, (const char *)bytes + len - MARKER_BYTES, MARKER_BYTES);
        marker->len = MARKER_BYTES;
        return;
    }
    size_t keep = marker->len;
    if (keep + len > MARKER_BYTES)
        keep = MARKER_BYTES - len;
    memmove(marker->at, marker->at + marker->len - keep, keep);
    memcpy(marker->at + keep, bytes, len);
    marker->len = (uint32_t)(keep + len);
}

uint64_t marker_hash(const struct marker *marker)
{
    return hash_bytes((struct bytes){(const char *)marker->at, marker->len});
}

/* Exactly `len` bytes at `offset`. */
static int read_fully(int fd, void *buf, size_t len, uint64_t offset)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got =
            tail_sys.pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got == 0)
            return -ENODATA;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

int marker_read(int fd, uint64_t offset, struct marker *ret)
{
    struct marker marker = {.len = offset < MARKER_BYTES ? (uint32_t)offset : MARKER_BYTES};
    int r = read_fully(fd, marker.at, marker.len, offset - marker.len);
    if (r == 0)
        *ret = marker;
    return r;
}

int identity_head(int fd, uint32_t len, uint64_t *ret)
{
    char head[IDENTITY_HEAD_BYTES];
    CHECK(len <= sizeof(head));
    int r = read_fully(fd, head, len, 0);
    if (r == 0)
        *ret = hash_bytes((struct bytes){head, len});
    return r;
}
