/* SPDX-License-Identifier: MIT */
/*
 * search.c - which patterns of the stream each record of a batch matches.
 *
 *      sieve    one pass over the text of the batch marks the patterns that may match, in the bits of the record
 *      confirm  PCRE2 searches for those that are marked, and takes the mark away from the others
 *
 * So the bits are what PCRE2 says, whatever the sieve thinks; and a record that cannot match costs no search, and no strike at a limit.
 */

#include "record/parse.h"

#include <errno.h>

static uint64_t *bits_of(struct batch_writer *writer, uint32_t record, uint32_t word)
{
    return word == 0 ? &writer->records[record].matches
                     : &writer->more[(size_t)record * BATCH_MORE + word - 1];
}

struct marking {
    struct batch_writer *writer;
    uint32_t record; /* where the last mark was */
};

/* Words come in order, or nearly: the record is the one of the last mark or a near one. One without text has no place. */
static void mark(void *context, const struct sieve_hit *hit)
{
    struct marking *marking = context;
    const struct oddline_record *records = marking->writer->records;
    uint32_t i = marking->record, last = marking->writer->record_count - 1;
    while (i < last && records[i + 1].text <= hit->at)
        i++;
    while (i > 0 && (records[i].text > hit->at || !records[i].text_len))
        i--;
    marking->record = i;
    if (hit->at + hit->len <= (size_t)records[i].text + records[i].text_len)
        *bits_of(marking->writer, i, hit->pattern / 64) |= UINT64_C(1) << hit->pattern % 64;
}

static uint64_t confirm(struct recorder *recorder, struct bytes text, uint32_t word,
                        uint64_t marked)
{
    uint64_t matches = 0;
    for (; marked; marked &= marked - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(marked);
        int r = regex_match(recorder->plan->patterns[word * 64 + bit], text);
        matches |= (uint64_t)(r == 1) << bit;
        recorder->counts.limit_errors += r == -EOVERFLOW;
    }
    return matches;
}

void search_patterns(struct recorder *recorder, struct batch_writer *writer)
{
    const struct record_plan *plan = recorder->plan;
    uint32_t count = writer->record_count, words = (uint32_t)(plan->pattern_count + 63) / 64;
    if (!words || !count)
        return;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t word = 0; word < words; word++)
            *bits_of(writer, i, word) = plan->blind[word];
    const struct oddline_record *last = &writer->records[count - 1];
    size_t end = last->text_len ? last->text + last->text_len : writer->text_len;
    struct marking marking = {.writer = writer};
    sieve_pass(plan->sieve, (struct bytes){writer->text, end}, mark, &marking);
    for (uint32_t i = 0; i < count; i++) {
        const struct oddline_record *r = &writer->records[i];
        struct bytes text = {writer->text + r->text, r->text_len};
        for (uint32_t word = 0; word < words; word++) {
            uint64_t *bits = bits_of(writer, i, word);
            if (*bits)
                *bits = confirm(recorder, text, word, *bits);
        }
    }
}
