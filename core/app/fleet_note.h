/* SPDX-License-Identifier: MIT */
/*
 * fleet_note.h - what the daemon says of itself to the fleet: facts for the next heartbeat (deliver/heartbeat.h).
 *
 * As often as the status is written. Thread: main.
 */
#ifndef APP_FLEET_NOTE_H
#define APP_FLEET_NOTE_H

#include "app/daemon.h"

void fleet_note(struct daemon *daemon);

#endif /* APP_FLEET_NOTE_H */
