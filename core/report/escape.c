/* SPDX-License-Identifier: MIT */

#include "report/escape.h"

#include "base/screen.h"

#include <ctype.h>
#include <strings.h>

/* ---- HTML ------------------------------------------------------------------------- */

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void escape_html_bytes(struct buffer *out, struct bytes text)
{
    struct buffer shown = {0};
    screen_text(&shown, text, 0);
    for (size_t i = 0; i < shown.len; i++) {
        const char *safe = entity(shown.at[i]);
        if (safe)
            buffer_text(out, safe);
        else
            buffer_char(out, shown.at[i]);
    }
    buffer_free(&shown);
}

void escape_html(struct buffer *out, const char *text)
{
    escape_html_bytes(out, bytes_of(text));
}

/* Each line by itself: `put` never sees a newline. */
static void by_lines(struct buffer *out, const char *text,
                     void (*put)(struct buffer *out, struct bytes line))
{
    for (;;) {
        size_t len = strcspn(text, "\n");
        put(out, (struct bytes){text, len});
        if (!text[len])
            return;
        buffer_char(out, '\n');
        text += len + 1;
    }
}

void escape_html_lines(struct buffer *out, const char *text)
{
    by_lines(out, text, escape_html_bytes);
}

/* ---- Markdown --------------------------------------------------------------------- */

/* Blanks that would be an indent, and the number of a list; what else begins a block is escaped wherever it stands. */
static size_t markdown_begin(struct buffer *out, const struct buffer *shown)
{
    size_t at = 0, number;
    for (; at < shown->len && shown->at[at] == ' '; at++)
        buffer_text(out, "&#32;");
    if (at < shown->len && (shown->at[at] == '-' || shown->at[at] == '='))
        buffer_char(out, '\\');
    for (number = at; number < shown->len && isdigit((unsigned char)shown->at[number]);)
        number++;
    if (number == at || number == shown->len || shown->at[number] != '.')
        return at;
    buffer_append(out, shown->at + at, number - at);
    buffer_text(out, "\\.");
    return number + 1;
}

void escape_markdown(struct buffer *out, const char *text)
{
    struct buffer shown = {0};
    screen_text(&shown, bytes_of(text), 0);
    for (size_t i = markdown_begin(out, &shown); i < shown.len; i++) {
        char c = shown.at[i];
        // a scheme followed by an address becomes a link without being asked
        bool colon = c == ':' && i + 1 < shown.len && shown.at[i + 1] == '/';
        bool www = c == '.' && i >= 3 && strncasecmp(&shown.at[i - 3], "www", 3) == 0;
        const char *safe = entity(c);
        if (safe && c != '\'' && c != '"')
            buffer_text(out, safe);
        else if (colon || www || c == '@')
            buffer_printf(out, "&#%d;", c);
        else if (strchr("\\`*_{}[]()#+!|~$", c)) // $: some read mathematics between two
            buffer_printf(out, "\\%c", c);
        else
            buffer_char(out, c);
    }
    buffer_free(&shown);
}

static void put_shown(struct buffer *out, struct bytes line)
{
    screen_text(out, line, 0);
}

static size_t longest_fence(const char *text)
{
    size_t longest = 0;
    for (size_t run = 0; *text; text++) {
        run = *text == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

void escape_markdown_code(struct buffer *out, const char *text)
{
    size_t fence = longest_fence(text) + 1;
    fence = fence < 3 ? 3 : fence;
    for (size_t i = 0; i < fence; i++)
        buffer_char(out, '`');
    buffer_text(out, "text\n");
    by_lines(out, text, put_shown);
    buffer_char(out, '\n');
    for (size_t i = 0; i < fence; i++)
        buffer_char(out, '`');
    buffer_text(out, "\n\n");
}

/* ---- links -------------------------------------------------------------------------- */

bool escape_is_link(const char *url)
{
    size_t scheme = strncasecmp(url, "https://", 8) == 0  ? 8
                    : strncasecmp(url, "http://", 7) == 0 ? 7
                                                          : 0;
    if (!scheme || !isalnum((unsigned char)url[scheme]) || strlen(url) > 2000)
        return false;
    for (const char *p = url; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-._~:/?#@!$&*+,;=%", *p))
            return false;
    return true;
}
