/* SPDX-License-Identifier: MIT */
/*
 * minder_inner.h - what the two files of a minder share: minder_start.c begins a worker, minder.c lives with it.
 */
#ifndef HOST_MINDER_INNER_H
#define HOST_MINDER_INNER_H

#include "host/minder.h"

/* Is it one of its seats, and still alive? */
bool minder_has(const struct minder *minder, const struct crew_seat *seat);
/* It is saved up to `position`: the ring is needed from there on. */
void minder_hold(struct minder *minder, uint64_t position);
/* Bytes of the ring between two saved states. */
uint64_t minder_save_every(const struct minder *minder);
/* A fresh worker at the saved position. */
int minder_try_start(struct minder *minder, struct error *reterr);

#endif /* HOST_MINDER_INNER_H */
