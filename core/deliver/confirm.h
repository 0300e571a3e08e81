/* SPDX-License-Identifier: MIT */
/*
 * confirm.h - how far each sink got: name -> n, kept in one small file.
 *
 * The file is a hint: the far end knows best, and a sink that is asked says where it stands. So it is written lazily, and
 * a damaged one counts as empty.
 */
#ifndef DELIVER_CONFIRM_H
#define DELIVER_CONFIRM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIRM_SINKS_MAX = 16, CONFIRM_NAME_SIZE = 64 };

struct confirm {
    struct {
        char name[CONFIRM_NAME_SIZE];
        uint64_t n;
        bool followed; /* a sink of this run: what it has not confirmed is kept */
    } at[CONFIRM_SINKS_MAX];
    size_t count;
};

/* The place of `name`, made when there is none; -ENOSPC when all are taken, -EINVAL for a name that is no plain word. */
int confirm_slot(struct confirm *confirm, const char *name);
/* The lowest n that a followed sink has confirmed; UINT64_MAX when none follows. */
uint64_t confirm_lowest(const struct confirm *confirm);
/* The highest n that anybody ever confirmed. */
uint64_t confirm_highest(const struct confirm *confirm);

void confirm_load(struct confirm *confirm, int dir);
/* Temporary file, fdatasync, rename, fsync of the directory. -EIO: a sync failed, never ask again; other -errno: later. */
int confirm_store(const struct confirm *confirm, int dir);

#endif /* DELIVER_CONFIRM_H */
