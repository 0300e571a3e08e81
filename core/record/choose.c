/* SPDX-License-Identifier: MIT */
/*
 * Looks at the first lines of a source: picks its format, learns where its stamps and levels stand, says so.
 *
 * Only the first CHOOSE_LINES lines of the first CHOOSE_BYTES count, so the choice does not depend on how they arrive.
 */

#include "record/parse.h"

#include "base/clock.h"

#include <stdio.h>

/* Read from the most special to the most general. */
static const enum record_format candidates[] = {
    RECORD_DOCKER, RECORD_JSON, RECORD_CRI, RECORD_COMBINED, RECORD_SYSLOG, RECORD_LOGFMT,
};
enum { CANDIDATES = sizeof(candidates) / sizeof(candidates[0]) };

enum {
    FIT_PERCENT = 80,    /* of lines a format must fit to be chosen */
    PLACE_PERCENT = 2,   /* of lines that make the very start a place of stamps */
    INSIDE_PERCENT = 10, /* ...that make another place one: dates stand in free text too */
    EPOCH_PERCENT = 50,  /* of all lines; then bare numbers are stamps */
    STAMPED_PERCENT = 5, /* of lines that are not indented; fewer stamps do not begin records */
    WHOLE_PERCENT =
        50, /* of docker's lines must be whole, or else a missing \n means nothing */
    WIDE_PERCENT =
        30, /* of bytes that are NUL at even places, or at odd ones, make it UTF-16 */
    STRAY_PERCENT = 2, /* ...that may be so at the others */
};

/* What was counted in the sample. */
struct survey {
    unsigned lines, flush; /* that are not blank; ...nor indented */
    unsigned fits[CANDIDATES];
    unsigned parts;            /* docker lines without \n */
    unsigned at[PLACES];       /* stamps by place */
    unsigned epoch_at[PLACES]; /* those that are bare numbers */
    int64_t dated_ns;          /* the first stamp with a year, or NO_TIME */
    const char *head;          /* where the sample begins */
    unsigned bytes,
        nul[2]; /* NUL bytes at even and odd places: UTF-16 has them at one of the two */
    char example[32];
};

static void survey_stamp(struct survey *survey, struct stamps *stamps, struct bytes line)
{
    struct stamp stamp;
    if (!place_find(stamps, PLACES_ALL, line, &stamp))
        return;
    survey->at[stamp.place] += !stamp.epoch;
    survey->epoch_at[stamp.place] += stamp.epoch;
    bool bracket = memchr("[(\"", line.at[stamp.begin], 3);
    if (survey->dated_ns == NO_TIME &&
        stamp_has_year(stamp_form(bytes_from(line, stamp.begin + bracket))))
        survey->dated_ns = stamp.time_ns;
    if (!survey->example[0])
        snprintf(survey->example, sizeof(survey->example), "%.*s",
                 (int)(stamp.end - stamp.begin), line.at + stamp.begin);
}

static void survey_bytes(struct survey *survey, struct bytes line)
{
    survey->bytes += (unsigned)line.len;
    for (size_t i = 0; i < line.len; i++)
        survey->nul[(line.at + i - survey->head) & 1] += line.at[i] == '\0';
}

static void survey_line(struct survey *survey, struct stamps *stamps, struct bytes line)
{
    bool part;
    survey->lines++;
    survey->flush += *line.at != ' ' && *line.at != '\t';
    for (int i = 0; i < CANDIDATES; i++)
        survey->fits[i] += formats[candidates[i]].fits(stamps, line);
    docker_part(line, &part);
    survey->parts += part;
    survey_bytes(survey, line);
    survey_stamp(survey, stamps, line);
}

/* Calls `use` for each line of the sample that is not blank. A cut last line counts only when it is the only one. */
typedef void use_fn(void *context, struct stamps *stamps, struct bytes line);
static void each_line(struct bytes head, struct stamps stamps, use_fn *use, void *context)
{
    size_t at = 0;
    for (int n = 0; n < CHOOSE_LINES && at < head.len; n++) {
        struct line line = frame_line(head, at);
        if (line.open && n)
            break;
        line.begin += frame_mark((struct bytes){head.at, line.end}, line.begin);
        stamps_pass(&stamps);
        if (!frame_blank(head, line))
            use(context, &stamps, (struct bytes){head.at + line.begin, line.end - line.begin});
        stamps_take(&stamps);
        at = line.next;
    }
}

static void use_for_survey(void *context, struct stamps *stamps, struct bytes line)
{
    survey_line(context, stamps, line);
}

static void use_for_levels(void *context, struct stamps *stamps, struct bytes line)
{
    struct recorder *recorder = context;
    struct bytes inner = formats[recorder->format].inner(stamps, line);
    if (inner.len)
        level_learn(&recorder->habit, inner);
}

static enum record_format pick(const struct survey *survey)
{
    for (int i = 0; i < CANDIDATES; i++)
        if (survey->lines && survey->fits[i] * 100 >= survey->lines * FIT_PERCENT)
            return candidates[i];
    return RECORD_TEXT;
}

/* The places at which enough lines have a stamp. */
static places enough_at(const unsigned at[PLACES], unsigned lines)
{
    places allowed = 0;
    unsigned even = 0, odd = 0, most = 0;
    for (unsigned i = 0; i < PLACES; i++) {
        *(i % 2 ? &odd : &even) += at[i];
        most = at[i] > most ? at[i] : most;
    }
    for (unsigned i = 0; i < PLACES; i++) {
        // Dumps and tables are indented or rare; a source's own stamps are neither.
        bool usual = i == 0 || (at[i] * 2 > most && (i % 2 == 0 || odd > even));
        unsigned percent = i == 0 ? PLACE_PERCENT : INSIDE_PERCENT;
        if (at[i] && usual && at[i] * 100 >= lines * percent)
            allowed |= 1u << i;
    }
    return allowed;
}

static unsigned sum(const unsigned at[PLACES], places allowed)
{
    unsigned n = 0;
    for (unsigned i = 0; i < PLACES; i++)
        n += allowed >> i & 1 ? at[i] : 0;
    return n;
}

static places settle_places(const struct survey *survey)
{
    places epoch = enough_at(survey->epoch_at, survey->flush);
    if (epoch && sum(survey->epoch_at, epoch) * 100 >= survey->lines * EPOCH_PERCENT)
        return epoch | PLACES_EPOCH;
    return enough_at(survey->at, survey->flush);
}

static enum join_rule text_rule(const struct recorder *recorder, const struct survey *survey)
{
    unsigned stamped = sum(recorder->allowed & PLACES_EPOCH ? survey->epoch_at : survey->at,
                           recorder->allowed);
    return stamped && stamped * 100 >= survey->flush * STAMPED_PERCENT ? JOIN_STAMP
                                                                       : JOIN_INDENT;
}

static enum join_rule pick_rule(const struct recorder *recorder, const struct survey *survey)
{
    const struct record_plan *plan = recorder->plan;
    if (plan->each_line)
        return JOIN_SINGLE;
    if (plan->start)
        return JOIN_START;
    if (recorder->format == RECORD_TEXT)
        return text_rule(recorder, survey);
    bool no_ends = recorder->format == RECORD_DOCKER &&
                   survey->parts * 100 > survey->lines * WHOLE_PERCENT;
    return no_ends ? JOIN_SINGLE : formats[recorder->format].rule;
}

void choose_joiner(struct recorder *recorder, enum join_rule rule)
{
    recorder->joiner = (struct joiner){
        .rule = rule,
        .bytes_max = recorder->plan->bytes_max,
        .stamps = &recorder->stamps,
        .allowed = recorder->allowed,
        .start = recorder->plan->start,
        .part = formats[recorder->format].part,
        .ahead = {.begin = SIZE_MAX},
        .stamped_at = SIZE_MAX,
    };
}

static const char *level_phrase(const struct recorder *recorder)
{
    const struct level_habit *habit = &recorder->habit;
    unsigned seen = 0;
    for (int i = 0; i < LEVEL_TOKENS; i++)
        seen += habit->words[i];
    if (!formats[recorder->format].inner)
        return recorder->format == RECORD_COMBINED ? "no levels" : "level from its field";
    return seen ? "level by its position" : "no levels seen";
}

/* Two bytes a letter: the lines go on as they are, but nothing can be read in them. */
static bool is_wide(const struct survey *survey, struct bytes head)
{
    const unsigned *nul = survey->nul;
    unsigned most = nul[0] > nul[1] ? nul[0] : nul[1], other = nul[0] + nul[1] - most;
    if (bytes_starts_with(head, "\xff\xfe") || bytes_starts_with(head, "\xfe\xff"))
        return true;
    return most && most * 100ull >= survey->bytes * WIDE_PERCENT &&
           other * 100ull <= survey->bytes * STRAY_PERCENT;
}

/* For people; control bytes of the example become question marks. */
static void say(struct recorder *recorder, const struct survey *survey, bool wide)
{
    static const char *const joins[] = {
        [JOIN_SINGLE] = "each line a record",
        [JOIN_STAMP] = "lines without a stamp joined",
        [JOIN_INDENT] = "indented lines joined",
        [JOIN_START] = "records begin at the start pattern",
        [JOIN_PARTS] = "partial lines joined",
    };
    char stamps[64] = "no stamps";
    bool text = recorder->format == RECORD_TEXT;
    if (text && recorder->allowed)
        snprintf(stamps, sizeof(stamps), "stamps like %s", survey->example);
    snprintf(recorder->choice, sizeof(recorder->choice), "%s, %s%s%s, %s%s",
             record_format_name(recorder->format), text ? stamps : "", text ? ", " : "",
             level_phrase(recorder), joins[recorder->joiner.rule],
             wide ? "; it is UTF-16, of which nothing can be read: write UTF-8" : "");
    for (char *p = recorder->choice; *p; p++)
        if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
            *p = '?';
}

void choose_format(struct recorder *recorder, struct bytes head)
{
    struct survey survey = {.dated_ns = NO_TIME, .head = head.at};
    if (head.len > CHOOSE_BYTES)
        head.len = CHOOSE_BYTES;
    each_line(head, recorder->stamps, use_for_survey, &survey);
    recorder->format =
        recorder->plan->format == RECORD_AUTO ? pick(&survey) : recorder->plan->format;
    if (survey.dated_ns !=
        NO_TIME) // a source of several programs: some stamps say the year of the others
        stamps_anchor(&recorder->stamps, survey.dated_ns);
    recorder->allowed = settle_places(&survey);
    if (formats[recorder->format].inner) {
        each_line(head, recorder->stamps, use_for_levels, recorder);
        level_settle(&recorder->habit);
    }
    recorder->stamped =
        recorder->format == RECORD_TEXT && text_rule(recorder, &survey) == JOIN_STAMP;
    choose_joiner(recorder, pick_rule(recorder, &survey));
    say(recorder, &survey, is_wide(&survey, head));
    recorder->chosen = true;
}
