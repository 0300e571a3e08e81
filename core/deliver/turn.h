/* SPDX-License-Identifier: MIT */
/*
 * turn.h - when a daemon of many may connect again.
 *
 *      connection lost ──▶ a place by chance in the next `hosts` × 2 ms ──▶ connect
 *
 * Ten thousand daemons lose their server in the same instant and must not come back in one. How many there are, the server says with
 * each heartbeat; so a few come back at once, and ten thousand within twenty seconds.
 */
#ifndef DELIVER_TURN_H
#define DELIVER_TURN_H

#include <stdint.h>

#define TURN_EACH_NS                                                                           \
    (2 * INT64_C(1000000)) /* 500 hosts a second: a script call costs a server 0.1 ms */
#define TURN_MOST_NS (60 * INT64_C(1000000000)) /* whatever a server says of how many we are */

struct turn {
    uint64_t hosts;        /* that publish there, as far as is known */
    int64_t not_before_ns; /* monotonic */
};

/* 32 bits that no other host has. */
uint32_t turn_chance(void);
/* The connection, or the attempt to make one, failed. */
void turn_lost(struct turn *turn, int64_t now_ns, uint32_t chance);
/* How long it is still to wait; 0: it is our turn. */
int64_t turn_wait(const struct turn *turn, int64_t now_ns);

#endif /* DELIVER_TURN_H */
