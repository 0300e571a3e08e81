/* SPDX-License-Identifier: MIT */
/*
 * redis_master.h - asks the sentinels where the master is, at each connection, so that a failover is followed.
 *
 * The sentinels are asked in turn, beginning with the one that answered last, for at most two connect timeouts; the next
 * attempt goes on behind the one that did not answer. They are not logged into. Whether the server is the master is not
 * asked again: the first write of the script finds it out (READONLY), and then the sentinels are asked anew.
 */
#ifndef DELIVER_REDIS_MASTER_H
#define DELIVER_REDIS_MASTER_H

#include "deliver/redis_link.h"

int redis_master_find(struct redis_link *link, struct redis_node *ret, struct error *reterr);

#endif /* DELIVER_REDIS_MASTER_H */
