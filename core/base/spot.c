/* SPDX-License-Identifier: MIT */

#include "base/spot.h"

/* From the most common on; what is not here is rarer still. Small letters as in English, with digits and signs as logs use them. */
static const char common[] = " e0t1aoi2nsr3456789.lcd-:/hupmfg=_bvwy,\"k[]()xT";

unsigned spot_commonness(char byte)
{
    const char *found = byte ? strchr(common, byte) : NULL;
    return found ? (unsigned)(sizeof(common) - (size_t)(found - common)) : 0;
}

static bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* Without case a letter is as common as the small one. */
static unsigned commonness_in(const struct literal_word *word, size_t at)
{
    char c = word->text[at];
    return spot_commonness(word->caseless && is_letter(c) ? (char)(c | 0x20) : c);
}

static struct spot_byte byte_of(const struct literal_word *word, size_t at)
{
    unsigned char fold = word->caseless && is_letter(word->text[at]) ? 0x20 : 0;
    struct spot_byte made = {.at = at};
    memset(&made.fold, fold, sizeof(made.fold));
    memset(&made.byte, (unsigned char)word->text[at] | fold, sizeof(made.byte));
    return made;
}

void spot_init(struct spot *spot, const struct literal_word *word)
{
    size_t rarest = 0, second = 1;
    for (size_t i = 1; i < word->len; i++) {
        if (commonness_in(word, i) < commonness_in(word, rarest)) {
            second = rarest;
            rarest = i;
        } else if (i == 1 || commonness_in(word, i) < commonness_in(word, second)) {
            second = i;
        }
    }
    spot->rarest = byte_of(word, rarest);
    spot->second = byte_of(word, second);
    spot->len = word->len;
}

static inline spot_lanes load(const char *at)
{
    spot_lanes lanes;
    memcpy(&lanes, at, sizeof(lanes));
    return lanes;
}

/* All bits of a lane are set where both bytes stand. */
static inline spot_lanes lanes_of(const struct spot *spot, const char *at)
{
    const struct spot_byte *a = &spot->rarest, *b = &spot->second;
    return (spot_lanes)(((load(at + a->at) | a->fold) == a->byte) &
                        ((load(at + b->at) | b->fold) == b->byte));
}

static inline bool any(spot_lanes lanes)
{
    uint64_t halves[2];
    memcpy(halves, &lanes, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

/* Something stands in these places: what, and where exactly? */
static void tell_all(const struct spots *spots, const char *text, size_t at)
{
    for (size_t s = 0; s < spots->count; s++) {
        spot_lanes lanes = lanes_of(&spots->at[s], text + at);
        for (size_t i = 0; i < SPOT_LANES && any(lanes); i++)
            if (lanes[i])
                spots->tell(spots->context, s, at + i);
    }
}

/* The last places, one by one. */
static void tell_last(const struct spots *spots, struct bytes text, size_t from)
{
    for (size_t at = from; at < text.len; at++)
        for (size_t s = 0; s < spots->count; s++) {
            const struct spot *spot = &spots->at[s];
            const char *begin = text.at + at;
            if (text.len - at >= spot->len &&
                ((unsigned char)begin[spot->rarest.at] | spot->rarest.fold[0]) ==
                    spot->rarest.byte[0] &&
                ((unsigned char)begin[spot->second.at] | spot->second.fold[0]) ==
                    spot->second.byte[0])
                spots->tell(spots->context, s, at);
        }
}

void spot_pass(const struct spots *spots, struct bytes text)
{
    size_t at = 0;
    for (; at + 2 * SPOT_LANES + LITERAL_BYTES <= text.len; at += 2 * SPOT_LANES) {
        const char *here = text.at + at;
        spot_lanes found = {0};
        for (size_t s = 0; s < spots->count; s++)
            found |= lanes_of(&spots->at[s], here) | lanes_of(&spots->at[s], here + SPOT_LANES);
        if (!any(found))
            continue;
        tell_all(spots, text.at, at);
        tell_all(spots, text.at, at + SPOT_LANES);
    }
    tell_last(spots, text, at);
}
