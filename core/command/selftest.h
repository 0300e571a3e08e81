/* SPDX-License-Identifier: MIT */
/*
 * selftest.h - the tests inside a configuration: these lines must give these findings.
 *
 *      tests:
 *        - name: burst fires once
 *          lines: tests/burst.log                      beside the file that says so
 *          expect: [{kind: spike, route: page, count: 1}]
 *
 * Each test scans its lines with its stream as configured, whatever `paths` says; findings are counted, not their revisions.
 */
#ifndef COMMAND_SELFTEST_H
#define COMMAND_SELFTEST_H

#include "config/config.h"

#include <stdio.h>

/*
 * Run all tests of a configuration; one line each on `out`.
 *   Returns  the number that failed, or -errno when one could not be run
 */
int selftest_run(struct config *config, FILE *out, struct error *reterr);

#endif /* COMMAND_SELFTEST_H */
