/* SPDX-License-Identifier: MIT */
/*
 * shard.h - in which shard a host publishes: always the same one, known without asking anybody.
 *
 *      PREFIX:{0}:…   PREFIX:{1}:…   …   PREFIX:{N-1}:…       a host is in XXH3(its name) modulo N
 */
#ifndef DELIVER_SHARD_H
#define DELIVER_SHARD_H

#include <stdint.h>

enum { SHARDS_MAX = 64, SHARD_TEXT_SIZE = 16 };

/* 0 to shards - 1; `shards` below 2 is one. */
int64_t shard_of(const char *host, int64_t shards);
/* As it stands in a key. Returns `text`. */
char *shard_format(int64_t shard, char text[SHARD_TEXT_SIZE]);

#endif /* DELIVER_SHARD_H */
