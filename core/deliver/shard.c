/* SPDX-License-Identifier: MIT */

#include "deliver/shard.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>

int64_t shard_of(const char *host, int64_t shards)
{
    return shards < 2 ? 0 : (int64_t)(hash_bytes(bytes_of(host)) % (uint64_t)shards);
}

char *shard_format(int64_t shard, char text[SHARD_TEXT_SIZE])
{
    snprintf(text, SHARD_TEXT_SIZE, "%d", (int)shard);
    return text;
}
