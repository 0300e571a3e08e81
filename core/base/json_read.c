/* SPDX-License-Identifier: MIT */
/*
 * json_read.c - the half of json.h that reads.
 */

#include "base/json.h"

#include <stdlib.h>

enum { DEPTH_MAX = 64 };

static struct bytes skip_blanks(struct bytes text)
{
    while (text.len &&
           (*text.at == ' ' || *text.at == '\t' || *text.at == '\n' || *text.at == '\r')) {
        text.at++;
        text.len--;
    }
    return text;
}

static struct bytes after(struct bytes text, size_t n)
{
    return (struct bytes){.at = text.at + n, .len = text.len - n};
}

/* `text` begins behind the opening quote; the length up to the closing one, or SIZE_MAX. */
static size_t string_length(struct bytes text)
{
    for (size_t from = 0; from < text.len;) {
        const char *quote = memchr(text.at + from, '"', text.len - from);
        if (!quote)
            break;
        size_t end = (size_t)(quote - text.at), slashes = 0;
        while (slashes < end && text.at[end - 1 - slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            return end;
        from = end + 1;
    }
    return SIZE_MAX;
}

static struct json_value bad(struct bytes text, struct bytes *ret_rest)
{
    *ret_rest = text;
    return (struct json_value){.type = JSON_BAD};
}

static struct json_value read_string(struct bytes text, struct bytes *ret_rest)
{
    struct bytes inside = after(text, 1);
    size_t len = string_length(inside);
    if (len == SIZE_MAX)
        return bad(text, ret_rest);
    *ret_rest = after(inside, len + 1);
    return (struct json_value){.type = JSON_STRING, .raw = {inside.at, len}};
}

static size_t digits(struct bytes text, size_t from)
{
    size_t i = from;
    while (i < text.len && text.at[i] >= '0' && text.at[i] <= '9')
        i++;
    return i - from;
}

/* -12.5e+3: a digit on both sides of the point and behind the e, and no zero in front. */
static bool is_number(struct bytes word)
{
    size_t i = word.len && *word.at == '-', whole = digits(word, i);
    if (whole == 0 || (whole > 1 && word.at[i] == '0'))
        return false;
    i += whole;
    if (i < word.len && word.at[i] == '.') {
        size_t fraction = digits(word, ++i);
        if (fraction == 0)
            return false;
        i += fraction;
    }
    if (i < word.len && (word.at[i] | 0x20) == 'e') {
        i++;
        i += i < word.len && (word.at[i] == '+' || word.at[i] == '-');
        size_t exponent = digits(word, i);
        if (exponent == 0)
            return false;
        i += exponent;
    }
    return i == word.len;
}

static struct json_value read_word(struct bytes text, struct bytes *ret_rest)
{
    size_t len = 0;
    while (len < text.len &&
           ((text.at[len] >= 'a' && text.at[len] <= 'z') ||
            strchr("+-.E0123456789", text.at[len])) &&
           text.at[len])
        len++;
    struct bytes word = {text.at, len};
    enum json_type type = bytes_is(word, "true")    ? JSON_TRUE
                          : bytes_is(word, "false") ? JSON_FALSE
                          : bytes_is(word, "null")  ? JSON_NULL
                          : is_number(word)         ? JSON_NUMBER
                                                    : JSON_BAD;
    if (type == JSON_BAD)
        return bad(text, ret_rest);
    *ret_rest = after(text, len);
    return (struct json_value){.type = type, .raw = word};
}

/* Finds the end of an object or array by its brackets; what lies inside is checked when it is walked. */
static struct json_value read_container(struct bytes text, struct bytes *ret_rest)
{
    char closing[DEPTH_MAX]; // the bracket that each level waits for
    size_t depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '"') {
            size_t len = string_length(after(text, i + 1));
            if (len == SIZE_MAX)
                break;
            i += len + 1;
        } else if (c == '{' || c == '[') {
            if (depth == DEPTH_MAX)
                break;
            closing[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): text begins with a bracket, so depth > 0
            if (c != closing[--depth])
                break;
            if (depth > 0)
                continue;
            *ret_rest = after(text, i + 1);
            return (struct json_value){.type = c == '}' ? JSON_OBJECT : JSON_ARRAY,
                                       .raw = {text.at, i + 1}};
        }
    }
    return bad(text, ret_rest);
}

struct json_value json_read(struct bytes text, struct bytes *ret_rest)
{
    text = skip_blanks(text);
    if (text.len == 0)
        return bad(text, ret_rest);
    if (*text.at == '"')
        return read_string(text, ret_rest);
    if (*text.at == '{' || *text.at == '[')
        return read_container(text, ret_rest);
    return read_word(text, ret_rest);
}

struct json_walk json_walk(struct json_value container)
{
    bool usable = container.type == JSON_OBJECT || container.type == JSON_ARRAY;
    return (struct json_walk){
        .rest = usable ? (struct bytes){container.raw.at + 1, container.raw.len - 2}
                       : (struct bytes){0},
        .object = container.type == JSON_OBJECT,
    };
}

/* Eats one `c` behind blanks. */
static bool eat(struct bytes *text, char c)
{
    *text = skip_blanks(*text);
    if (!text->len || *text->at != c)
        return false;
    *text = after(*text, 1);
    return true;
}

bool json_next(struct json_walk *walk, struct bytes *ret_key, struct json_value *ret_member)
{
    struct bytes rest = skip_blanks(walk->rest), key = {0};
    if (rest.len == 0 || walk->bad)
        return false;
    if (walk->object) {
        struct json_value name = json_read(rest, &rest);
        key = name.raw;
        if (name.type != JSON_STRING || !eat(&rest, ':')) {
            walk->bad = true;
            return false;
        }
    }
    struct json_value member = json_read(rest, &rest);
    bool more = member.type != JSON_BAD && eat(&rest, ',');
    if (member.type == JSON_BAD || more != (skip_blanks(rest).len > 0)) {
        walk->bad = true;
        return false;
    }
    walk->rest = rest;
    *ret_key = key;
    *ret_member = member;
    return true;
}

static struct json_value member_of(struct json_value object, struct bytes name)
{
    struct json_walk walk = json_walk(object);
    struct json_value member;
    struct bytes key;
    while (walk.object && json_next(&walk, &key, &member))
        if (bytes_equal(key, name))
            return member;
    return (struct json_value){.type = JSON_BAD};
}

struct json_value json_at(struct json_value object, const char *path)
{
    for (;;) {
        size_t len = strcspn(path, ".");
        object = member_of(object, (struct bytes){path, len});
        if (path[len] == '\0' || object.type == JSON_BAD)
            return object;
        path += len + 1;
    }
}

static unsigned hex4(const char *p)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i], low = c | 0x20;
        unsigned digit = c >= '0' && c <= '9'       ? c - '0'
                         : low >= 'a' && low <= 'f' ? low - 'a' + 10
                                                    : 0xfffff;
        value = value * 16 + digit;
    }
    return value;
}

static size_t put_utf8(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    size_t n = 0;
    if (code >= 0x10000)
        out[n++] = (char)(0xf0 | code >> 18);
    out[n] = (char)((n ? 0x80 : 0xe0) | (code >> 12 & (n ? 0x3f : 0x0f)));
    n++;
    out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
    out[n++] = (char)(0x80 | (code & 0x3f));
    return n;
}

/* `\uXXXX` at raw[i], perhaps the first half of a pair; returns how much of the input it took, 0 if it is broken. */
static size_t unescape_unicode(struct bytes raw, size_t i, char *out, size_t *n)
{
    unsigned code = raw.len - i >= 6 ? hex4(raw.at + i + 2) : 0x110000;
    if (code > 0xffff)
        return 0;
    if (code >= 0xd800 && code < 0xdc00 && raw.len - i >= 12 && raw.at[i + 6] == '\\' &&
        raw.at[i + 7] == 'u') {
        unsigned low = hex4(raw.at + i + 8);
        if (low >= 0xdc00 && low < 0xe000) {
            *n += put_utf8(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), out + *n);
            return 12;
        }
    }
    *n += put_utf8(code >= 0xd800 && code < 0xe000 ? 0xfffd : code, out + *n);
    return 6;
}

size_t json_unescape(struct bytes raw, char *out)
{
    static const char plain[128] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
                                    ['t'] = '\t', ['"'] = '"',  ['/'] = '/',  ['\\'] = '\\'};
    size_t n = 0;
    for (size_t i = 0; i < raw.len;) {
        const char *slash = memchr(raw.at + i, '\\', raw.len - i);
        size_t run = slash ? (size_t)(slash - raw.at) - i : raw.len - i;
        memmove(out + n, raw.at + i, run);
        n += run;
        i += run;
        if (!slash)
            break;
        unsigned char c = i + 1 < raw.len ? (unsigned char)raw.at[i + 1] : 0;
        size_t used = c == 'u' ? unescape_unicode(raw, i, out, &n) : 0;
        if (used) {
            i += used;
        } else if (c < 128 && plain[c]) {
            out[n++] = plain[c];
            i += 2;
        } else {
            out[n++] = '\\'; // no escape that JSON knows: keep it as it stands
            i++;
        }
    }
    return n;
}

double json_number(struct json_value value, double fallback)
{
    char text[64], *end;
    if (value.type != JSON_NUMBER || value.raw.len >= sizeof(text))
        return fallback;
    memcpy(text, value.raw.at, value.raw.len);
    text[value.raw.len] = '\0';
    double number = strtod(text, &end);
    return *end ? fallback : number;
}
