/* SPDX-License-Identifier: MIT */
/*
 * literal.c - walks a pattern once, from left to right.
 *
 *      group    branches between `|`: a match needs a word of each of them
 *      branch   pieces in a row: a match needs all of them, so the best words of any will do
 *      piece    an atom and how often: one that may be missing says nothing
 *
 * Characters that follow each other make a run; what stands for no certain character ends it.
 */

#include "base/literal.h"

#include <string.h>

enum {
    NESTED_MAX = 16,   /* groups in groups */
    LONG_ENOUGH = 8,   /* longer words are not rarer, fewer are */
    REPEAT_DIGITS = 6, /* PCRE2 takes up to 65535 */
};

struct words {
    size_t count;
    struct literal_word at[LITERAL_WORDS];
};

/* `broken`: something was met that is not understood, and nothing that was learnt counts. */
struct walk {
    const char *at;
    bool broken, caseless;
    int nested;
};

enum atom { ATOM_CHAR, ATOM_ANY, ATOM_NOTHING, ATOM_GROUP };

struct piece {
    enum atom atom;
    char character;
    bool optional, repeated; /* may be missing; may be there more than once */
};

static void read_group(struct walk *walk, struct words *ret);

static void give_up(struct walk *walk)
{
    walk->broken = true;
    walk->at = ""; // nobody goes on
}

static bool take(struct walk *walk, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(walk->at, text, len) != 0)
        return false;
    walk->at += len;
    return true;
}

/* ---- which words are better -------------------------------------------------- */

static size_t shortest(const struct words *words)
{
    size_t least = words->count ? LITERAL_BYTES : 0;
    for (size_t i = 0; i < words->count; i++)
        least = words->at[i].len < least ? words->at[i].len : least;
    return least;
}

static bool better(const struct words *a, const struct words *b)
{
    size_t a_len = shortest(a), b_len = shortest(b);
    bool both = a_len >= LONG_ENOUGH && b_len >= LONG_ENOUGH;
    if (both && a->count != b->count)
        return a->count < b->count;
    return a_len != b_len ? a_len > b_len : a->count < b->count;
}

static void prefer(struct words *best, const struct words *other)
{
    if (other->count && (!best->count || better(other, best)))
        *best = *other;
}

/* The run is over. */
static void end_run(struct words *best, struct words *run)
{
    run->count = run->at[0].len > 0;
    prefer(best, run);
    run->at[0].len = 0;
}

static void grow_run(struct literal_word *run, char character, bool caseless)
{
    run->caseless = caseless;
    if (run->len < LITERAL_BYTES)
        run->text[run->len++] = character;
}

/* ---- atoms -------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* What a backslash makes of a letter; letters that are in none of these are not understood. */
static const char any_of[] = "dDsSwWhHvVR", nothing_of[] = "bBAzZ";
static const char control_of[] = "tnrfea", controls[] = "\t\n\r\f\x1b\a";

static void read_escape(struct walk *walk, struct piece *piece)
{
    char c = *walk->at;
    const char *control = c ? strchr(control_of, c) : NULL;
    if (!c || is_digit(c)) {
        give_up(walk);
        return;
    }
    walk->at++;
    piece->character = control ? controls[control - control_of] : c;
    if (control || !is_letter(c))
        piece->atom = ATOM_CHAR;
    else if (strchr(any_of, c))
        piece->atom = ATOM_ANY;
    else if (strchr(nothing_of, c))
        piece->atom = ATOM_NOTHING;
    else
        give_up(walk);
}

/* Behind `[:`, as in `[[:alpha:]]`. */
static void skip_posix(struct walk *walk)
{
    take(walk, "^");
    while (is_letter(*walk->at))
        walk->at++;
    if (!take(walk, ":]"))
        give_up(walk);
}

/* Behind `[`. */
static void skip_class(struct walk *walk)
{
    take(walk, "^");
    take(walk, "]"); // one that stands first is a character
    while (!take(walk, "]") && !walk->broken) {
        bool escape = take(walk, "\\");
        if (!*walk->at || (escape && strchr("QEc", *walk->at)) ||
            (!escape && (strncmp(walk->at, "[.", 2) == 0 || strncmp(walk->at, "[=", 2) == 0)))
            give_up(walk);
        else if (!escape && take(walk, "[:"))
            skip_posix(walk);
        else
            walk->at++;
    }
}

/* Behind `(?`: flags up to `:` or `)`. True when they are those of a group, else of what follows. */
static bool read_flags(struct walk *walk)
{
    bool on = true;
    while (*walk->at && strchr("ims-", *walk->at)) {
        on = *walk->at == '-' ? false : on;
        walk->caseless = *walk->at == 'i' ? on : walk->caseless;
        walk->at++;
    }
    if (take(walk, ":"))
        return true;
    if (!take(walk, ")"))
        give_up(walk);
    return false;
}

static void skip_name(struct walk *walk, char end)
{
    const char *found = strchr(walk->at, end);
    if (found)
        walk->at = found + 1;
    else
        give_up(walk);
}

/* What stands behind `(`, and how it begins. The words are in `ret`, none when the group takes no text. */
static void open_group(struct walk *walk, struct piece *piece, struct words *ret)
{
    static const char *const looks[] = {"?=", "?!", "?<=", "?<!"};
    bool caseless = walk->caseless, looking = false;
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]) && !looking; i++)
        looking = take(walk, looks[i]);
    piece->atom = looking ? ATOM_NOTHING : ATOM_GROUP;
    if (*walk->at == '*')
        give_up(walk);
    else if (take(walk, "?<") || take(walk, "?P<"))
        skip_name(walk, '>');
    else if (take(walk, "?'"))
        skip_name(walk, '\'');
    else if (!take(walk, "?>") && take(walk, "?") && !read_flags(walk)) {
        piece->atom = ATOM_NOTHING; // the flags stay
        ret->count = 0;
        return;
    }
    read_group(walk, ret);
    if (!take(walk, ")"))
        give_up(walk);
    walk->caseless = caseless;
}

static void read_atom(struct walk *walk, struct piece *piece, struct words *ret)
{
    char c = *walk->at++;
    piece->character = c;
    if (c == '\\')
        read_escape(walk, piece);
    else if (c == '(')
        open_group(walk, piece, ret);
    else if (c == '.')
        piece->atom = ATOM_ANY;
    else if (c == '^' || c == '$')
        piece->atom = ATOM_NOTHING;
    else if (strchr("*+?{", c))
        give_up(walk); // `{` that repeats nothing: its meaning depends on the version of PCRE2
    if (c == '[') {
        piece->atom = ATOM_ANY;
        skip_class(walk);
    }
}

/* ---- how often ------------------------------------------------------------------ */

/* Behind `{`: 3} 3,} 3,5} */
static void read_count(struct walk *walk, struct piece *piece)
{
    size_t digits = strspn(walk->at, "0123456789");
    piece->optional = digits == strspn(walk->at, "0");
    if (!digits || digits > REPEAT_DIGITS)
        give_up(walk);
    else
        walk->at += digits;
    if (take(walk, ","))
        walk->at += strspn(walk->at, "0123456789");
    if (!take(walk, "}"))
        give_up(walk);
    piece->repeated = true;
}

static void read_repeat(struct walk *walk, struct piece *piece)
{
    if (take(walk, "{"))
        read_count(walk, piece);
    else if (take(walk, "?") || take(walk, "*"))
        piece->optional = true;
    else if (take(walk, "+"))
        piece->repeated = true;
    else
        return;
    if (!take(walk, "?"))
        take(walk, "+"); // lazy, possessive
}

/* ---- pieces, branches, groups ------------------------------------------------------ */

static void read_branch(struct walk *walk, struct words *best)
{
    struct words run, inner;
    run.at[0].len = 0;
    best->count = 0;
    while (*walk->at && *walk->at != '|' && *walk->at != ')') {
        struct piece piece = {.atom = ATOM_CHAR};
        bool caseless = walk->caseless;
        inner.count = 0;
        read_atom(walk, &piece, &inner);
        read_repeat(walk, &piece);
        bool grows = piece.atom == ATOM_CHAR && !piece.optional;
        if (grows)
            grow_run(&run.at[0], piece.character, caseless);
        if (piece.atom == ATOM_GROUP && !piece.optional)
            prefer(best, &inner);
        if (walk->caseless != caseless || piece.repeated ||
            (!grows && piece.atom != ATOM_NOTHING))
            end_run(best, &run);
    }
    end_run(best, &run);
}

static void read_group(struct walk *walk, struct words *ret)
{
    struct words branch;
    bool certain = true;
    ret->count = 0;
    if (++walk->nested > NESTED_MAX)
        give_up(walk);
    do {
        read_branch(walk, &branch);
        certain = certain && branch.count && ret->count + branch.count <= LITERAL_WORDS;
        for (size_t i = 0; i < branch.count && certain; i++)
            ret->at[ret->count++] = branch.at[i];
    } while (take(walk, "|"));
    ret->count = certain ? ret->count : 0;
    walk->nested--;
}

size_t literal_words(const char *pattern, struct literal_word ret[LITERAL_WORDS])
{
    struct walk walk = {.at = pattern};
    struct words words;
    read_group(&walk, &words);
    if (walk.broken || *walk.at)
        return 0;
    memcpy(ret, words.at, words.count * sizeof(words.at[0]));
    return words.count;
}
