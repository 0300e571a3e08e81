/* SPDX-License-Identifier: MIT */
/*
 * redis_script.h - the one script that publishes a batch atomically against the host's line in PREFIX:{SHARD}:seen.
 *
 *      KEYS   page  ticket  log  seen                    all in one slot
 *      ARGV   host  epoch  max_len  floor  adopt  token  known      then REDIS_SCRIPT_FIELDS per finding
 *      reply  {word, n, detail}
 *
 *      OK         n = the highest number that is there; to a question, detail = the server's maxmemory-policy
 *      FORK       another epoch was published under this host's name; detail = that epoch
 *      GONE       streams that the line remembers are missing (detail); the line was set back: send all that is kept
 *      HOLE       the batch begins above n + 1; if nothing older is kept, come again with floor = n
 *      WHO        somebody with the token `detail` published since we asked last: ask, with all tokens known
 *      TWIN       the same to a question: and that token is none of ours (redis_instance.h)
 *      FULL       detail = a stream whose last id is the last there is: nothing can be added
 *      WRONGTYPE  detail = the key, which is no stream or hash; nothing was touched
 *
 * The line: `epoch n`, then for page, ticket, log: `n id born`, all parted by blanks, `-` for none. `born` is the id that
 * the stream's life began with; the field `#page` (…) of the same hash says which life the stream is in. So a stream that was
 * deleted is missed even when another host has begun it again. The field `#@HOST` holds the token of the daemon that
 * published last. What is there and has not this form is taken as missing: a person's HSET must not wedge us.
 */
#ifndef DELIVER_REDIS_SCRIPT_H
#define DELIVER_REDIS_SCRIPT_H

enum { REDIS_SCRIPT_HEAD = 7, REDIS_SCRIPT_FIELDS = 11 };

extern const char redis_script[];

#endif /* DELIVER_REDIS_SCRIPT_H */
