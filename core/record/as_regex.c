/* SPDX-License-Identifier: MIT */
/* A pattern of the user's with named groups: time, level, message; any other group is a field. */

#include "record/parse.h"

#include "base/clock.h"

#include <errno.h>

static struct bytes group(const struct reading *reading, int number)
{
    if (number < 0)
        return (struct bytes){0};
    return regex_group(reading->recorder->plan->line, reading->text, number);
}

int regex_record(struct reading *reading)
{
    const struct record_plan *plan = reading->recorder->plan;
    int r = regex_match(plan->line, reading->text);
    reading->recorder->counts.limit_errors += r == -EOVERFLOW;
    reading->unfit = r != 1;
    reading->message = reading->text;
    if (r != 1)
        return 0;
    struct bytes time = group(reading, plan->time_group),
                 message = group(reading, plan->message_group);
    if (time.len)
        reading->time_ns = field_time(reading, time);
    if (message.at)
        reading->message = message;
    reading->level = level_value(group(reading, plan->level_group));
    for (size_t i = 0; i < plan->wanted_count; i++) {
        struct bytes value = group(reading, plan->field_group[i]);
        if (value.at)
            field_set(reading, i, value);
    }
    return 0;
}
