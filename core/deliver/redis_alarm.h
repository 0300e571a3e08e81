/* SPDX-License-Identifier: MIT */
/*
 * redis_alarm.h - trouble that only a person can end is said again, at most once a minute.
 *
 * The courier says the first error of a trouble and its end. A trouble that begins as `cannot connect` and goes on as a
 * wrong password, or that lasts for days, is said here.
 */
#ifndef DELIVER_REDIS_ALARM_H
#define DELIVER_REDIS_ALARM_H

#include <stdbool.h>
#include <stdint.h>

struct redis_alarm {
    int code; /* of the last publish, 0: it went well */
    bool said_once;
    int64_t said_ns; /* monotonic: here, or by the courier */
};

/* A publish ended with `code`; true when its sentence is to be logged. */
bool redis_alarm_note(struct redis_alarm *alarm, int code, int64_t now_ns);

#endif /* DELIVER_REDIS_ALARM_H */
