/* SPDX-License-Identifier: MIT */
/*
 * gate_hook.h - runs the command that the operator wanted run when a release fails.
 *
 * `sh -c COMMAND` with the verdict on its stdin. COMMAND is the operator's own word and nothing is put into it: what logs say is data on
 * a pipe. A process group of its own; when its time is over all of it is killed.
 */
#ifndef COMMAND_GATE_HOOK_H
#define COMMAND_GATE_HOOK_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdint.h>

/* 0; -ETIMEDOUT, -ECHILD when it ended with anything but 0, -errno; each with a sentence. Its stdout is our stderr. */
int gate_hook_run(const char *command, struct bytes input, int64_t timeout_ns,
                  struct error *reterr);

#endif /* COMMAND_GATE_HOOK_H */
