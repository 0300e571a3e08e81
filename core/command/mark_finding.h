/* SPDX-License-Identifier: MIT */
/*
 * mark_finding.h - which finding somebody means, as far as the journal can say.
 */
#ifndef COMMAND_MARK_FINDING_H
#define COMMAND_MARK_FINDING_H

#include "app/marks_file.h"

/*
 * Fill in id and fingerprint of a remark from what somebody typed: the id of a finding, or a fingerprint of 16 hex digits.
 *   Returns  0, with a warning where the journal does not reach back to it; -EINVAL when it is no id; -ENODATA when the journal
 *            knows that there is no such finding
 */
int mark_finding(const char *dir, const char *word, struct said *said, struct error *reterr);

#endif /* COMMAND_MARK_FINDING_H */
