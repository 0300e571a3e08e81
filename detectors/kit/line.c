/* SPDX-License-Identifier: MIT */

#include "kit/line.h"

#include <string.h>

struct line line_of(const oddline_batch *batch, const oddline_record *record)
{
    struct line line = {.len = 0};
    bool apart = record->message_len > 0;
    const char *text = batch->text + (apart ? record->message : record->text);
    uint32_t len = apart ? record->message_len : record->text_len;
    const char *feed = memchr(text, '\n', len);
    len = feed ? (uint32_t)(feed - text) : len;
    line.len = len < LINE_BYTES ? len : LINE_BYTES;
    memcpy(line.text, text, line.len);
    return line;
}

static uint32_t word_end(const struct line *line, uint32_t at)
{
    while (at < line->len && line->text[at] != ' ')
        at++;
    return at;
}

bool line_is_kin(const struct line *a, const struct line *b)
{
    unsigned words = 0, same = 0;
    uint32_t i = 0, k = 0;
    while (i < a->len && k < b->len) {
        uint32_t i_end = word_end(a, i), k_end = word_end(b, k);
        words++;
        same += i_end - i == k_end - k && memcmp(a->text + i, b->text + k, i_end - i) == 0;
        i = i_end + 1;
        k = k_end + 1;
    }
    bool both_end = (i >= a->len) == (k >= b->len);
    return both_end && same * 2 >= words;
}
