/* SPDX-License-Identifier: MIT */

#include "config/terms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { BUDGET_MOST = 10000, MINUTES = 24 * 60, EVERY_DAY = 0x7f };

/* ---- budgets -------------------------------------------------------------- */

static const struct {
    const char *word;
    enum finding_route route;
} routes[] = {{"page", ROUTE_PAGE},
              {"pages", ROUTE_PAGE},
              {"ticket", ROUTE_TICKET},
              {"tickets", ROUTE_TICKET}};

static const struct {
    const char *word;
    double seconds;
} periods[] = {{"hour", 3600}, {"day", 86400}, {"week", 7 * 86400}, {"month", 30 * 86400}};

/* "1 page a week" at the front of *text, which moves behind it. */
static bool take_term(const char **text, double per_s[ROUTES])
{
    unsigned count;
    char route[10], article[5], period[8];
    int len = 0;
    if (sscanf(*text, "%5u %9[a-z] %4[a-z] %7[a-z]%n", &count, route, article, period, &len) <
            4 ||
        count < 1 || count > BUDGET_MOST || **text < '0' || **text > '9')
        return false;
    if (strcmp(article, "a") != 0 && strcmp(article, "an") != 0 && strcmp(article, "per") != 0)
        return false;
    *text += len;
    for (size_t i = 0; i < COUNT(routes); i++)
        for (size_t k = 0; k < COUNT(periods); k++)
            if (strcmp(routes[i].word, route) == 0 && strcmp(periods[k].word, period) == 0 &&
                per_s[routes[i].route] == 0) {
                per_s[routes[i].route] = count / periods[k].seconds;
                return true;
            }
    return false;
}

int terms_budget(const char *text, double ret_per_s[ROUTES], struct error *reterr)
{
    double per_s[ROUTES] = {0};
    const char *rest = text;
    bool good = take_term(&rest, per_s);
    if (good && *rest == ',') {
        rest += 1 + strspn(rest + 1, " ");
        good = take_term(&rest, per_s);
    }
    if (!good || *rest)
        return error_set(reterr, -EINVAL,
                         "budget: '%s' is none: write '1 page a week', '2 tickets a day', or "
                         "both with a comma between (hour, day, week, month)",
                         text);
    if (per_s[ROUTE_TICKET] > 0 && per_s[ROUTE_PAGE] > per_s[ROUTE_TICKET])
        return error_set(reterr, -EINVAL,
                         "budget: '%s': more pages than tickets; a page is the rarer one",
                         text);
    memcpy(ret_per_s, per_s, sizeof(per_s));
    return 0;
}

/* ---- hours ---------------------------------------------------------------- */

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static bool take_day(const char **text, size_t *ret)
{
    for (size_t i = 0; i < COUNT(days); i++)
        if (strncmp(*text, days[i], 3) == 0) {
            *text += 3;
            *ret = i;
            return true;
        }
    return false;
}

/* "Sat", "Mon-Fri", and lists of them. */
static bool take_days(const char **text, unsigned *ret)
{
    unsigned set = 0;
    size_t first, last;
    do {
        *text += **text == ',';
        if (!take_day(text, &first))
            return false;
        last = first;
        if (**text == '-') {
            ++*text;
            if (!take_day(text, &last))
                return false;
        }
        set |= 1u << first;
        for (size_t day = first; day != last;) {
            day = (day + 1) % COUNT(days);
            set |= 1u << day;
        }
    } while (**text == ',');
    *ret = set;
    return true;
}

static int digit_at(const char *text, size_t at)
{
    return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1;
}

/* "02:00": minutes of the day, up to 24:00. */
static bool take_minute(const char **text, int *ret)
{
    const char *t = *text;
    if (strlen(t) < 5 || t[2] != ':' || digit_at(t, 0) < 0 || digit_at(t, 1) < 0 ||
        digit_at(t, 3) < 0 || digit_at(t, 3) > 5 || digit_at(t, 4) < 0)
        return false;
    *ret = (digit_at(t, 0) * 10 + digit_at(t, 1)) * 60 + digit_at(t, 3) * 10 + digit_at(t, 4);
    *text += 5;
    return *ret <= MINUTES;
}

int terms_hours(const char *text, struct mute *ret, struct error *reterr)
{
    const char *rest = text;
    unsigned set = EVERY_DAY;
    int from = 0, until = 0;
    bool good = true;
    if (digit_at(rest, 0) < 0) {
        good = take_days(&rest, &set) && *rest == ' ';
        rest += good;
    }
    good = good && take_minute(&rest, &from) && *rest == '-';
    rest += good;
    good = good && take_minute(&rest, &until) && !*rest;
    if (!good || from == MINUTES || until == 0 || from == until)
        return error_set(reterr, -EINVAL,
                         "'%s' are no hours: write '02:00-04:00', 'Sat 02:00-04:00' or "
                         "'Mon-Fri 22:00-06:00', up to 24:00",
                         text);
    ret->days = set;
    ret->from_min = from;
    ret->until_min = until;
    return 0;
}
