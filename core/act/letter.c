/* SPDX-License-Identifier: MIT */

#include "act/letter.h"

#include "base/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_STRING;
}

static bool copy_text(const redisReply *from, char *to, size_t size)
{
    size_t len = (size_t)from->len;
    if (len == 0 || len >= size || memchr(from->str, '\0', len))
        return false;
    memcpy(to, from->str, len);
    to[len] = '\0';
    return true;
}

static bool read_number(const char *text, uint64_t *ret)
{
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 18 || text[len])
        return false;
    *ret = strtoull(text, NULL, 10);
    return true;
}

/* The words of an entry that we need, and where they go. */
static const struct word {
    const char *name;
    size_t at;
} words[] = {
    {"host", offsetof(struct letter, host)},
    {"epoch", offsetof(struct letter, epoch)},
    {"id", offsetof(struct letter, finding)},
    {"fingerprint", offsetof(struct letter, fingerprint)},
    {"status", offsetof(struct letter, status)},
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static bool read_word(const redisReply *name, const redisReply *value, struct letter *letter)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(name->str, words[i].name) == 0)
            return copy_text(value, (char *)letter + words[i].at, LETTER_WORD);
    if (strcmp(name->str, "n") == 0)
        return read_number(value->str, &letter->n);
    if (strcmp(name->str, "prev") == 0)
        return read_number(value->str, &letter->prev);
    if (strcmp(name->str, "data") == 0 && (size_t)value->len <= LETTER_DATA_MAX)
        buffer_append(&letter->data, value->str, (size_t)value->len);
    return true;
}

static bool read_fields(const redisReply *fields, struct letter *letter)
{
    bool good = fields->elements % 2 == 0;
    struct bytes rest;
    for (size_t i = 0; good && i + 1 < fields->elements; i += 2)
        good = is_text(fields->element[i]) && is_text(fields->element[i + 1]) &&
               read_word(fields->element[i], fields->element[i + 1], letter);
    for (size_t i = 0; good && i < WORDS; i++)
        good = *((const char *)letter + words[i].at) != '\0';
    return good && letter->n > 0 &&
           json_read(buffer_bytes(&letter->data), &rest).type == JSON_OBJECT && rest.len == 0;
}

bool letter_read(const redisReply *reply, int stream, struct letter *letter)
{
    struct buffer data = letter->data;
    buffer_clear(&data);
    *letter = (struct letter){.stream = stream, .data = data};
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        !is_text(reply->element[0]) ||
        !copy_text(reply->element[0], letter->id, sizeof(letter->id)))
        return false;
    const redisReply *fields = reply->element[1];
    letter->trimmed = !fields || fields->type != REDIS_REPLY_ARRAY || fields->elements == 0;
    letter->bad = !letter->trimmed && !read_fields(fields, letter);
    return true;
}

char *letter_me(const struct letter *letter, char ret[LETTER_ME])
{
    if (letter->bad) // it says nothing about itself that could be believed
        snprintf(ret, LETTER_ME, "entry %d %s", letter->stream, letter->id);
    else
        snprintf(ret, LETTER_ME, "%s %s %" PRIu64, letter->host, letter->epoch, letter->n);
    return ret;
}

void letter_free(struct letter *letter)
{
    buffer_free(&letter->data);
}
