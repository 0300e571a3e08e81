/* SPDX-License-Identifier: MIT */

#include "deliver/spare.h"

#include "base/crash.h"
#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_name[] = "spare";

/* Nothing but a header was ever written to it. */
static bool is_clean(int fd, uint64_t size)
{
    char block[16384];
    for (uint64_t at = SEGMENT_HEADER; at < size;) {
        uint64_t want = size - at < sizeof(block) ? size - at : sizeof(block);
        if (!sys_read(fd, block, want, at))
            return false;
        for (uint64_t i = 0; i < want; i++)
            if (block[i])
                return false;
        at += want;
    }
    return true;
}

void spare_adopt(int dir, struct spare *ret)
{
    struct stat st;
    *ret = (struct spare){.fd = -1};
    int fd = deliver_sys.openat(dir, file_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_clean(fd, (uint64_t)st.st_size)) {
        *ret = (struct spare){.fd = fd, .room = (uint64_t)st.st_size};
        return;
    }
    close(fd);
    deliver_sys.unlinkat(dir, file_name, 0); // spare_make() truncates what stays
}

static int allocate(int fd, uint64_t need, uint64_t *ret_room)
{
    uint64_t room = (need + SEGMENT_ROOM - 1) / SEGMENT_ROOM * SEGMENT_ROOM;
    while (deliver_sys.fallocate(fd, 0, 0, (off_t)room) < 0) {
        if (errno == EINTR)
            continue;
        if (errno == EOPNOTSUPP || errno == ENOSYS)
            return 0;
        return sys_is_room(errno) ? -ENOSPC : -EIO;
    }
    *ret_room = room;
    return 0;
}

int spare_make(int dir, uint64_t need, struct spare *spare)
{
    if (spare->fd >= 0 && spare->room >= need)
        return 0;
    bool made = spare->fd < 0;
    if (made)
        spare->fd = deliver_sys.openat(
            dir, file_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (spare->fd < 0)
        return sys_is_room(errno) ? -ENOSPC : -EIO;
    int r = allocate(spare->fd, need, &spare->room);
    if (r < 0 && made) {
        spare_close(spare);
        deliver_sys.unlinkat(dir, file_name, 0);
    }
    return r;
}

int spare_use(int dir, struct spare *spare, const char *name, struct segment *segment,
              int *ret_fd)
{
    struct stat st = {0};
    int r = segment_put_header(spare->fd, segment);
    if (r == 0)
        r = sys_sync(spare->fd);
    if (r == 0 && fstat(spare->fd, &st) < 0)
        r = -EIO;
    if (r == 0 && deliver_sys.renameat(dir, file_name, dir, name) < 0)
        r = sys_is_room(errno) ? -ENOSPC : -EIO;
    if (r == 0)
        r = sys_sync_directory(dir);
    if (r < 0)
        return r;
    CRASH_POINT("segment-created");
    segment->inode = st.st_ino;
    segment->room = (uint64_t)st.st_size;
    segment->size = SEGMENT_HEADER;
    *ret_fd = spare->fd;
    *spare = (struct spare){.fd = -1};
    return 0;
}

void spare_close(struct spare *spare)
{
    if (spare->fd >= 0)
        close(spare->fd);
    *spare = (struct spare){.fd = -1};
}
