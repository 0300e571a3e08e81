/* SPDX-License-Identifier: MIT */
/*
 * gate_told.h - deployments that logs tell of (`deploys:` of a stream), without a daemon.
 *
 *      streams with deploys: ──gate_read──▶ record ──pattern──▶ version, service ──▶ take()
 *
 * All that such streams say of the time asked about is read once more for it; streams without patterns cost nothing.
 */
#ifndef COMMAND_GATE_TOLD_H
#define COMMAND_GATE_TOLD_H

#include "command/gate_files.h"

/* A deployment of the service that is asked about, in the order of files. Lent for the call. */
typedef void gate_told_take(void *context, int64_t time_ns, const char *version);

struct gate_telling {
    const struct gate_wish *wish;
    struct gate_span span;
    gate_told_take *take;
    void *context;
};

int gate_told(const struct gate_telling *telling, struct arena *arena, struct error *reterr);

#endif /* COMMAND_GATE_TOLD_H */
