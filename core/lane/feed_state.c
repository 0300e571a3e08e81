/* SPDX-License-Identifier: MIT */
/*
 * feed_state.c - a feed as bytes, between two steps.
 */

#include "lane/inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum feed_flag { FLAG_INTRODUCED = 1, FLAG_SAID = 2 };

void feed_pack(const struct feed *feed, struct buffer *out)
{
    pack_u64(out, feed_offset(feed));
    pack_u64(out, (uint64_t)feed->modified_ns);
    pack_u64(out, feed->next_look);
    pack_u32(out, (feed->introduced ? FLAG_INTRODUCED : 0u) | (feed->said ? FLAG_SAID : 0u));
    window_source_pack(&feed->place, out);
    recorder_pack(feed->recorder, out);
}

static int unpack_rest(struct feed *feed, struct unpacker *in, bool *ret_holds)
{
    int r = window_source_unpack(&feed->place, in, ret_holds);
    return r < 0 ? r : recorder_unpack(feed->recorder, in);
}

int feed_unpack(struct lane_stream *stream, struct unpacker *in, struct feed **ret)
{
    struct feed *feed;
    struct feed_start start = {.path = "", .offset = unpack_u64(in)};
    start.modified_ns = (int64_t)unpack_u64(in);
    uint64_t next_look = unpack_u64(in);
    uint32_t flags = unpack_u32(in);
    int r = in->bad ? -EBADMSG : feed_make(stream, &start, &feed);
    if (r < 0)
        return r;
    feed->next_look = next_look;
    feed->introduced = flags & FLAG_INTRODUCED;
    feed->said = flags & FLAG_SAID;
    bool holds = false;
    r = unpack_rest(feed, in, &holds);
    if (r < 0) {
        recorder_free(feed->recorder);
        path_drop(feed->place.path);
        free(feed);
        return r;
    }
    if (holds)
        windows_hold(stream->windows, &feed->place);
    *ret = feed;
    return 0;
}
