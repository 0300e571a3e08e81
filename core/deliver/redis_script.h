/* SPDX-License-Identifier: MIT */
/*
 * redis_script.h - the one script that publishes a batch atomically against the host's line in PREFIX:{SHARD}:seen.
 *
 *      KEYS   page  ticket  log  seen                    all in one slot
 *      ARGV   host  epoch  max_len  floor  adopt         then REDIS_SCRIPT_FIELDS per finding
 *      reply  {word, n, detail}
 *
 *      OK         n = the highest number that is there
 *      FORK       another epoch was published under this host's name; detail = that epoch
 *      GONE       streams that the line remembers are missing (detail); the line was set back: send all that is kept
 *      HOLE       the batch begins above n + 1; if nothing older is kept, come again with floor = n
 *      WRONGTYPE  detail = the key, which is no stream or hash; nothing was touched
 *
 * The line: `epoch n`, then for page, ticket, log: `n id born`, all parted by blanks, `-` for none. `born` is the id that
 * the stream's life began with; the field `#page` (…) of the same hash says which life the stream is in. So a stream that was
 * deleted is missed even when another host has begun it again.
 */
#ifndef DELIVER_REDIS_SCRIPT_H
#define DELIVER_REDIS_SCRIPT_H

enum { REDIS_SCRIPT_HEAD = 5, REDIS_SCRIPT_FIELDS = 11 };

extern const char redis_script[];

#endif /* DELIVER_REDIS_SCRIPT_H */
