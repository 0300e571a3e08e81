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

/* NULL: there is none. `room` is for one that has not been read yet. */
static const struct stamp *find_stamp(struct reading *reading, struct stamp *room)
{
    const struct extent *extent = reading->extent;
    struct stamps *stamps = &reading->recorder->stamps;
    if (!extent->judged)
        return place_find(stamps, reading->recorder->allowed, reading->text, room) ? room
                                                                                   : NULL;
    if (!extent->stamped || extent->stamp->end > reading->text.len) // behind where it was cut
        return NULL;
    stamps->seen = extent->stamp->anchor; // it was read before the line behind it was
    return extent->stamp;
}

/* Cuts the level off what is behind the stamp, unless it is known already. */
static uint8_t read_head(const struct recorder *recorder, bool stamped, uint8_t level,
                         struct bytes *message)
{
    size_t end = 0;
    if (!level)
        level = level_find(&recorder->habit, *message, &end);
    *message = bytes_from(*message, end ? end : stamped ? level_skip(*message, 0) : 0);
    return level;
}

void text_head(const struct recorder *recorder, const char *text, struct oddline_record *record)
{
    struct bytes message = {text + record->message, record->message_len};
    bool stamped = record->message_len != record->text_len;
    uint8_t level = read_head(recorder, stamped, record->level, &message);
    head_set(record, text, level, message);
}

int text_record(struct reading *reading)
{
    static const struct level_habit strict;
    struct recorder *recorder = reading->recorder;
    struct bytes text = reading->text;
    struct stamp room;
    size_t end = 0;
    const struct stamp *stamp = find_stamp(reading, &room);
    if (stamp) {
        reading->time_ns = stamp->time_ns;
        reading->level = level_of_stamp(text, stamp);
        if (!reading->level && stamp->begin)
            reading->level = level_find(&strict, (struct bytes){text.at, stamp->begin}, &end);
    }
    reading->unfit = recorder->stamped && !stamp;
    reading->message = bytes_from(text, stamp ? stamp->end : 0);
    if (!recorder->plan->heads_of_matches)
        reading->level = read_head(recorder, stamp, reading->level, &reading->message);
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
