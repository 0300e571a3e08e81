/* SPDX-License-Identifier: MIT */
/*
 * desk_inner.h - what the two files of a desk share: desk_start.c begins a worker, desk.c lives with it.
 */
#ifndef HOST_DESK_INNER_H
#define HOST_DESK_INNER_H

#include "host/desk.h"

/* Is it one of its seats, and still alive? */
bool desk_has(const struct desk *desk, const struct crew_seat *seat);
/* It is saved up to `position`: the ring is needed from there on. */
void desk_hold(struct desk *desk, uint64_t position);
/* Bytes of the ring between two saved states. */
uint64_t desk_save_every(const struct desk *desk);
/* A fresh worker at the saved position. */
int desk_try_start(struct desk *desk, struct error *reterr);

#endif /* HOST_DESK_INNER_H */
