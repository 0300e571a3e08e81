/* SPDX-License-Identifier: MIT */

#include "trace/reader.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MAX_BYTES = 40, GAP_MAX = 6, VALUE_MAX = 200 };

/* ---- names -------------------------------------------------------------- */

enum trust {
    TRUST_FIELD, /* it is a name: what stands behind = or : is the value */
    TRUST_WORD,  /* it may be a word of a sentence: the value has to look like an id */
    TRUST_LABEL, /* any text, but only behind = or a quoted name */
};

/* Lower case, without anything between the parts. */
static const struct name {
    const char *text;
    enum trace_kind kind;
    enum trust trust;
} names[] = {
    {"traceid", TRACE_ID, TRUST_FIELD},
    {"requestid", TRACE_ID, TRUST_FIELD},
    {"reqid", TRACE_ID, TRUST_FIELD},
    {"correlationid", TRACE_ID, TRUST_FIELD},
    {"traceparent", TRACE_ID, TRUST_FIELD},
    {"b3", TRACE_ID, TRUST_FIELD},
    {"ddtraceid", TRACE_ID, TRUST_FIELD},
    {"oteltraceid", TRACE_ID, TRUST_FIELD},
    {"xb3traceid", TRACE_ID, TRUST_FIELD},
    {"xrequestid", TRACE_ID, TRUST_FIELD},
    {"xcorrelationid", TRACE_ID, TRUST_FIELD},
    {"xtraceid", TRACE_ID, TRUST_FIELD},
    {"xamzntraceid", TRACE_ID, TRUST_FIELD},
    {"xraytraceid", TRACE_ID, TRUST_FIELD},
    {"ubertraceid", TRACE_ID, TRUST_FIELD},
    {"xcloudtracecontext", TRACE_ID, TRUST_FIELD},
    {"logginggoogleapiscomtrace", TRACE_ID, TRUST_FIELD},
    {"trace", TRACE_ID, TRUST_WORD},
    {"request", TRACE_ID, TRUST_WORD},
    {"req", TRACE_ID, TRUST_WORD},
    {"correlation", TRACE_ID, TRUST_WORD},
    {"spanid", TRACE_SPAN, TRUST_FIELD},
    {"ddspanid", TRACE_SPAN, TRUST_FIELD},
    {"otelspanid", TRACE_SPAN, TRUST_FIELD},
    {"xb3spanid", TRACE_SPAN, TRUST_FIELD},
    {"parentid", TRACE_PARENT, TRUST_FIELD},
    {"parentspanid", TRACE_PARENT, TRUST_FIELD},
    {"xb3parentspanid", TRACE_PARENT, TRUST_FIELD},
    {"service", TRACE_SERVICE, TRUST_LABEL},
    {"servicename", TRACE_SERVICE, TRUST_LABEL},
    {"ddservice", TRACE_SERVICE, TRUST_LABEL},
    {"hostname", TRACE_HOST, TRUST_LABEL},
};

enum char_class { IN_NAME = 1, IN_VALUE = 2, BETWEEN = 4, WORD = 8 };

/* What a byte may be part of: letters and numbers of WORD, `_` `.` `-` `/` of names too, `:` `=` `+` `@` of values. */
static const uint8_t classes[256] = {
    // clang-format off
     0,  0,  0,  0,  0,  0,  0,  0,  0,  4,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     4,  0,  4,  0,  0,  0,  0,  4,  4,  0,  0,  2,  0,  3,  3,  3,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11,  2,  0,  0,  2,  4,  0,
     2, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,  4,  4,  0,  0,  3,
     0, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,  4,  0,  0,  0,  0,
    // clang-format on
};

static size_t run_of(struct bytes text, size_t at, unsigned class)
{
    size_t end = at;
    while (end < text.len && classes[(unsigned char)text.at[end]] & class)
        end++;
    return end - at;
}

/* Appends what of `name` counts; false when it is too long for one. */
static bool fold(struct bytes name, char into[NAME_MAX_BYTES])
{
    size_t len = strlen(into);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (!(classes[c] & WORD))
            continue;
        if (len == NAME_MAX_BYTES - 1)
            return false;
        into[len++] = (char)tolower(c);
    }
    into[len] = '\0';
    return len > 1;
}

static const struct name *known(const char *folded)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (folded[0] == names[i].text[0] && strcmp(folded, names[i].text) == 0)
            return &names[i];
    return NULL;
}

/* Most words of a log begin no name. */
static bool may_begin(char c)
{
    switch (c | 0x20) {
    case 'b':
    case 'c':
    case 'd':
    case 'h':
    case 'l':
    case 'o':
    case 'p':
    case 'r':
    case 's':
    case 't':
    case 'u':
    case 'x':
        return true;
    default:
        return false;
    }
}

static const struct name *known_as(struct bytes name, struct bytes next)
{
    if (!name.len || !may_begin(*name.at))
        return NULL;
    char folded[NAME_MAX_BYTES] = "";
    return fold(name, folded) && (!next.len || fold(next, folded)) ? known(folded) : NULL;
}

/* All of it, or its last one or two parts: `http.request.id`, `context.trace_id`. */
static const struct name *name_of(struct bytes token, struct bytes next)
{
    const struct name *found = NULL;
    int dots = 0;
    for (size_t from = token.len; from-- > 0 && !found && dots < 2;) {
        if (token.at[from] != '.' && token.at[from] != '/')
            continue;
        found = known_as((struct bytes){token.at + from + 1, token.len - from - 1}, next);
        dots++;
    }
    return found ? found : known_as(token, next);
}

/* ---- values ------------------------------------------------------------- */

/* From behind a name to its value: quotes, blanks, brackets, and = or : once. */
struct gap {
    size_t end;
    bool assigns, quoted, equals;
};

static struct gap gap_at(struct bytes text, size_t at)
{
    struct gap gap = {.end = at};
    for (; gap.end < text.len && gap.end - at < GAP_MAX; gap.end++) {
        char c = text.at[gap.end];
        if (c == ':' || c == '=') {
            if (gap.assigns && c != '=')
                break;
            gap.assigns = true;
            gap.equals |= c == '=';
        } else if (!(classes[(unsigned char)c] & BETWEEN)) {
            break;
        } else if (!gap.assigns && (c == '"' || c == '\'')) {
            gap.quoted = true;
        }
    }
    return gap;
}

static struct bytes value_at(struct bytes text, size_t at, bool label)
{
    size_t len = run_of(text, at, label ? IN_NAME : IN_VALUE);
    while (len && strchr(".:/=", text.at[at + len - 1]))
        len--;
    return (struct bytes){text.at + at, len};
}

/* What some headers put around the id: `projects/P/traces/ID/SPAN`, `ID:SPAN:0:1`. */
static struct bytes core_of(struct bytes value)
{
    static const char before[] = "/traces/";
    const char *at = value.len ? memmem(value.at, value.len, before, strlen(before)) : NULL;
    if (at) {
        size_t skip = (size_t)(at - value.at) + strlen(before);
        value = (struct bytes){value.at + skip, value.len - skip};
    }
    struct bytes part = value;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] == ':' || value.at[i] == '/') {
            part.len = i;
            break;
        }
    return part.len == 16 || part.len == 32 ? part : value;
}

static bool is_label(const struct gap *gap, struct bytes value)
{
    return gap->assigns && (gap->equals || gap->quoted) && value.len > 0 &&
           value.len <= TRACE_ID_MAX;
}

static bool take(const struct name *name, const struct gap *gap, struct bytes value,
                 struct trace_item *ret)
{
    struct trace_item item = {.kind = name->kind, .value = value};
    if (name->trust == TRUST_LABEL) {
        if (!is_label(gap, value))
            return false;
        *ret = item;
        return true;
    }
    item.value = core_of(value);
    enum trace_form form = trace_id_read(item.value, &item.id);
    enum trace_form least =
        name->trust == TRUST_FIELD && gap->assigns ? TRACE_FORM_TOKEN : TRACE_FORM_HEX;
    if (form < least)
        return false;
    *ret = item;
    return true;
}

/* ---- the walk ----------------------------------------------------------- */

static bool touches_end(const struct trace_reader *reader, struct bytes value)
{
    return reader->cut && value.at + value.len == reader->text.at + reader->text.len;
}

/* A token that is an id by itself. */
static bool by_itself(struct trace_reader *reader, struct bytes token, struct trace_item *ret)
{
    struct trace_item item = {.kind = TRACE_ID, .value = token};
    if (token.len < 36 || trace_id_read(token, &item.id) != TRACE_FORM_HEADER ||
        touches_end(reader, token))
        return false;
    *ret = item;
    reader->at = (size_t)(token.at - reader->text.at) + token.len;
    return true;
}

/* Spring's `[shop,4bf9…,00f0…,true]`: the token behind the first comma, when one like a span stands behind it. */
static bool in_brackets(struct trace_reader *reader, struct bytes token, struct trace_item *ret)
{
    struct bytes text = reader->text;
    size_t from = (size_t)(token.at - text.at), at = from + token.len;
    if (from == 0 || text.at[from - 1] != '[' || at >= text.len || text.at[at] != ',')
        return false;
    struct bytes id = {text.at + at + 1, run_of(text, at + 1, WORD)};
    size_t behind = at + 1 + id.len;
    struct trace_item item = {.kind = TRACE_ID, .value = id};
    if ((id.len != 16 && id.len != 32) || trace_id_read(id, &item.id) < TRACE_FORM_HEX ||
        behind >= text.len || text.at[behind] != ',' || run_of(text, behind + 1, WORD) != 16)
        return false;
    *ret = item;
    reader->at = behind;
    return true;
}

/* Name and value; `token` and perhaps the one behind it are the name. */
static bool by_name(struct trace_reader *reader, struct bytes token, struct trace_item *ret)
{
    struct bytes text = reader->text, none = {token.at, 0};
    size_t end = (size_t)(token.at - text.at) + token.len;
    const struct name *name = name_of(token, none);
    struct gap gap = gap_at(text, end);
    if (!name || name->trust != TRUST_FIELD) { // two words may be more of a name than one
        struct bytes next = {text.at + gap.end, run_of(text, gap.end, IN_NAME)};
        const struct name *both =
            gap.end > end && next.len && next.len <= 4 ? name_of(token, next) : NULL;
        if (both) {
            name = both;
            gap = gap_at(text, gap.end + next.len);
        }
    }
    struct bytes value = value_at(text, gap.end, name && name->trust == TRUST_LABEL);
    if (!name || gap.end == end || touches_end(reader, value) || !take(name, &gap, value, ret))
        return false;
    reader->at = gap.end + ret->value.len;
    return true;
}

bool trace_next(struct trace_reader *reader, struct trace_item *ret)
{
    while (reader->at < reader->text.len) {
        size_t len = run_of(reader->text, reader->at, IN_NAME);
        struct bytes token = {reader->text.at + reader->at, len};
        if (len > 1 && (by_itself(reader, token, ret) || in_brackets(reader, token, ret) ||
                        by_name(reader, token, ret)))
            return true;
        reader->at += len ? len : 1;
    }
    return false;
}

size_t trace_ids(struct bytes text, bool cut, struct trace_id *ids, size_t count, size_t most)
{
    struct trace_reader reader = {.text = text, .cut = cut};
    struct trace_item item;
    while (count < most && trace_next(&reader, &item)) {
        size_t same = 0;
        while (item.kind == TRACE_ID && same < count &&
               strcmp(ids[same].text, item.id.text) != 0)
            same++;
        if (item.kind == TRACE_ID && same == count)
            ids[count++] = item.id;
    }
    return count;
}
