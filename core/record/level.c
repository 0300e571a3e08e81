/* SPDX-License-Identifier: MIT */

#include "record/level.h"

#include "record/place.h"

#include <oddline/detector.h>

enum {
    NOTICE = 10,
    CRITICAL = 18,
    ALERT = 19,
    WORD_MAX = 13,
    HARMLESS_MIN = 3, /* harmless words that make a column */
};

/* Sorted by first letter; `capitals`: too common a word to be one in small letters. */
static const struct word {
    const char *text;
    uint8_t len, level;
    bool capitals;
} words[] = {
    {"alert", 5, ALERT, false},
    {"config", 6, ODDLINE_LEVEL_DEBUG, true},
    {"crit", 4, CRITICAL, false},
    {"critical", 8, CRITICAL, false},
    {"debug", 5, ODDLINE_LEVEL_DEBUG, false},
    {"dpanic", 6, CRITICAL, false},
    {"emerg", 5, ODDLINE_LEVEL_FATAL, false},
    {"emergency", 9, ODDLINE_LEVEL_FATAL, false},
    {"err", 3, ODDLINE_LEVEL_ERROR, false},
    {"error", 5, ODDLINE_LEVEL_ERROR, false},
    {"fatal", 5, ODDLINE_LEVEL_FATAL, false},
    {"fine", 4, ODDLINE_LEVEL_DEBUG, true},
    {"finer", 5, ODDLINE_LEVEL_TRACE, true},
    {"finest", 6, ODDLINE_LEVEL_TRACE, true},
    {"info", 4, ODDLINE_LEVEL_INFO, false},
    {"information", 11, ODDLINE_LEVEL_INFO, false},
    {"informational", 13, ODDLINE_LEVEL_INFO, false},
    {"log", 3, ODDLINE_LEVEL_INFO, true},
    {"notice", 6, NOTICE, false},
    {"panic", 5, ODDLINE_LEVEL_FATAL, false},
    {"severe", 6, ODDLINE_LEVEL_ERROR, false},
    {"trace", 5, ODDLINE_LEVEL_TRACE, false},
    {"verbose", 7, ODDLINE_LEVEL_TRACE, false},
    {"warn", 4, ODDLINE_LEVEL_WARN, false},
    {"warning", 7, ODDLINE_LEVEL_WARN, false},
};

/* Where the words with a first letter begin among them, and how many there are: most tokens of a log begin with none. */
static const struct {
    uint8_t at, count;
} by_letter[26] = {
    ['a' - 'a'] = {0, 1},  ['c' - 'a'] = {1, 3},  ['d' - 'a'] = {4, 2},  ['e' - 'a'] = {6, 4},
    ['f' - 'a'] = {10, 4}, ['i' - 'a'] = {14, 3}, ['l' - 'a'] = {17, 1}, ['n' - 'a'] = {18, 1},
    ['p' - 'a'] = {19, 1}, ['s' - 'a'] = {20, 1}, ['t' - 'a'] = {21, 1}, ['v' - 'a'] = {22, 1},
    ['w' - 'a'] = {23, 2},
};

/* Of single letters, as klog, glog, MongoDB and Android write them. */
static uint8_t level_letter(char c)
{
    switch (c) {
    case 'V':
    case 'T':
        return ODDLINE_LEVEL_TRACE;
    case 'D':
        return ODDLINE_LEVEL_DEBUG;
    case 'I':
        return ODDLINE_LEVEL_INFO;
    case 'W':
        return ODDLINE_LEVEL_WARN;
    case 'E':
        return ODDLINE_LEVEL_ERROR;
    case 'F':
        return ODDLINE_LEVEL_FATAL;
    default:
        return ODDLINE_LEVEL_NONE;
    }
}

static inline char lower(char c)
{
    return (unsigned char)(c - 'A') < 26 ? (char)(c | 0x20) : c;
}

static inline bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool same_word(struct bytes word, const struct word *entry)
{
    if (word.len != entry->len)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (lower(word.at[i]) != entry->text[i])
            return false;
    return true;
}

static const struct word *find_word(struct bytes word)
{
    if (word.len < 3 || word.len > WORD_MAX || !is_letter(*word.at))
        return NULL;
    unsigned letter = (unsigned)(lower(*word.at) - 'a');
    const struct word *first = &words[by_letter[letter].at];
    for (int i = 0; i < by_letter[letter].count; i++)
        if (same_word(word, &first[i]))
            return &first[i];
    return NULL;
}

uint8_t level_word(struct bytes word)
{
    const struct word *found = find_word(word);
    return found ? found->level : 0;
}

uint8_t level_pri(unsigned pri)
{
    static const uint8_t of[8] = {
        ODDLINE_LEVEL_FATAL, ALERT,  CRITICAL,           ODDLINE_LEVEL_ERROR,
        ODDLINE_LEVEL_WARN,  NOTICE, ODDLINE_LEVEL_INFO, ODDLINE_LEVEL_DEBUG};
    return of[pri & 7];
}

uint8_t level_number(double number)
{
    static const uint8_t of[7] = {0,
                                  ODDLINE_LEVEL_TRACE,
                                  ODDLINE_LEVEL_DEBUG,
                                  ODDLINE_LEVEL_INFO,
                                  ODDLINE_LEVEL_WARN,
                                  ODDLINE_LEVEL_ERROR,
                                  ODDLINE_LEVEL_FATAL};
    if (!(number >= 0 && number < 70))
        return ODDLINE_LEVEL_NONE;
    return number < 8 ? level_pri((unsigned)number) : number < 10 ? 0 : of[(int)number / 10];
}

uint8_t level_value(struct bytes value)
{
    if (value.len == 1 && is_letter(*value.at))
        return level_letter((char)(*value.at & ~0x20));
    if (value.len == 2 && *value.at == 'D' && is_digit(value.at[1])) // MongoDB: D1 to D5
        return ODDLINE_LEVEL_DEBUG;
    if (value.len && value.len <= 2 && is_digit(*value.at) && is_digit(value.at[value.len - 1]))
        return level_number(value.len == 1 ? value.at[0] - '0'
                                           : (value.at[0] - '0') * 10 + value.at[1] - '0');
    return level_word(value);
}

/* ---- tokens --------------------------------------------------------------- */

struct token {
    struct bytes text;
    uint8_t level; /* when it is a level word */
    bool strong;   /* ...that is one wherever only header tokens are before it */
    bool header;   /* no sentence has such a token */
};

/* `severity=error`, `level:"warn"`. */
static uint8_t level_pair(struct bytes text)
{
    static const char *const keys[] = {"level", "lvl", "severity", "loglevel", "sev"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t n = strlen(keys[i]);
        if (text.len < n + 2 || memcmp(text.at, keys[i], n) != 0 || text.at[n] != '=')
            continue;
        struct bytes value = {text.at + n + 1, text.len - n - 1};
        while (value.len && strchr("\"',;", value.at[value.len - 1]))
            value.len--;
        if (value.len && (*value.at == '"' || *value.at == '\''))
            value = (struct bytes){value.at + 1, value.len - 1};
        return level_value(value);
    }
    return 0;
}

/* Inside brackets: `INFO`, `INFO `, `core:error`, `E`. */
static void look_inside(struct token *token)
{
    struct bytes inside = {token->text.at + 1, token->text.len - 2};
    while (inside.len && inside.at[inside.len - 1] == ' ')
        inside.len--;
    while (inside.len && *inside.at == ' ')
        inside = (struct bytes){inside.at + 1, inside.len - 1};
    const char *colon = memrchr(inside.at, ':', inside.len);
    if (colon)
        inside = (struct bytes){colon + 1, inside.len - (size_t)(colon + 1 - inside.at)};
    token->level = inside.len == 1 ? level_letter(*inside.at) : level_word(inside);
    token->strong = token->level != 0;
    token->header = true;
}

/* What may cling to a level word: `INFO:`, `INFO,`, `2016] INFO]`, `INFO[0001]`, `INFO|`. */
static bool is_decoration(struct bytes rest)
{
    if (rest.len == 0)
        return true;
    if (rest.len == 1)
        return strchr(":,]|;>", *rest.at) && *rest.at;
    return *rest.at == '[' && is_digit(rest.at[1]) && rest.at[rest.len - 1] == ']';
}

static bool all_capitals(struct bytes word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] < 'A' || word.at[i] > 'Z')
            return false;
    return word.len > 1;
}

static bool look_like_level(struct token *token, size_t letters)
{
    struct bytes word = {token->text.at, letters};
    struct bytes rest = {word.at + letters, token->text.len - letters};
    if (!is_decoration(rest))
        return false;
    bool capitals = all_capitals(word);
    if (letters == 1) {
        token->level = level_letter(*word.at);
        return token->level;
    }
    const struct word *found = find_word(word);
    if (!found || (found->capitals && !capitals))
        return false;
    token->level = found->level;
    token->strong = capitals || (rest.len && *rest.at != ',' && *rest.at != ';');
    return true;
}

/* Numbers, key=value, dotted names, paths: nothing a sentence begins with. */
static bool is_header(struct bytes text)
{
    if (!is_letter(*text.at))
        return true;
    for (size_t i = 1; i + 1 < text.len; i++)
        if (text.at[i] == '=' || text.at[i] == '.' || text.at[i] == '/' || text.at[i] == '#' ||
            text.at[i] == '$' || text.at[i] == '_' || is_digit(text.at[i]))
            return true;
    return text.at[text.len - 1] == '=' || text.at[text.len - 1] == ']';
}

static void classify(struct token *token)
{
    struct bytes text = token->text;
    size_t letters = 0;
    if (text.len > 2 && (*text.at == '[' || *text.at == '<' || *text.at == '(') &&
        !is_letter(text.at[text.len - 1])) {
        look_inside(token);
        return;
    }
    while (letters < text.len && is_letter(text.at[letters]))
        letters++;
    if (letters && look_like_level(token, letters))
        return;
    token->header = is_header(text);
    if (token->header && letters >= 3 && letters < text.len && text.at[letters] == '=') {
        token->level = level_pair(text);
        token->strong = token->level != 0;
    }
}

size_t level_skip(struct bytes text, size_t at)
{
    for (; at < text.len; at++) {
        char c = text.at[at];
        bool alone = c == '-' || c == '|' || c == ':' || c == ',' || c == ']';
        if (c != ' ' && c != '\t' && !alone)
            break;
        if (c == '-' && at + 1 < text.len && is_digit(text.at[at + 1]))
            break;
    }
    return at;
}

/* The token at `at`; a name in front of ` - ` or ` | ` is a header, as in Python's `%(name)s - %(levelname)s`. */
static size_t next_token(struct bytes text, size_t at, struct token *ret)
{
    struct bytes rest = {text.at + at, text.len - at};
    *ret = (struct token){.text = {rest.at, place_token(rest)}};
    size_t end = at + ret->text.len;
    classify(ret);
    if (!ret->header && end + 2 < text.len &&
        (text.at[end + 1] == '-' || text.at[end + 1] == '|') && text.at[end + 2] == ' ')
        ret->header = true;
    return end;
}

/* ---- finding and learning --------------------------------------------------- */

uint8_t level_find(const struct level_habit *habit, struct bytes text, size_t *ret_end)
{
    bool headed = true;
    size_t at = 0;
    if (text.len > PLACE_REACH)
        text.len = PLACE_REACH;
    for (int k = 0; k < LEVEL_TOKENS; k++) {
        struct token token;
        at = level_skip(text, at);
        if (at >= text.len || *text.at == '\n')
            break;
        at = next_token(text, at, &token);
        unsigned bit = 1u << k;
        if (token.level &&
            ((headed && (token.strong || (habit->column & bit))) || (habit->always & bit))) {
            *ret_end = level_skip(text, at);
            return token.level;
        }
        headed = headed && token.header;
        if (!headed && !(habit->always >> k))
            break;
    }
    return ODDLINE_LEVEL_NONE;
}

void level_learn(struct level_habit *habit, struct bytes text)
{
    bool headed = true;
    size_t at = 0;
    habit->records++;
    for (int k = 0; k < LEVEL_TOKENS; k++) {
        struct token token;
        at = level_skip(text, at);
        if (at >= text.len || at > PLACE_REACH)
            break;
        at = next_token(text, at, &token);
        if (token.level) {
            habit->words[k]++;
            habit->harmless[k] += token.level < ODDLINE_LEVEL_WARN;
            habit->headed[k] += headed && token.level < ODDLINE_LEVEL_WARN;
        }
        headed = headed && token.header;
    }
}

void level_settle(struct level_habit *habit)
{
    for (int k = 0; k < LEVEL_TOKENS; k++) {
        if (habit->headed[k] >= HARMLESS_MIN)
            habit->column |= (uint8_t)(1u << k);
        if (habit->harmless[k] >= HARMLESS_MIN && habit->words[k] * 2 >= habit->records)
            habit->always |= (uint8_t)(1u << k);
    }
}
