/* SPDX-License-Identifier: MIT */
/*
 * spare.h - the file that becomes the next segment, its room asked for while there still is some.
 *
 *      spare (zeros, allocated) ──header, fdatasync──▶ rename to <seq>.seg, fsync of the directory
 *
 * So on a disk that is full to the last byte commits go on until the last segment and this one are used. A file system
 * that cannot allocate ahead (EOPNOTSUPP) does without.
 */
#ifndef DELIVER_SPARE_H
#define DELIVER_SPARE_H

#include "deliver/segment.h"

struct spare {
    int fd; /* -1: none */
    uint64_t room;
};

/* Take over what an earlier run left, if it is clean; else it is deleted. */
void spare_adopt(int dir, struct spare *ret);
/* There is one, with at least `need` bytes of room. 0, -ENOSPC, -EIO. */
int spare_make(int dir, uint64_t need, struct spare *spare);
/* It becomes `segment` under `name`, durably; the caller owns *ret_fd, and there is none any more. 0, -ENOSPC, -EIO. */
int spare_use(int dir, struct spare *spare, const char *name, struct segment *segment,
              int *ret_fd);
void spare_close(struct spare *spare);

#endif /* DELIVER_SPARE_H */
