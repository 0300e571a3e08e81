/* SPDX-License-Identifier: MIT */

#include "deliver/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int call_openat(int dir, const char *name, int flags, mode_t mode)
{
    return openat(dir, name, flags, mode); // variadic, so it cannot stand in the table itself
}

struct deliver_sys deliver_sys = {
    .openat = call_openat,
    .pwrite = pwrite,
    .fdatasync = fdatasync,
    .fsync = fsync,
    .fallocate = fallocate,
    .ftruncate = ftruncate,
    .renameat = renameat,
    .unlinkat = unlinkat,
};

bool sys_is_room(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return true;
    default:
        return false;
    }
}

int sys_write(int fd, struct bytes data, uint64_t offset)
{
    for (size_t done = 0; done < data.len;) {
        ssize_t n =
            deliver_sys.pwrite(fd, data.at + done, data.len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && sys_is_room(errno) ? -ENOSPC : -EIO;
        done += (size_t)n;
    }
    return 0;
}

int sys_sync(int fd)
{
#ifdef ODDLINE_MUTANT_NO_FDATASYNC // do the tests notice?
    return (void)fd, 0;
#endif
    return deliver_sys.fdatasync(fd) < 0 ? -EIO : 0;
}

int sys_sync_directory(int fd)
{
#ifdef ODDLINE_MUTANT_NO_DIR_FSYNC
    return (void)fd, 0;
#endif
    return deliver_sys.fsync(fd) < 0 ? -EIO : 0;
}

bool sys_read(int fd, void *data, size_t len, uint64_t offset)
{
    char *to = data;
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, to + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}
