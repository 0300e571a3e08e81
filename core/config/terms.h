/* SPDX-License-Identifier: MIT */
/*
 * terms.h - how people write how often, and when, they may be called.
 */
#ifndef CONFIG_TERMS_H
#define CONFIG_TERMS_H

#include "base/error.h"
#include "judge/hush.h"

/*
 * "1 page a week", "2 tickets a day", or both with a comma between: findings a second, 0 for a route that is not named. The periods are
 * hour, day, week and month (30 days). -EINVAL for anything else, and for more pages than tickets.
 */
int terms_budget(const char *text, double ret_per_s[ROUTES], struct error *reterr);

/* "02:00-04:00", "Sat 02:00-04:00", "Mon-Fri 22:00-06:00", "Sat,Sun 00:00-24:00": days, from_min and until_min of *ret. */
int terms_hours(const char *text, struct mute *ret, struct error *reterr);

#endif /* CONFIG_TERMS_H */
