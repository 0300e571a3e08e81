/* SPDX-License-Identifier: MIT */
/* For the tests of the consumers: appends COUNT findings to the outbox in DIR and delivers them to the Redis at URL. */

#include "base/clock.h"
#include "deliver/courier.h"
#include "deliver/redis.h"
#include "unit/deliver/fixture.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct outbox *outbox;
    struct courier *courier;
    struct courier_sink sink = {.name = "redis"};
    struct error error = {""};
    if (argc != 4)
        return 64;
    int r = outbox_open(argv[1], NULL, &outbox, &error);
    if (r == 0) {
        struct redis_options options = {
            .url = argv[2], .host = "web1", .epoch = outbox_epoch(outbox)};
        r = redis_sink_open(&options, &sink.sink, &error);
    }
    if (r == 0)
        r = courier_start(outbox, &sink, 1, &courier, &error);
    if (r < 0) {
        fprintf(stderr, "%s\n", error.text);
        return 69;
    }
    append_findings(outbox, strtoul(argv[3], NULL, 10));
    bool all = courier_stop(courier, clock_monotonic_ns() + 5 * NS_PER_S);
    all &= outbox_confirmed(outbox, "redis") + 1 == outbox_next_n(outbox);
    outbox_close(outbox);
    return all ? 0 : 69;
}
