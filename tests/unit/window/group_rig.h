/* SPDX-License-Identifier: MIT */
/*
 * group_rig.h - windows with a series of three groups, and what comes out of them as text.
 *
 *      struct rig rig = rig_open(grouped);
 *      see(&rig, 4.5, "/a");               an error of route /a in window 4
 *      end(&rig)                           "4: /a=1!; ", closes the rig; `!` is the first window of a group
 */
#ifndef TESTS_UNIT_WINDOW_GROUP_RIG_H
#define TESTS_UNIT_WINDOW_GROUP_RIG_H

#include "rig.h"

#include "base/log.h"

enum { SLOTS = 3, PLAIN = 1, SERIES = PLAIN + SLOTS + 1, WINDOW_S = 60 };

static const struct series_spec series[SERIES] = {
    {.name = "records", .kind = SERIES_RECORDS},
    {.name = "errors#0", .select = {.level_min = ODDLINE_LEVEL_ERROR}},
    {.name = "errors#1", .select = {.level_min = ODDLINE_LEVEL_ERROR}},
    {.name = "errors#2", .select = {.level_min = ODDLINE_LEVEL_ERROR}},
    {.name = "errors#other", .select = {.level_min = ODDLINE_LEVEL_ERROR}},
};
static const struct group_spec groups[] = {{.stream = "web",
                                            .name = "errors",
                                            .field_name = "route",
                                            .field = 0,
                                            .first = PLAIN,
                                            .slots = SLOTS}};
static const struct window_options grouped = {.window_ns = WINDOW_S * NS_PER_S,
                                              .series = series,
                                              .series_count = SERIES,
                                              .groups = groups,
                                              .group_count = 1,
                                              .from_ns = NO_TIME,
                                              .until_ns = NO_TIME};

/* ---- records ------------------------------------------------------------------- */

/* A record of window `window` with that route; an error unless `level` says otherwise. The text is `route` itself. */
static inline void see_from(struct rig *rig, int source, double window, const char *route,
                            uint8_t level)
{
    struct oddline_record record = rig_at(window * WINDOW_S);
    struct oddline_field field = {.is_text = 1, .text_len = (uint32_t)strlen(route)};
    struct oddline_batch batch = {
        .size = sizeof(batch), .text = route, .records = &record, .fields = &field, .count = 1};
    record.text_len = field.text_len;
    record.field_count = 1;
    record.level = level;
    windows_observe(
        rig->windows, &batch,
        &(struct batch_place){.source = &rig->sources[source], .arrival_ns = NO_TIME});
}

static inline void see(struct rig *rig, double window, const char *route)
{
    see_from(rig, 0, window, route, ODDLINE_LEVEL_ERROR);
}

static inline void see_number(struct rig *rig, double window, double number)
{
    struct oddline_record record = rig_at(window * WINDOW_S);
    struct oddline_field field = {.number = number};
    struct oddline_batch batch = {
        .size = sizeof(batch), .text = "n", .records = &record, .fields = &field, .count = 1};
    record.text_len = 1;
    record.field_count = 1;
    record.level = ODDLINE_LEVEL_ERROR;
    windows_observe(rig->windows, &batch,
                    &(struct batch_place){.source = &rig->sources[0], .arrival_ns = NO_TIME});
}

/* ---- what came out, as text ------------------------------------------------------ */

static inline const char *slot_name(const struct closed *closed, uint32_t number,
                                    bool *ret_fresh)
{
    static char name[300];
    const struct closed_group *list = closed_groups(closed);
    for (uint32_t i = 0; i < closed->group_count; i++)
        if (list[i].series == number) {
            *ret_fresh = list[i].fresh;
            snprintf(name, sizeof(name), "%.*s", (int)list[i].key_len,
                     (const char *)closed + list[i].key);
            return list[i].key_len ? name : "other";
        }
    return NULL;
}

/* "4: /a=2! /b=0; " for window 4, in which /a sits for the first time. Series without a number have no name either. */
static inline void tell(const struct closed *closed, struct buffer *out)
{
    for (uint64_t n = 0; n < closed->repeat; n++) {
        struct oddline_window window = closed_window(closed, n);
        buffer_printf(out, "%llu:", (unsigned long long)window.index);
        for (uint32_t i = PLAIN; i < closed->series_count; i++) {
            bool fresh = false, numbered = window.values[i] == window.values[i];
            const char *name = slot_name(closed, i, &fresh);
            assert_true(numbered == (name != NULL));
            if (name)
                buffer_printf(out, " %s=%.0f%s", name, window.values[i],
                              fresh && n == 0 ? "!" : "");
        }
        buffer_text(out, "; ");
    }
}

static inline void drain(struct rig *rig, struct buffer *out)
{
    windows_emit(rig->windows, rig->ring, -1);
    for (const struct ring_frame *f; (f = ring_peek(rig->ring, 0));) {
        tell(ring_payload(f), out);
        ring_release(rig->ring, 0);
    }
}

static struct buffer told;

/* All that came out until now and until the end. */
static inline const char *end(struct rig *rig)
{
    windows_end(rig->windows);
    drain(rig, &told);
    rig_close(rig);
    buffer_char(&told, '\0');
    return told.at;
}

static inline int forget_told(void **state)
{
    (void)state;
    buffer_clear(&told);
    return 0;
}

#endif /* TESTS_UNIT_WINDOW_GROUP_RIG_H */
