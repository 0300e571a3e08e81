/* SPDX-License-Identifier: MIT */
/*
 * stamp_zone.h - the time zone that stands behind a stamp: `Z`, `+02:00`, ` +0200`, ` CEST`.
 */
#ifndef RECORD_STAMP_ZONE_H
#define RECORD_STAMP_ZONE_H

#include "base/bytes.h"

/* The zone that `text` begins with, or has behind one blank: its length with the blank, 0 when there is none. Seconds east of Greenwich. */
size_t stamp_zone(struct bytes text, int32_t *ret_s);

#endif /* RECORD_STAMP_ZONE_H */
