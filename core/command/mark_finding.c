/* SPDX-License-Identifier: MIT */

#include "command/mark_finding.h"

#include "base/hash.h"
#include "base/log.h"
#include "deliver/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_LEN = HASH_TEXT_SIZE - 1 };

/* `0123456789abcdef-41`, or with `.2` behind it where a replay found something else. */
struct typed {
    uint64_t epoch, n;
    bool is_fingerprint, is_copy;
};

static bool all_of(const char *text, size_t len, const char *set)
{
    return len && strspn(text, set) == len;
}

static bool read_typed(const char *word, struct typed *ret)
{
    static const char digits[] = "0123456789";
    size_t len = strlen(word);
    if (len < HASH_LEN || len >= FINDING_ID_SIZE ||
        strspn(word, "0123456789abcdef") != HASH_LEN)
        return false;
    *ret = (struct typed){.epoch = strtoull(word, NULL, 16), .is_fingerprint = len == HASH_LEN};
    if (ret->is_fingerprint)
        return ret->epoch != 0;
    const char *n = word + HASH_LEN + 1, *dot = strchr(n, '.');
    ret->n = strtoull(n, NULL, 10);
    ret->is_copy = dot != NULL;
    return word[HASH_LEN] == '-' && all_of(n, dot ? (size_t)(dot - n) : strlen(n), digits) &&
           (!dot || all_of(dot + 1, strlen(dot + 1), digits));
}

enum answer { KNOWN, NOT_KEPT, NO_SUCH };

/* Its first revision has the n that is in its id; what a replay found anew lies anywhere. */
static enum answer ask(struct journal *journal, struct journal_reader *reader,
                       const struct typed *typed, struct said *said)
{
    if (typed->epoch != journal_epoch(journal))
        return NOT_KEPT;
    if (typed->n == 0 || typed->n >= journal_next_n(journal))
        return NO_SUCH;
    uint64_t seen = typed->is_copy ? 0 : typed->n - 1;
    do {
        journal_read(journal, reader, seen, typed->is_copy ? JOURNAL_READ_MAX : 1);
        for (size_t i = 0; i < reader->count; i++) {
            const struct entry *entry = &reader->entries[i];
            seen = entry->n;
            if (!bytes_is(entry->id, said->id))
                continue;
            said->fingerprint = entry->fingerprint;
            return KNOWN;
        }
    } while (typed->is_copy && reader->count);
    return typed->is_copy || seen != typed->n ? NOT_KEPT : NO_SUCH;
}

static enum answer ask_journal(const char *dir, const struct typed *typed, struct said *said)
{
    static struct journal_reader reader; // 16 KiB of entries
    struct journal *journal;
    char path[4096];
    snprintf(path, sizeof(path), "%s/journal", dir);
    if (journal_open_readonly(path, &journal, NULL) < 0)
        return NOT_KEPT;
    enum answer answer = NOT_KEPT;
    if (journal_reader_init(&reader) == 0)
        answer = ask(journal, &reader, typed, said);
    journal_reader_free(&reader);
    journal_close(journal);
    return answer;
}

int mark_finding(const char *dir, const char *word, struct said *said, struct error *reterr)
{
    struct typed typed;
    if (!read_typed(word, &typed))
        return error_set(reterr, -EINVAL,
                         "mark: '%s' is no id of a finding, and no fingerprint; see oddline "
                         "findings",
                         word);
    if (typed.is_fingerprint) {
        said->fingerprint = typed.epoch;
        return 0;
    }
    memcpy(said->id, word, strlen(word) + 1);
    enum answer answer = ask_journal(dir, &typed, said);
    if (answer == NO_SUCH)
        return error_set(reterr, -ENODATA, "mark: there is no finding '%s' in %s/journal", word,
                         dir);
    if (answer == NOT_KEPT)
        log_warning("mark: whether there is a finding '%s' cannot be said: the journal does "
                    "not reach back to it; it is marked all the same",
                    word);
    return 0;
}
