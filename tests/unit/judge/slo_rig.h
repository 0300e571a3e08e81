/* SPDX-License-Identifier: MIT */
/*
 * slo_rig.h - what the tests of SLOs share: one SLO of 99.9 % over 30 days, minutes of a service, and what was said of them.
 */
#ifndef UNIT_JUDGE_SLO_RIG_H
#define UNIT_JUDGE_SLO_RIG_H

#include "judge/slo.h"

#include "base/hash.h"
#include "base/log.h"
#include "stage.h"

#include <stdlib.h>

enum { SECOND = 1 }; /* the SLO's series: WARNINGS */

static const struct finding_pair own_labels[] = {{"team", "shop"}, {"tier", "1"}};
static const struct finding_pair stream_labels[] = {{"team", "nobody"}, {"site", "fra"}};
static struct judge_slo terms;
static struct judge_stream stream;
static struct slos *slos;
static struct notes notes;
static struct silences silences;
static uint64_t minute; /* come to */

static char said_deploy[DEPLOY_NAME_SIZE]; /* of the last delivery, as it was kept */
static int64_t said_sign_ns;

/* The first revision finds out what came before; the others say what it said. */
static inline void deliver(void *context, struct finding *finding, struct slo_kept *kept)
{
    (void)context;
    if (!finding->id[0])
        snprintf(kept->past.deploy.version, sizeof(kept->past.deploy.version), "v%zu",
                 notes.count);
    memcpy(said_deploy, kept->past.deploy.version, sizeof(said_deploy));
    said_sign_ns = kept->sign_ns;
    notes_take(&notes, finding);
}

static const struct slo_sink sink = {.deliver = deliver, .silences = &silences};
static struct retirees retirees;
static inline bool kept(const void *context, const char *name)
{
    (void)context;
    (void)name;
    return true;
}
static const struct slo_heirs heirs = {&retirees, kept, NULL};

static inline int begin(void **state)
{
    (void)state;
    log_setup(LOG_QUIET, 0);
    memset(&notes, 0, sizeof(notes));
    silences.count = 0;
    minute = 0;
    terms = (struct judge_slo){.name = "availability",
                               .hash = 1,
                               .objective = 0.999,
                               .period_ns = 30 * 86400 * NS_PER_S,
                               .series = SECOND,
                               .labels = {own_labels, 2}};
    stream = stage_stream();
    stream.slos = &terms;
    stream.slo_count = 1;
    stream.labels = (struct finding_pairs){stream_labels, 2};
    return slos_create(&stream, &slos);
}

static inline int end(void **state)
{
    (void)state;
    slos_free(slos);
    slos = NULL;
    retirees_free(&retirees);
    return 0;
}

/* So many minutes, each with `bad` of `total`, and a record that shows it. */
static inline void run(uint64_t minutes, uint64_t bad, uint64_t total)
{
    static const struct stage_record record = {SECOND, 40, "/var/log/web.log", "GET / 500"};
    for (uint64_t until = minute + minutes; minute < until; minute++) {
        struct stage_closed closed;
        stage_close(&closed, minute, &record, bad > 0);
        closed.head.records = total;
        closed.counts[SECOND] = bad;
        closed.values[SECOND] = (double)total;
        slos_window(slos, &closed.head, 0, &sink);
    }
}

static inline const struct told *last(void)
{
    assert_true(notes.count > 0);
    return &notes.told[notes.count - 1];
}

/* Packed, and everything else forgotten. */
static inline void pack_and_go_on(void)
{
    struct buffer bytes = {0};
    slos_pack(slos, &bytes);
    slos_free(slos);
    assert_int_equal(slos_create(&stream, &slos), 0);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    slos_unpack(slos, stream.name, &in, &heirs);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    buffer_free(&bytes);
}

#endif /* UNIT_JUDGE_SLO_RIG_H */
