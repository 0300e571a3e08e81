/* SPDX-License-Identifier: MIT */

#include "record/join.h"

void join_forget(struct joiner *joiner)
{
    joiner->ahead.begin = joiner->stamped_at = SIZE_MAX;
}

static bool blank(struct bytes text, struct line line)
{
    return line.end - line.begin < FRAME_PEEK && frame_blank(text, line);
}

/* An exception's cause is not indented, and is no record of its own. */
static bool is_cause(struct bytes head)
{
    return bytes_starts_with(head, "Caused by:");
}

/* The record being joined keeps the stamp it has. */
static bool read_stamp(struct joiner *joiner, struct bytes head, size_t at)
{
    unsigned other = joiner->newest ^ 1;
    stamps_pass(joiner->stamps);
    if (!place_find(joiner->stamps, joiner->allowed, head, &joiner->stamps_read[other]))
        return false;
    joiner->newest = other;
    joiner->stamped_at = at;
    return true;
}

static bool begins(struct joiner *joiner, struct bytes head, size_t at)
{
    switch (joiner->rule) {
    case JOIN_STAMP:
        return read_stamp(joiner, head, at);
    case JOIN_INDENT:
        return head.len && head.at[0] != ' ' && head.at[0] != '\t' && !is_cause(head);
    case JOIN_START:
        return regex_match(joiner->start, head) == 1;
    default:
        return true;
    }
}

enum join_verdict join_judge(struct joiner *joiner, struct bytes text, struct line line,
                             bool final)
{
    bool enough = !line.open || final || line.end - line.begin > FRAME_PEEK;
    if (!enough)
        return JOIN_UNKNOWN;
    if (blank(text, line))
        return JOIN_GOES_ON;
    return begins(joiner, frame_head(text, line), line.begin) ? JOIN_BEGINS : JOIN_GOES_ON;
}

/* Is there more between `begin` and the end of `line` than a record may have? One byte of an open line may be a CR. */
static bool too_long(const struct joiner *joiner, size_t begin, struct line line, bool final)
{
    return line.end - begin > joiner->bytes_max + (line.open && !final);
}

static void cut(const struct joiner *joiner, struct extent *extent)
{
    extent->over = true;
    extent->end = extent->next = extent->begin + joiner->bytes_max;
}

static void extend(struct bytes text, struct extent *extent, struct line line)
{
    extent->lines++;
    extent->next = line.next;
    if (blank(text, line))
        return;
    extent->end = line.end;
    extent->multi = true;
}

static bool join_lines(struct joiner *joiner, struct bytes text, bool final,
                       struct extent *extent)
{
    while (extent->next < text.len) {
        struct line line = frame_line(text, extent->next);
        enum join_verdict verdict = join_judge(joiner, text, line, final);
        if (verdict == JOIN_BEGINS) {
            joiner->ahead = line;
            return true;
        }
        if (verdict == JOIN_UNKNOWN)
            return false;
        if (too_long(joiner, extent->begin, line, final)) {
            extent->lines += line.begin < extent->begin + joiner->bytes_max;
            extent->multi = true;
            cut(joiner, extent);
            return true;
        }
        if (line.open && !final)
            return false;
        extend(text, extent, line);
    }
    return final;
}

static struct bytes line_bytes(struct bytes text, struct line line)
{
    return (struct bytes){text.at + line.begin, line.end - line.begin};
}

static bool join_parts(const struct joiner *joiner, struct bytes text, bool final,
                       struct extent *extent)
{
    bool part;
    struct bytes first = {text.at + extent->begin, extent->end - extent->begin};
    char stream = joiner->part(first, &part);
    while (part) {
        if (extent->next == text.len)
            return final;
        struct line line = frame_line(text, extent->next);
        if (too_long(joiner, extent->begin, line, final))
            return true;
        if (line.open && !final)
            return false;
        if (joiner->part(line_bytes(text, line), &part) != stream)
            return true;
        extend(text, extent, line);
    }
    return true;
}

bool join_next(struct joiner *joiner, struct bytes text, size_t at, bool final,
               struct extent *ret)
{
    struct line line = joiner->ahead.begin == at ? joiner->ahead : frame_line(text, at);
    struct extent extent = {.begin = at, .end = line.end, .next = line.next, .lines = 1};
    bool over = too_long(joiner, at, line, final), done = true;
    if (line.open && !final && !over)
        return false;
    if (joiner->rule == JOIN_STAMP) {
        extent.judged = true;
        extent.stamped =
            joiner->stamped_at == at || read_stamp(joiner, frame_head(text, line), at);
        extent.stamp = &joiner->stamps_read[joiner->newest];
    }
    if (over)
        cut(joiner, &extent);
    else if (joiner->rule == JOIN_PARTS)
        done = join_parts(joiner, text, final, &extent);
    else if (joiner->rule != JOIN_SINGLE)
        done = join_lines(joiner, text, final, &extent);
    if (done)
        *ret = extent;
    return done;
}
