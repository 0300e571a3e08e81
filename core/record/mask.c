/* SPDX-License-Identifier: MIT */
/*
 * One pass: punctuation is copied, words are copied or become <*>.
 *
 *      between ──▶ word_end ──▶ is_value? ──▶ put_value (joins the value before it) or put_word
 */

#include "record/mask.h"

enum { C_WORD = 1, C_DIGIT = 2, C_HEX = 4, C_BLANK = 8, C_JOINS = 16, C_MARK = 32 };

// NOLINTBEGIN(bugprone-macro-parentheses): designators and their values
#define LETTER(c) [c] = C_WORD
#define HEXLET(c) [c] = C_WORD | C_HEX
#define DIGIT(c)  [c] = C_WORD | C_DIGIT | C_HEX
#define MARK(c)   [c] = C_WORD | C_MARK
/* Marks that join two values into one: 16:31:46, 1-2, 3##4, a/b. */
#define JOINER(c) [c] = C_JOINS
#define BOTH(c)   [c] = C_WORD | C_MARK | C_JOINS
// NOLINTEND(bugprone-macro-parentheses)

static const uint8_t classes[256] = {
    [' '] = C_BLANK,
    ['\t'] = C_BLANK,
    ['\r'] = C_BLANK,
    ['\n'] = C_BLANK,
    DIGIT('0'),
    DIGIT('1'),
    DIGIT('2'),
    DIGIT('3'),
    DIGIT('4'),
    DIGIT('5'),
    DIGIT('6'),
    DIGIT('7'),
    DIGIT('8'),
    DIGIT('9'),
    HEXLET('a'),
    HEXLET('b'),
    HEXLET('c'),
    HEXLET('d'),
    HEXLET('e'),
    HEXLET('f'),
    HEXLET('A'),
    HEXLET('B'),
    HEXLET('C'),
    HEXLET('D'),
    HEXLET('E'),
    HEXLET('F'),
    ['g' ... 'z'] = C_WORD,
    ['G' ... 'Z'] = C_WORD,
    [0x80 ... 0xff] = C_WORD,
    BOTH('.'),
    BOTH('-'),
    BOTH('_'),
    BOTH('/'),
    BOTH('@'),
    BOTH('#'),
    BOTH('+'),
    BOTH('~'),
    MARK('$'),
    MARK('%'),
    MARK('\\'),
    MARK('&'),
    MARK('*'),
    JOINER(':'),
    JOINER(','),
    JOINER(';'),
    JOINER('^'),
    JOINER('!'),
};

struct masking {
    const char *in;
    size_t len, at;
    struct masked *out;
    size_t word_end; /* of the text: what follows is punctuation; 0 before the first word */
    bool after_value;
};

static uint8_t class_at(const struct masking *m, size_t at)
{
    return at < m->len ? classes[(unsigned char)m->in[at]] : 0;
}

static bool is_digit_at(const struct masking *m, size_t at)
{
    return (class_at(m, at) & C_DIGIT) != 0;
}

static size_t skip_blanks(const struct masking *m, size_t at)
{
    while (class_at(m, at) & C_BLANK)
        at++;
    return at;
}

/* ---- writing ------------------------------------------------------------- */

static bool put(struct masking *m, const char *text, size_t len)
{
    struct masked *out = m->out;
    if (out->len + len > MASK_TEXT)
        return false;
    memcpy(out->text + out->len, text, len);
    out->len += (uint32_t)len;
    return true;
}

static bool put_word(struct masking *m, const char *text, size_t len, bool value)
{
    struct masked *out = m->out;
    uint32_t begin = out->len;
    if (out->count == MASK_WORDS || !put(m, text, len))
        return false;
    out->words[out->count] = (struct mask_word){(uint16_t)begin, (uint16_t)len};
    out->values |= (uint64_t)value << out->count++;
    m->word_end = out->len;
    m->after_value = value;
    return true;
}

/* Is what stands between two values nothing but a joint? */
static bool is_joint(const char *text, size_t len)
{
    if (len && text[len - 1] == ' ') // "blk_1 blk_2", "1, 2"
        len--;
    if (len > 2)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!(classes[(unsigned char)text[i]] & C_JOINS))
            return false;
    return true;
}

static bool put_value(struct masking *m)
{
    struct masked *out = m->out;
    if (m->after_value && is_joint(out->text + m->word_end, out->len - m->word_end)) {
        out->len = (uint32_t)m->word_end;
        return true;
    }
    return put_word(m, "<*>", 3, true);
}

/* ---- what looks like a value ------------------------------------------------ */

/* Short words, padded with NUL, so that eight bytes are compared at once. */
typedef char short_word[8];

static bool is_one_of(struct bytes word, const short_word *list, size_t count)
{
    short_word padded = {0};
    if (!word.len || word.len >= sizeof(padded))
        return false;
    memcpy(padded, word.at, word.len);
    for (size_t i = 0; i < count; i++)
        if (memcmp(padded, list[i], sizeof(padded)) == 0)
            return true;
    return false;
}
#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof((list)[0]))

static const short_word months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const short_word weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const short_word literals[] = {"true", "false", "null",  "True", "False",
                                      "NULL", "TRUE",  "FALSE", "None"};
static const short_word units[] = {"B",   "KB",   "kB",   "MB",   "GB", "TB",  "KiB",
                                   "MiB", "GiB",  "TiB",  "s",    "ms", "us",  "ns",
                                   "sec", "secs", "KB/s", "MB/s", "Hz", "MHz", "GHz"};

static bool is_month(struct bytes word)
{
    return word.len == 3 && IS_ONE_OF(word, months);
}

/* "Jul 18", "Tue Jul". */
static bool is_date_word(const struct masking *m, size_t end)
{
    struct bytes word = {m->in + m->at, end - m->at};
    size_t next = skip_blanks(m, end);
    if (word.len != 3 || next == end)
        return false;
    if (is_month(word))
        return is_digit_at(m, next);
    return next + 3 <= m->len && IS_ONE_OF(word, weekdays) &&
           is_month((struct bytes){m->in + next, 3});
}

static bool is_literal(struct bytes word)
{
    return (word.len == 4 || word.len == 5) && IS_ONE_OF(word, literals);
}

/* Groups of at most four hex digits and colons, two colons at least, a digit or six groups: the end of it, or `at`. */
static size_t colons_end(const struct masking *m, size_t at)
{
    size_t colons = 0, group = 0, end = at;
    bool digit = false;
    for (; end < m->len; end++) {
        uint8_t class = class_at(m, end);
        if (m->in[end] == ':') {
            colons++;
            group = 0;
        } else if (!(class & C_HEX) || ++group > 4) {
            break;
        }
        digit |= (class & C_DIGIT) != 0;
    }
    bool whole = !(class_at(m, end) & C_WORD) || m->in[end] == '.' || m->in[end] == '/';
    return colons >= 2 && (digit || colons == 5) && whole && m->in[end - 1] != ':' ? end : at;
}

/* A word: where it ends, and the classes that any and that all of its bytes have. */
struct span {
    size_t end;
    uint8_t any, all;
};

static bool is_path(const struct masking *m, size_t end)
{
    unsigned slashes = 0, dots = 0;
    bool mail = false;
    if (m->in[m->at] == '/' || m->in[m->at] == '~')
        return true;
    for (size_t i = m->at; i < end; i++) {
        char c = m->in[i];
        if (c == '\\')
            return true;
        slashes += c == '/';
        dots += c == '.';
        mail |= c == '@';
    }
    bool port = end < m->len && m->in[end] == ':' && is_digit_at(m, end + 1);
    return slashes >= 2 || (dots && (mail || port));
}

enum { WORD_LONGEST = 64 }; /* no language has longer words; what is longer is a blob */

static bool is_value(const struct masking *m, const struct span *span)
{
    struct bytes word = {m->in + m->at, span->end - m->at};
    if (span->any & C_DIGIT || word.len > WORD_LONGEST)
        return true;
    if (span->any & C_MARK && is_path(m, span->end))
        return true;
    return is_literal(word) || is_date_word(m, span->end);
}

/* ---- the pass ------------------------------------------------------------------ */

/* Up to a blank or what closes a quotation or a list. */
static size_t url_end(const struct masking *m, size_t at)
{
    while (at < m->len && !(class_at(m, at) & C_BLANK) && !strchr("\"'<>()[]{}|,;", m->in[at]))
        at++;
    return at;
}

/* Two dots or more: "store operation.............0". */
static bool is_ellipsis(const struct masking *m, size_t at)
{
    return m->in[at] == '.' && at + 1 < m->len && m->in[at + 1] == '.';
}

/* C:\..., scheme://... */
static bool is_url(const struct masking *m, size_t end)
{
    if (end + 2 >= m->len || m->in[end] != ':')
        return false;
    return (m->in[end + 1] == '/' && m->in[end + 2] == '/') ||
           (m->in[end + 1] == '\\' && end == m->at + 1);
}

/* The word at `at`; dots and dashes behind it belong to the sentence. */
static struct span word_span(const struct masking *m)
{
    struct span span = {m->at, 0, 0xff};
    for (uint8_t class; (class = class_at(m, span.end)) & C_WORD; span.end++) {
        if (class & C_MARK && is_ellipsis(m, span.end))
            break;
        span.any |= class;
        span.all &= class;
    }
    if (span.end < m->len && m->in[span.end] == ':') {
        size_t end = is_url(m, span.end) ? url_end(m, span.end)
                     : span.all & C_HEX  ? colons_end(m, m->at)
                                         : m->at;
        if (end != m->at)
            return (struct span){end, C_DIGIT, 0};
    }
    while (span.end > m->at + 1 && (m->in[span.end - 1] == '.' || m->in[span.end - 1] == '-'))
        span.end--;
    return span;
}

/* Does a word begin here? A sign in front of a number is part of it. */
static bool begins_word(const struct masking *m, uint8_t class)
{
    if ((class & (C_WORD | C_MARK)) == C_WORD)
        return true;
    char c = m->in[m->at];
    bool sign = c == '-' || c == '+' || c == '.' || c == '<' || c == '>';
    if (sign && is_digit_at(m, m->at + 1))
        return true;
    return class & C_MARK && c != '-' && c != '.' && c != '*' && c != '&';
}

/* "1234 bytes (1.20 KB)": a value alone in parentheses is forgotten when they close. */
static bool drop_aside(struct masking *m)
{
    struct masked *out = m->out;
    if (!m->after_value || m->word_end != out->len || out->len < 5 ||
        memcmp(out->text + out->len - 5, " (<*>", 5) != 0)
        return false;
    out->len -= 4;
    out->values &= ~(UINT64_C(1) << --out->count);
    struct mask_word last = out->count ? out->words[out->count - 1] : (struct mask_word){0};
    m->word_end = (size_t)last.begin + last.len;
    m->after_value = out->count && (out->values >> (out->count - 1) & 1);
    return true;
}

/* Copies what is no word. False: the text is full. */
static bool between(struct masking *m)
{
    struct masked *out = m->out;
    for (; m->at < m->len; m->at++) {
        char c = m->in[m->at];
        uint8_t class = classes[(unsigned char)c];
        if (begins_word(m, class))
            return true;
        if (class & C_BLANK)
            c = ' ';
        if (c == ' ' && (!out->len || out->text[out->len - 1] == ' '))
            continue;
        if (c == ')' && drop_aside(m))
            continue;
        if (out->len == MASK_TEXT)
            return false;
        out->text[out->len++] = c;
    }
    return true;
}

/* "5.7 KB": the unit is part of the value. */
static size_t over_unit(const struct masking *m, size_t end)
{
    size_t begin = skip_blanks(m, end), stop = begin;
    while (class_at(m, stop) & C_WORD && stop - begin < sizeof(short_word))
        stop++;
    if (stop > begin && m->in[stop - 1] == '.')
        stop--;
    return IS_ONE_OF(((struct bytes){m->in + begin, stop - begin}), units) ? stop : end;
}

static bool one_value(struct masking *m, size_t end)
{
    if (is_digit_at(m, m->at) || is_digit_at(m, m->at + 1))
        end = over_unit(m, end);
    m->at = end;
    return put_value(m);
}

static bool one_word(struct masking *m)
{
    m->at += m->in[m->at] == '<' || m->in[m->at] == '>'; // "<1 sec"
    struct span span = word_span(m);
    if (is_value(m, &span))
        return one_value(m, span.end);
    const char *word = m->in + m->at;
    size_t len = span.end - m->at;
    m->at = span.end;
    bool marks = span.all & C_MARK; // "$", "%%": punctuation
    return marks ? put(m, word, len) : put_word(m, word, len, false);
}

void mask_message(struct bytes message, struct masked *ret)
{
    size_t len = message.len < MASK_INPUT ? message.len : MASK_INPUT;
    const char *feed = len ? memchr(message.at, '\n', len) : NULL;
    struct masking m = {.in = message.at, .len = feed ? (size_t)(feed - message.at) : len};
    m.out = ret;
    ret->len = ret->count = 0;
    ret->values = 0;
    while (between(&m) && m.at < m.len && one_word(&m))
        ;
    while (ret->len > m.word_end && ret->text[ret->len - 1] == ' ')
        ret->len--;
}
