/* SPDX-License-Identifier: MIT */
/*
 * trial.h - `oddline plugins test FILE.so LOG…`: does a detector keep the promises of detector.h, and what does it cost?
 *
 *      logs ──▶ reel (memory) ──fork──▶ child: limits, dlopen, filter, one check ──▶ report (shared memory) ──▶ a line each
 *                             ──fork──▶ child: the next check …
 *
 * The parent never loads the file. A check has a process of its own, jailed like a worker, so that a crash, a hang or a system
 * call that is not allowed is a line with a name, and the next check begins anew.
 */
#ifndef COMMAND_TRIAL_H
#define COMMAND_TRIAL_H

/* argv[0] is the word `test`. Returns an exit code: 0 all hold, 1 one does not, 65 the file does not load. */
int trial_command(int argc, char **argv);

#endif /* COMMAND_TRIAL_H */
