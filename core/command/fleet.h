/* SPDX-License-Identifier: MIT */
/*
 * fleet.h - several daemons seen through one Redis: who is there, how it is, and what fires on how many.
 *
 *      fleet_read.c   hosts (heartbeats), then the newest entries of page and ticket   ──▶ struct fleet
 *      fleet_tally.c  states, the norm of the configurations, troubles: no Redis
 *      fleet_table.c  for people      fleet_json.c  for programs      fleet_command.c  options
 *
 * Bounded: FLEET_HOSTS_MAX hosts of some 250 bytes, FLEET_TROUBLES_MAX troubles, 16 bytes for each entry that is looked at.
 */
#ifndef COMMAND_FLEET_H
#define COMMAND_FLEET_H

#include "base/arena.h"
#include "command/fleet_set.h"
#include "deliver/heartbeat.h"

enum {
    FLEET_HOSTS_MAX = 100000,
    FLEET_TROUBLES_MAX = 1024,
    FLEET_MISSED = 3, /* intervals without a beat */
};
#define FLEET_HUNG_NS (30 * INT64_C(1000000000)) /* facts come each two seconds */

/* The worst first: the order in which they are shown. */
enum fleet_state {
    FLEET_SILENT,     /* no beat for three intervals */
    FLEET_HUNG,       /* beats, and does not read */
    FLEET_WAITS,      /* reading waits: the outbox is full */
    FLEET_TROUBLED,   /* cannot publish */
    FLEET_BEHIND,     /* reads, and has not caught up */
    FLEET_UNREADABLE, /* what is there is no heartbeat of ours */
    FLEET_OK,
    FLEET_STOPPED, /* somebody stopped it */
    FLEET_STATES
};

struct fleet_host {
    const char *name; /* any bytes but NUL */
    int shard;
    struct beat beat;
    int64_t age_ns;
    enum fleet_state state;
    bool drift; /* configured otherwise than most */
    bool
        twice; /* another daemon, with another journal, beats under the same name in another shard */
};

struct fleet_trouble {
    uint64_t fingerprint;
    enum finding_route route;
    size_t hosts, silent; /* on how many it fires; and of them, the silent ... */
    size_t
        unheard; /* ... and those whose daemon cannot say: stopped, never heard of, or begun anew */
    int64_t starts_ns;                    /* of the first */
    const char *first, *stream, *summary; /* any bytes but NUL */
};

struct fleet {
    struct arena arena;
    int64_t now_ns; /* of the server ... */
    bool own_clock; /* ... or, where it does not say, ours */
    int shards;
    struct fleet_host *hosts;
    size_t host_count, host_room;
    size_t hosts_over; /* that there was no room for */
    uint64_t norm;     /* the commonest configuration */
    size_t states[FLEET_STATES], drifts, twice;
    struct fleet_trouble troubles[FLEET_TROUBLES_MAX];
    size_t trouble_count;
    size_t troubles_over; /* entries of those that there was no room for */
    struct fleet_set ids, pairs;
    size_t entries; /* looked at */
    int64_t
        oldest_ns; /* when the oldest of them came, where there are more; NO_TIME: all were looked at */
};

/* ---- fleet_tally.c ---- */

void fleet_begin(struct fleet *fleet, int64_t now_ns, int shards);
void fleet_free(struct fleet *fleet);

/* A field of `hosts`. */
void fleet_add_host(struct fleet *fleet, int shard, struct bytes name, struct bytes value);
/* All hosts are there: states, norm; in the order of their names. */
void fleet_judge(struct fleet *fleet);
const struct fleet_host *fleet_find(const struct fleet *fleet,
                                    struct bytes name); /* after it */

/* An entry of a stream, all of it lent. The newest of a shard come first. */
struct fleet_entry {
    struct bytes id, host, epoch, stream, status, fingerprint, data;
    enum finding_route route;
};
void fleet_add_entry(struct fleet *fleet, const struct fleet_entry *entry);
/* Both lists in the order of their trouble, the worst first; fleet_find() is over. */
void fleet_sort(struct fleet *fleet);

const char *fleet_state_name(enum fleet_state state);

/* ---- fleet_read.c ---- */

struct redis_options;
struct fleet_source {
    const struct redis_options *options; /* but for the shard */
    int shards;
    int64_t last; /* entries of each stream */
};
/* Read all of it. -errno with a sentence; what was read so far is in `fleet`, to be freed either way. */
int fleet_read(const struct fleet_source *source, struct fleet *fleet, struct error *reterr);
/* Remove its heartbeat from its shard. */
int fleet_forget(const struct fleet_source *source, const struct fleet_host *host,
                 struct error *reterr);

/* ---- showing ---- */

struct fleet_look {
    int64_t hosts, troubles; /* lines of a table */
    bool color;
};
/* As many of them as a terminal of so many lines has room for: the worst must not scroll away. */
void fleet_fit(const struct fleet *fleet, int lines, struct fleet_look *ret);
void fleet_table(const struct fleet *fleet, const struct fleet_look *look, struct buffer *out);
void fleet_json(const struct fleet *fleet, struct buffer *out);

#endif /* COMMAND_FLEET_H */
