/* SPDX-License-Identifier: MIT */
/*
 * What a recorder has learnt and where it stands, as bytes.
 *
 * Patterns, zone and bounds come from the plan again. Left out as well is what is only remembered for speed, or only within one
 * feed: minutes that were read (the anchor says the same of their years), the stamp of a line ahead, what choosing counted. Before
 * a format is chosen nothing is used, so the bytes to choose from come again.
 */

#include "record/parse.h"

#include "base/clock.h"

#include <errno.h>

enum { DAY_S = 86400, OFFSET_MAX_S = 48 * 3600 };

/* ---- stamps ------------------------------------------------------------------- */

static void pack_stamps(const struct stamps *stamps, struct buffer *out)
{
    // the span is no mere memory: where a clock changes twice within hours, which reading holds depends on the one before
    pack_u64(out, (uint64_t)stamps->span.from);
    pack_u64(out, (uint64_t)stamps->span.until);
    pack_u32(out, (uint32_t)stamps->span.offset);
    pack_u64(out, (uint64_t)stamps->file_s);
    pack_u64(out, (uint64_t)stamps->anchor.local_s);
    pack_u32(out, stamps->anchor.yearless);
}

/* Seconds that are an instant in nanoseconds, and a day more too. No stamp is from before 1970, but for its zone. */
static bool is_second(int64_t s)
{
    return s >= -DAY_S && s <= INT64_MAX / NS_PER_S - DAY_S;
}

static bool unpack_stamps(struct stamps *stamps, struct unpacker *in)
{
    struct zone_span span = {.from = (int64_t)unpack_u64(in)};
    span.until = (int64_t)unpack_u64(in);
    span.offset = (int32_t)unpack_u32(in);
    int64_t file_s = (int64_t)unpack_u64(in), local_s = (int64_t)unpack_u64(in);
    uint32_t yearless = unpack_u32(in);
    if (in->bad || span.offset < -OFFSET_MAX_S || span.offset > OFFSET_MAX_S ||
        !is_second(file_s) || (local_s != INT64_MIN && !is_second(local_s)) || yearless > 1)
        return false;
    *stamps = (struct stamps){.zone = stamps->zone,
                              .span = span,
                              .year = stamps->year,
                              .file_s = file_s,
                              .anchor = {local_s, yearless != 0},
                              .seen = {INT64_MIN, false}};
    return true;
}

/* ---- the choice ----------------------------------------------------------------- */

static void pack_choice(const struct recorder *recorder, struct buffer *out)
{
    const uint32_t numbers[] = {recorder->format,       recorder->allowed,
                                recorder->stamped,      recorder->habit.column,
                                recorder->habit.always, recorder->joiner.rule};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u32(out, numbers[i]);
    pack_text(out, recorder->choice);
}

/* Could looking at a sample have come to this? */
static bool is_choice(const struct record_plan *plan, uint32_t format, uint32_t rule)
{
    if (format == RECORD_AUTO || format > RECORD_REGEX || rule > JOIN_PARTS)
        return false;
    bool possible =
        plan->format == RECORD_AUTO ? format != RECORD_REGEX : format == plan->format;
    return possible && (rule != JOIN_START || plan->start) &&
           (rule != JOIN_PARTS || formats[format].part);
}

static bool unpack_choice(struct recorder *recorder, struct unpacker *in)
{
    uint32_t format = unpack_u32(in), allowed = unpack_u32(in), stamped = unpack_u32(in);
    uint32_t column = unpack_u32(in), always = unpack_u32(in), rule = unpack_u32(in);
    struct bytes choice = unpack_bytes(in);
    if (in->bad || !is_choice(recorder->plan, format, rule) || allowed > PLACES_ALL ||
        stamped > 1 || (column | always) >> LEVEL_TOKENS ||
        choice.len >= sizeof(recorder->choice) || memchr(choice.at, '\0', choice.len))
        return false;
    recorder->format = (enum record_format)format;
    recorder->chosen = true;
    recorder->allowed = allowed;
    recorder->stamped = stamped != 0;
    recorder->habit =
        (struct level_habit){.column = (uint8_t)column, .always = (uint8_t)always};
    recorder->joiner.rule = (enum join_rule)rule;
    memset(recorder->choice, 0, sizeof(recorder->choice));
    memcpy(recorder->choice, choice.at, choice.len);
    return true;
}

/* ---- durations --------------------------------------------------------------------- */

static void pack_durations(const struct duration_habit *habit, struct buffer *out)
{
    const uint64_t numbers[] = {habit->mode,  habit->seconds, habit->next,    habit->looked,
                                habit->named, habit->any,     habit->fraction};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u64(out, numbers[i]);
}

static bool unpack_durations(struct duration_habit *habit, struct unpacker *in)
{
    uint64_t mode = unpack_u64(in), seconds = unpack_u64(in), next = unpack_u64(in),
             looked = unpack_u64(in), named = unpack_u64(in), any = unpack_u64(in),
             fraction = unpack_u64(in);
    if (mode > DURATION_ANY || seconds > 1 || fraction > 1 || looked >= DURATION_BOUT ||
        named > any || any > looked)
        return false;
    *habit = (struct duration_habit){.mode = (enum duration_mode)mode,
                                     .seconds = seconds,
                                     .next = next,
                                     .looked = (uint32_t)looked,
                                     .named = (uint32_t)named,
                                     .any = (uint32_t)any,
                                     .fraction = fraction};
    return true;
}

/* ---- all of it -------------------------------------------------------------------- */

void recorder_pack(const struct recorder *recorder, struct buffer *out)
{
    const struct record_counts *counts = &recorder->counts;
    const uint64_t numbers[] = {(uint64_t)recorder->last_ns,
                                recorder->line,
                                counts->records,
                                counts->lines,
                                counts->unparsed,
                                counts->truncated,
                                counts->skipped_bytes,
                                counts->no_stamp,
                                counts->limit_errors};
    pack_stamps(&recorder->stamps, out);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u64(out, numbers[i]);
    pack_u32(out, recorder->skip);
    pack_u32(out, recorder->chosen);
    pack_durations(&recorder->durations, out);
    columns_pack(&recorder->columns, out);
    if (recorder->chosen)
        pack_choice(recorder, out);
}

static bool unpack_rest(struct recorder *recorder, struct unpacker *in)
{
    struct record_counts *counts = &recorder->counts;
    uint64_t *const numbers[] = {
        &recorder->line,    &counts->records,       &counts->lines,    &counts->unparsed,
        &counts->truncated, &counts->skipped_bytes, &counts->no_stamp, &counts->limit_errors};
    recorder->last_ns = (int64_t)unpack_u64(in);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = unpack_u64(in);
    uint32_t skip = unpack_u32(in), chosen = unpack_u32(in);
    bool durations = unpack_durations(&recorder->durations, in);
    if (!columns_unpack(&recorder->columns, in) || !durations || skip > SKIP_LINES ||
        chosen > 1 || (skip && !chosen) ||
        (recorder->last_ns != NO_TIME && !is_second(recorder->last_ns / NS_PER_S)))
        return false;
    recorder->skip = (enum skip)skip;
    recorder->chosen = false;
    recorder->format = recorder->plan->format;
    return !chosen || unpack_choice(recorder, in);
}

int recorder_unpack(struct recorder *recorder, struct unpacker *in)
{
    struct recorder fresh = *recorder;
    fresh.columns = (struct columns){.known = false};
    if (!unpack_stamps(&fresh.stamps, in) || !unpack_rest(&fresh, in)) {
        columns_free(&fresh.columns);
        return -EBADMSG;
    }
    columns_free(&recorder->columns);
    *recorder = fresh;
    if (recorder->chosen)
        choose_joiner(recorder, fresh.joiner.rule);
    return 0;
}
