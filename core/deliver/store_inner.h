/* SPDX-License-Identifier: MIT */
/* store_inner.h - what store.c and store_load.c share. */
#ifndef DELIVER_STORE_INNER_H
#define DELIVER_STORE_INNER_H

#include "deliver/store.h"
#include "deliver/survey.h"

/* A descriptor or -errno. */
int store_open_segment(const struct store *store, uint64_t seq, int flags);
/* Delete the file of an epoch that was given up; only the writer. */
void store_forget(const struct store *store, uint64_t seq);
/* Take one file into the array, delete it or set it aside. 0, -ENOMEM, other -errno. */
int store_load(struct store *store, uint64_t seq);
/* All of them, and what is damaged between them is counted and said. */
int store_load_all(struct store *store, const struct survey *survey);

#endif /* DELIVER_STORE_INNER_H */
