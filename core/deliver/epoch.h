/* SPDX-License-Identifier: MIT */
/*
 * epoch.h - the random number that a state directory gets when it is made, in the file `epoch`.
 *
 * A second line names the epoch that was given up for it (run --new-epoch): whoever opens the directory next goes on
 * deleting what is left of that one.
 */
#ifndef DELIVER_EPOCH_H
#define DELIVER_EPOCH_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct epoch {
    uint64_t now, former; /* former 0: none */
};
/* False when there is no such file, or it is damaged. */
bool epoch_read(int dir, struct epoch *ret);
/* A new random one. 0, -ENOSPC, -EIO, with a sentence. */
int epoch_make(int dir, uint64_t former, struct epoch *ret, struct error *reterr);
int epoch_write(int dir, const struct epoch *epoch, struct error *reterr);

#endif /* DELIVER_EPOCH_H */
