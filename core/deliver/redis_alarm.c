/* SPDX-License-Identifier: MIT */

#include "deliver/redis_alarm.h"

#include "base/clock.h"

#include <errno.h>
#include <stddef.h>

/* A password, a permission, a key of another type, a replica, full memory: waiting alone does not help. */
static bool wants_a_person(int code)
{
    static const int codes[] = {-EACCES, -EPERM, -EINVAL, -EROFS, -ENOSPC, -ENOENT};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i] == code)
            return true;
    return false;
}

bool redis_alarm_note(struct redis_alarm *alarm, int code, int64_t now_ns)
{
    bool courier_says = code < 0 && alarm->code == 0; // the first of its trouble
    bool recent = alarm->said_once && now_ns - alarm->said_ns < 60 * NS_PER_S;
    bool due = wants_a_person(code) && !courier_says && !recent;
    alarm->code = code;
    if (due || (courier_says && wants_a_person(code))) {
        alarm->said_once = true;
        alarm->said_ns = now_ns;
    }
    return due;
}
