/* SPDX-License-Identifier: MIT */

#include "base/sieve.h"

#include "base/check.h"
#include "base/spot.h"

#include <errno.h>
#include <stdlib.h>

enum {
    GRAM_BYTES = 4,  /* of a word that are hashed, at most ... */
    GRAM_LEAST = 2,  /* ... and at least: a pattern with a shorter word is blind */
    STEP_MAX = 4,    /* bytes from look to look; farther ones gain little and fill the table */
    TABLE_BITS = 14, /* 16 KiB: half of a small first-level cache */
    TABLE_SIZE = 1 << TABLE_BITS,
    FEW = 8, /* words that are looked for each by itself: the table is as fast from here on */
};

_Static_assert(SIEVE_PATTERNS *LITERAL_WORDS *STEP_MAX < UINT16_MAX, "numbers of grams fit");

struct word {
    struct literal_word word;
    uint32_t pattern;
};

/* Bytes `shift` and following of a word. */
struct gram {
    uint32_t bytes;
    uint16_t next; /* 1 + the next of the same hash; 0: none */
    uint16_t shift;
    uint32_t word;
};

struct sieve {
    size_t pattern_count, word_count, gram_count;
    uint32_t mask; /* of GRAM_BYTES, those that are hashed */
    size_t gram_bytes, step;
    struct word *words;
    struct gram *grams;
    struct spot *spots;              /* [word_count] where they are few, else NULL */
    bool *blind;                     /* [pattern_count] */
    unsigned char known[TABLE_SIZE]; /* looked at first, and nearly always the last */
    uint16_t first[TABLE_SIZE];      /* 1 + gram */
};

/* Small and large letters are one here: one table serves patterns with case and without. */
static inline uint32_t gram_at(const char *at, uint32_t mask)
{
    uint32_t bytes;
    memcpy(&bytes, at, sizeof(bytes));
    return (bytes | 0x20202020) & mask;
}

static inline uint32_t hash_of(uint32_t gram)
{
    return (gram * UINT32_C(0x9e3779b1)) >> (32 - TABLE_BITS);
}

/* ---- making -------------------------------------------------------------------- */

static int add_words(struct sieve *sieve, uint32_t pattern, const char *text)
{
    struct literal_word words[LITERAL_WORDS];
    size_t count = literal_words(text, words);
    bool usable = count > 0;
    for (size_t i = 0; i < count; i++)
        usable = usable && words[i].len >= GRAM_LEAST;
    sieve->blind[pattern] = !usable;
    if (!usable)
        return 0;
    struct word *grown =
        realloc(sieve->words, (sieve->word_count + count) * sizeof(*sieve->words));
    if (!grown)
        return -ENOMEM;
    sieve->words = grown;
    for (size_t i = 0; i < count; i++)
        grown[sieve->word_count++] = (struct word){words[i], pattern};
    return 0;
}

/* What the shortest word allows. */
static void choose_step(struct sieve *sieve)
{
    size_t least = LITERAL_BYTES;
    for (size_t i = 0; i < sieve->word_count; i++)
        least = sieve->words[i].word.len < least ? sieve->words[i].word.len : least;
    sieve->gram_bytes = least < GRAM_BYTES ? least : GRAM_BYTES;
    sieve->step = least - sieve->gram_bytes + 1;
    sieve->step = sieve->step < STEP_MAX ? sieve->step : STEP_MAX;
    memset(&sieve->mask, 0xff, sieve->gram_bytes);
}

/* Where in the word its grams are taken: the rarest place. */
static size_t best_place(const struct sieve *sieve, const struct literal_word *word)
{
    size_t span = sieve->gram_bytes + sieve->step - 1, best = 0;
    unsigned least = UINT32_MAX;
    for (size_t at = 0; at + span <= word->len; at++) {
        unsigned sum = 0;
        for (size_t i = 0; i < span; i++)
            sum += spot_commonness(word->text[at + i]);
        if (sum <= least) {
            least = sum;
            best = at;
        }
    }
    return best;
}

static void add_gram(struct sieve *sieve, uint32_t word, size_t shift)
{
    char bytes[LITERAL_BYTES + GRAM_BYTES] = "";
    memcpy(bytes, sieve->words[word].word.text, sieve->words[word].word.len);
    struct gram gram = {
        .bytes = gram_at(bytes + shift, sieve->mask), .shift = (uint16_t)shift, .word = word};
    uint32_t hash = hash_of(gram.bytes);
    gram.next = sieve->first[hash];
    sieve->known[hash] = 1;
    sieve->grams[sieve->gram_count++] = gram;
    sieve->first[hash] = (uint16_t)sieve->gram_count;
}

static int fill_table(struct sieve *sieve)
{
    choose_step(sieve);
    sieve->grams = calloc(sieve->word_count * sieve->step + 1, sizeof(*sieve->grams));
    if (!sieve->grams)
        return -ENOMEM;
    for (uint32_t i = 0; i < sieve->word_count; i++) {
        size_t place = best_place(sieve, &sieve->words[i].word);
        for (size_t k = 0; k < sieve->step; k++)
            add_gram(sieve, i, place + k);
    }
    return 0;
}

static int make_spots(struct sieve *sieve)
{
    sieve->spots = calloc(sieve->word_count + 1, sizeof(*sieve->spots));
    if (!sieve->spots)
        return -ENOMEM;
    for (size_t i = 0; i < sieve->word_count; i++)
        spot_init(&sieve->spots[i], &sieve->words[i].word);
    return 0;
}

int sieve_create(const char *const *patterns, size_t count, struct sieve **ret)
{
    struct sieve *sieve = calloc(1, sizeof(*sieve));
    int r = -ENOMEM;
    CHECK(count <= SIEVE_PATTERNS);
    if (!sieve)
        return r;
    sieve->pattern_count = count;
    sieve->blind = calloc(count + 1, sizeof(*sieve->blind));
    r = sieve->blind ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = add_words(sieve, i, patterns[i]);
    if (r == 0)
        r = sieve->word_count > FEW ? fill_table(sieve) : make_spots(sieve);
    if (r < 0)
        sieve_free(sieve);
    else
        *ret = sieve;
    return r;
}

void sieve_free(struct sieve *sieve)
{
    if (!sieve)
        return;
    free(sieve->words);
    free(sieve->grams);
    free(sieve->spots);
    free(sieve->blind);
    free(sieve);
}

bool sieve_blind(const struct sieve *sieve, size_t pattern)
{
    return sieve->blind[pattern];
}

/* ---- a pass -------------------------------------------------------------------- */

struct pass {
    const struct sieve *sieve;
    struct bytes text;
    sieve_fn *tell;
    void *context;
};

static char fold(char c)
{
    return (unsigned char)(c - 'A') < 26 ? (char)(c | 0x20) : c;
}

static bool stands_at(const struct literal_word *word, const char *at)
{
    if (!word->caseless)
        return memcmp(word->text, at, word->len) == 0;
    for (size_t i = 0; i < word->len; i++)
        if (fold(word->text[i]) != fold(at[i]))
            return false;
    return true;
}

/* A word may begin at `at`: tell of it if it does. */
static void try_word(const struct pass *pass, const struct word *word, size_t at)
{
    struct sieve_hit hit = {word->pattern, word->word.len, at};
    if (pass->text.len - at >= hit.len && stands_at(&word->word, pass->text.at + at))
        pass->tell(pass->context, &hit);
}

static void try_spot(void *context, size_t word, size_t at)
{
    const struct pass *pass = context;
    try_word(pass, &pass->sieve->words[word], at);
}

/* What stands at `at`, if the table knows it: try the words that it is part of. */
static void look(const struct pass *pass, size_t at, uint32_t bytes)
{
    const struct sieve *sieve = pass->sieve;
    for (uint32_t g = sieve->first[hash_of(bytes)]; g; g = sieve->grams[g - 1].next) {
        const struct gram *gram = &sieve->grams[g - 1];
        if (gram->bytes == bytes && at >= gram->shift)
            try_word(pass, &sieve->words[gram->word], at - gram->shift);
    }
}

/* Four looks at once: nearly always none of them finds anything. Returns where there is no room for four more. */
static size_t look_by_fours(const struct pass *pass)
{
    const struct sieve *sieve = pass->sieve;
    const unsigned char *known = sieve->known;
    const char *text = pass->text.at;
    uint32_t mask = sieve->mask;
    size_t step = sieve->step, at = 0;
    for (; at + 3 * step + GRAM_BYTES <= pass->text.len; at += 4 * step) {
        uint32_t a = gram_at(text + at, mask), b = gram_at(text + at + step, mask),
                 c = gram_at(text + at + 2 * step, mask),
                 d = gram_at(text + at + 3 * step, mask);
        if (!(known[hash_of(a)] | known[hash_of(b)] | known[hash_of(c)] | known[hash_of(d)]))
            continue;
        look(pass, at, a);
        look(pass, at + step, b);
        look(pass, at + 2 * step, c);
        look(pass, at + 3 * step, d);
    }
    return at;
}

static void look_all(const struct pass *pass)
{
    const struct sieve *sieve = pass->sieve;
    struct bytes text = pass->text;
    char tail[4 * STEP_MAX + 2 * GRAM_BYTES] = ""; // what is left, and nothing behind it
    size_t base = look_by_fours(pass);
    if (base < text.len)
        memcpy(tail, text.at + base, text.len - base);
    for (size_t at = base; at < text.len; at += sieve->step)
        look(pass, at, gram_at(tail + (at - base), sieve->mask));
}

void sieve_pass(const struct sieve *sieve, struct bytes text, sieve_fn *tell, void *context)
{
    struct pass pass = {sieve, text, tell, context};
    if (!sieve->word_count || !text.len)
        return;
    if (sieve->spots)
        spot_pass(&(struct spots){sieve->spots, sieve->word_count, try_spot, &pass}, text);
    else
        look_all(&pass);
}
