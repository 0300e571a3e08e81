/* SPDX-License-Identifier: MIT */
/* What the tests of the journal share: one sandbox with a journal in it, blocks to put there, a look at what is there. */
#ifndef TESTS_DELIVER_HOUSE_H
#define TESTS_DELIVER_HOUSE_H

#include "fixture.h"

struct house {
    struct sandbox sandbox;
    struct journal_reader reader;
};
extern struct house house;

int house_setup(void **state);
int house_teardown(void **state);

const char *house_dir(void);
struct journal *house_open(const struct journal_options *options); /* fails the test */
/* One block of `findings` findings and a manifest of `manifest` bytes that says its seq. The result of the commit. */
int house_commit(struct journal *journal, size_t findings, size_t manifest);
/* Everything behind `after` is there, dense and good; returns the last n. *ret_lost (may be NULL) counts gap findings. */
uint64_t house_read(struct journal *journal, uint64_t after, uint64_t *ret_lost);
/* The path of the newest segment, "" when there is none; static buffer. The bytes of all segments. */
const char *house_last(void);
uint64_t house_bytes(void);
size_t house_files(const char *suffix);

/* What a replay saw. */
struct seen {
    uint64_t blocks, holes, bad, first, last, findings, bytes;
};
struct seen house_replay(struct journal *journal, uint64_t after_seq);

void house_flip(const char *path, uint64_t offset);

#endif /* TESTS_DELIVER_HOUSE_H */
