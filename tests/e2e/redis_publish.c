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
    struct journal *journal;
    struct courier *courier;
    struct courier_sink sink = {.name = "redis"};
    struct error error = {""};
    if (argc != 4)
        return 64;
    int r = journal_open(argv[1], NULL, &journal, &error);
    if (r == 0) {
        struct redis_options options = {
            .url = argv[2], .host = "web1", .epoch = journal_epoch(journal)};
        r = redis_sink_open(&options, &sink.sink, &error);
    }
    if (r == 0)
        r = courier_start(journal, &sink, 1, &courier, &error);
    if (r < 0) {
        fprintf(stderr, "%s\n", error.text);
        return 69;
    }
    append_findings(journal, strtoul(argv[3], NULL, 10));
    bool all = courier_stop(courier, clock_monotonic_ns() + 5 * NS_PER_S);
    all &= journal_confirmed(journal, "redis") + 1 == journal_next_n(journal);
    journal_close(journal);
    return all ? 0 : 69;
}
