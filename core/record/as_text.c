/* SPDX-License-Identifier: MIT */
/* Free text: a stamp at one of the learnt places, a level near it, the rest is message. */

#include "record/parse.h"

/* klog's stamp begins with its level. */
static uint8_t level_of_stamp(struct bytes line, const struct stamp *stamp)
{
    bool klog = stamp->end - stamp->begin > 12 && line.at[stamp->begin + 1] >= '0' &&
                line.at[stamp->begin + 1] <= '9';
    return klog && strchr("IWEF", line.at[stamp->begin])
               ? level_value((struct bytes){line.at + stamp->begin, 1})
               : 0;
}

static bool find_stamp(struct reading *reading, struct stamp *ret)
{
    const struct extent *extent = reading->extent;
    if (!extent->judged)
        return place_find(&reading->recorder->stamps, reading->recorder->allowed, reading->text,
                          ret);
    if (!extent->stamped || extent->stamp.end > reading->text.len) // behind where it was cut
        return false;
    *ret = extent->stamp;
    reading->recorder->stamps.seen = ret->anchor; // it was read before the line behind it was
    return true;
}

int text_record(struct reading *reading)
{
    static const struct level_habit strict;
    struct recorder *recorder = reading->recorder;
    struct bytes text = reading->text;
    struct stamp stamp = {0};
    size_t end = 0;
    bool stamped = find_stamp(reading, &stamp);
    if (stamped) {
        reading->time_ns = stamp.time_ns;
        reading->level = level_of_stamp(text, &stamp);
        if (!reading->level && stamp.begin)
            reading->level = level_find(&strict, (struct bytes){text.at, stamp.begin}, &end);
    }
    reading->unfit = recorder->stamped && !stamped;
    struct bytes rest = bytes_from(text, stamp.end);
    end = 0;
    if (!reading->level)
        reading->level = level_find(&recorder->habit, rest, &end);
    reading->message = bytes_from(rest, end ? end : stamped ? level_skip(rest, 0) : 0);
    if (fields_wanted(reading))
        fields_in_text(reading, reading->message);
    return 0;
}

struct bytes text_inner(struct stamps *stamps, struct bytes line)
{
    struct stamp stamp;
    if (!place_find(stamps, PLACES_ALL, line, &stamp))
        return line;
    return bytes_from(line, stamp.end);
}
