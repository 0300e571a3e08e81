/* SPDX-License-Identifier: MIT */

#include "base/hash.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>

#include <xxhash.h>

uint64_t hash_bytes(struct bytes bytes)
{
    return XXH3_64bits(bytes.at, bytes.len);
}

uint64_t hash_join(uint64_t hash, uint64_t value)
{
    uint64_t both[2] = {htole64(hash), htole64(value)}; // the same on every host
    return XXH3_64bits(both, sizeof(both));
}

char *hash_format(uint64_t hash, char text[HASH_TEXT_SIZE])
{
    snprintf(text, HASH_TEXT_SIZE, "%016" PRIx64, hash);
    return text;
}
