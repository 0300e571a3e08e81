/* SPDX-License-Identifier: MIT */
/*
 * report_read.h - what a state directory and files know, handed to a report.
 */
#ifndef COMMAND_REPORT_READ_H
#define COMMAND_REPORT_READ_H

#include "base/error.h"
#include "report/report.h"

/*
 * The findings of files of JSON; `-` is stdin.
 *   Returns  EXIT_DONE, or the exit code to leave with; then it was said why
 */
int report_read_files(struct report *report, int count, char **paths);
int report_read_journal(struct report *report, const char *dir, struct error *reterr);
/* After the findings: marks, silences and budgets of the directory, none of which has to be there. */
int report_read_notes(struct report *report, const char *dir, struct error *reterr);

#endif /* COMMAND_REPORT_READ_H */
