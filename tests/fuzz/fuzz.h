/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what a fuzz target is: one function that must come back, whatever the bytes are.
 *
 * libFuzzer calls it with bytes it invents, replay.c with the files of a corpus. A broken promise ends the program.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The name is libFuzzer's. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_FUZZ_H */
