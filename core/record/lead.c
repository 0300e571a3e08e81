/* SPDX-License-Identifier: MIT */

#include "record/lead.h"

#include "record/level.h"

enum border { BORDER_BAR, BORDER_BRACKET, BORDER_DASH, BORDER_LEVEL, BORDER_COLON, BORDERS };
enum {
    REACH = 320, /* bytes in which a column ends */
    TOKENS = 6,  /* tokens in front of a border, brackets counted as one */
    SHARE = 90,  /* percent of the lines that have it */
    LEAST = 20,  /* lines that say anything */
};

static struct bytes from(struct bytes text, size_t at)
{
    return (struct bytes){text.at + at, text.len - at};
}

static size_t skip_blanks(struct bytes text, size_t at)
{
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\t'))
        at++;
    return at;
}

static size_t bar_end(struct bytes text)
{
    size_t reach = text.len < REACH ? text.len : REACH;
    const char *bar = reach ? memchr(text.at, '|', reach) : NULL;
    return bar ? (size_t)(bar - text.at) + 1 : 0;
}

/* The end of the token at `at`; a bracket and what it holds are one. */
static size_t token_end(struct bytes text, size_t at)
{
    size_t reach = text.len < REACH ? text.len : REACH;
    if (at < reach && text.at[at] == '[') {
        const char *close = memchr(text.at + at, ']', reach - at);
        if (close)
            at = (size_t)(close - text.at) + 1;
    }
    while (at < reach && text.at[at] != ' ' && text.at[at] != '\t')
        at++;
    return at;
}

static bool is_border(enum border border, struct bytes token)
{
    if (!token.len)
        return false;
    if (border == BORDER_DASH)
        return token.len == 1 && *token.at == '-';
    if (border == BORDER_BRACKET)
        return *token.at == '[' && token.at[token.len - 1] == ']';
    if (border == BORDER_LEVEL)
        return *token.at >= 'A' && *token.at <= 'Z' && token.len > 1 && level_word(token);
    return token.len > 1 && token.at[token.len - 1] == ':';
}

static bool has_digit(struct bytes token)
{
    for (size_t i = 0; i < token.len; i++)
        if (token.at[i] >= '0' && token.at[i] <= '9')
            return true;
    return false;
}

/* Where the text behind the border begins, 0 when it is not there. */
static size_t border_end(enum border border, struct bytes text)
{
    if (border == BORDER_BAR)
        return bar_end(text);
    size_t at = skip_blanks(text, 0);
    for (int words = 0; words < TOKENS && at < text.len && at < REACH;) {
        size_t end = token_end(text, at);
        if (is_border(border, (struct bytes){text.at + at, end - at}))
            return skip_blanks(text, end);
        words += !has_digit((struct bytes){text.at + at, end - at});
        at = skip_blanks(text, end);
    }
    return 0;
}

static bool is_column(enum border border, const struct bytes *messages, size_t count)
{
    size_t have = 0, lines = 0;
    for (size_t i = 0; i < count; i++) {
        have += border_end(border, messages[i]) != 0;
        lines += messages[i].len != 0;
    }
    return lines >= LEAST && have * 100 >= lines * SHARE;
}

static void cut(enum border border, struct bytes *messages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        messages[i] = from(messages[i], border_end(border, messages[i]));
}

/* The name in front of a colon is the last column: what has colons behind it is the sentence. */
struct lead lead_learn(struct bytes *messages, size_t count)
{
    struct lead lead = {.count = 0};
    for (int border = 0; border < BORDERS && lead.count < LEAD_STEPS;) {
        if (!is_column((enum border)border, messages, count)) {
            border++;
            continue;
        }
        cut((enum border)border, messages, count);
        lead.steps[lead.count++] = (uint8_t)border;
        if (border == BORDER_COLON)
            break;
    }
    return lead;
}

struct bytes lead_skip(const struct lead *lead, struct bytes message)
{
    for (size_t i = 0; i < lead->count; i++)
        message = from(message, border_end((enum border)lead->steps[i], message));
    return message;
}

void lead_pack(const struct lead *lead, struct buffer *out)
{
    pack_bytes(out, (struct bytes){(const char *)lead->steps, lead->count});
}

bool lead_unpack(struct lead *lead, struct unpacker *in)
{
    struct bytes steps = unpack_bytes(in);
    struct lead fresh = {.count = 0};
    if (in->bad || steps.len > LEAD_STEPS)
        return false;
    for (size_t i = 0; i < steps.len; i++) {
        if ((uint8_t)steps.at[i] >= BORDERS)
            return false;
        fresh.steps[fresh.count++] = (uint8_t)steps.at[i];
    }
    *lead = fresh;
    return true;
}
