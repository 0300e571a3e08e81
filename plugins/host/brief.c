/* SPDX-License-Identifier: MIT */

#include "host/brief.h"

#include "base/check.h"
#include "base/pack.h"
#include "host/label.h"

#include <errno.h>

/* ---- labels ------------------------------------------------------------- */

enum {
    HAS_OPEN = 1,
    HAS_OBSERVE = 2,
    HAS_SCORE = 4,
    HAS_SAVE = 8,
    HAS_LOAD = 16,
    HAS_CLOSE = 32
};

static uint32_t calls_of(const struct oddline_plugin *label)
{
    return (label->open ? HAS_OPEN : 0) | (label->observe ? HAS_OBSERVE : 0) |
           (label->score ? HAS_SCORE : 0) | (label->save ? HAS_SAVE : 0) |
           (label->load ? HAS_LOAD : 0) | (label->close ? HAS_CLOSE : 0);
}

static void value_pack(struct buffer *out, oddline_type type, oddline_value value)
{
    if (type == ODDLINE_F64)
        pack_f64(out, value.f64);
    else if (type == ODDLINE_TEXT)
        pack_text(out, value.text);
    else
        pack_u64(out, (uint64_t)value.i64);
}

void label_pack(struct buffer *out, const struct oddline_plugin *label)
{
    pack_u32(out, label->abi);
    pack_u32(out, label->needs);
    pack_u32(out, label->state_version);
    pack_u32(out, calls_of(label));
    pack_text(out, label->id);
    pack_text(out, label->version);
    pack_text(out, label->summary);
    pack_u32(out, label->param_count);
    for (uint32_t i = 0; i < label->param_count; i++) {
        const oddline_param *param = &label->params[i];
        pack_u32(out, param->type);
        pack_text(out, param->name);
        pack_text(out, param->unit);
        pack_text(out, param->help);
        value_pack(out, param->type, param->fallback);
        value_pack(out, param->type, param->min);
        value_pack(out, param->type, param->max);
    }
}

/* They live in another process. */
static oddline_status far_open(const oddline_host *host, const oddline_value *values,
                               void **ret, char *error)
{
    (void)host, (void)values, (void)ret, (void)error;
    CHECK(0);
}
static oddline_status far_observe(void *instance, const oddline_batch *batch)
{
    (void)instance, (void)batch;
    CHECK(0);
}
static oddline_status far_score(void *instance, const oddline_window *window)
{
    (void)instance, (void)window;
    CHECK(0);
}
static oddline_status far_save(void *instance, oddline_bytes *ret)
{
    (void)instance, (void)ret;
    CHECK(0);
}
static oddline_status far_load(void *instance, oddline_bytes state, uint32_t version)
{
    (void)instance, (void)state, (void)version;
    CHECK(0);
}
static void far_close(void *instance)
{
    (void)instance;
    CHECK(0);
}

static const char *take_text(struct unpacker *in, struct arena *arena)
{
    return arena_text(arena, unpack_bytes(in));
}

static oddline_value take_value(struct unpacker *in, oddline_type type, struct arena *arena)
{
    oddline_value value = {.i64 = 0};
    if (type == ODDLINE_F64)
        value.f64 = unpack_f64(in);
    else if (type == ODDLINE_TEXT)
        value.text = take_text(in, arena);
    else
        value.i64 = (int64_t)unpack_u64(in);
    return value;
}

static const oddline_param *take_params(struct unpacker *in, uint32_t count,
                                        struct arena *arena)
{
    oddline_param *params = arena_alloc(arena, count, sizeof(*params));
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        oddline_param *param = &params[i];
        param->type = unpack_u32(in);
        param->name = take_text(in, arena);
        param->unit = take_text(in, arena);
        param->help = take_text(in, arena);
        param->fallback = take_value(in, param->type, arena);
        param->min = take_value(in, param->type, arena);
        param->max = take_value(in, param->type, arena);
    }
    return params;
}

int label_unpack(struct bytes packed, const char *where, struct arena *arena,
                 struct oddline_plugin *ret, struct error *reterr)
{
    struct unpacker in = {.rest = packed};
    struct oddline_plugin label = {.size = sizeof(label)};
    label.abi = unpack_u32(&in);
    label.needs = unpack_u32(&in);
    label.state_version = unpack_u32(&in);
    uint32_t calls = unpack_u32(&in);
    label.id = take_text(&in, arena);
    label.version = take_text(&in, arena);
    label.summary = take_text(&in, arena);
    label.param_count = unpack_u32(&in);
    if (!in.bad && label.param_count <= LABEL_PARAMS_MAX)
        label.params = take_params(&in, label.param_count, arena);
    if (in.bad || in.rest.len || label.param_count > LABEL_PARAMS_MAX)
        return error_set(reterr, -EBADMSG, "%s: its worker sent a label that makes no sense",
                         where);
    label.open = calls & HAS_OPEN ? far_open : NULL;
    label.observe = calls & HAS_OBSERVE ? far_observe : NULL;
    label.score = calls & HAS_SCORE ? far_score : NULL;
    label.save = calls & HAS_SAVE ? far_save : NULL;
    label.load = calls & HAS_LOAD ? far_load : NULL;
    label.close = calls & HAS_CLOSE ? far_close : NULL;
    int r = label_check(where, &label, 0, reterr);
    if (r == 0)
        *ret = label;
    return r;
}

/* ---- seats -------------------------------------------------------------- */

static void seat_pack(struct buffer *out, const struct seat_brief *seat)
{
    pack_u32(out, seat->number);
    pack_u32(out, seat->plugin);
    pack_u32(out, seat->stream);
    pack_text(out, seat->stream_name);
    pack_u32(out, seat->on_count);
    for (uint32_t i = 0; i < seat->on_count; i++) {
        pack_u32(out, seat->on[i]);
        pack_text(out, seat->series[i]);
    }
    pack_u32(out, seat->field_count);
    for (uint32_t i = 0; i < seat->field_count; i++)
        pack_text(out, seat->field_names[i]);
    pack_u32(out, seat->setting_count);
    for (uint32_t i = 0; i < seat->setting_count; i++) {
        pack_text(out, seat->settings[i].name);
        pack_text(out, seat->settings[i].value);
    }
    pack_u64(out, (uint64_t)seat->window_ns);
    pack_u32(out, seat->has_state);
    pack_u32(out, seat->state_version);
    pack_bytes(out, seat->state);
}

void briefing_pack(struct buffer *out, const struct briefing *briefing)
{
    pack_u64(out, briefing->begin);
    pack_u64(out, briefing->save_every);
    pack_u64(out, briefing->skip);
    pack_u32(out, briefing->seat_count);
    for (uint32_t i = 0; i < briefing->seat_count; i++)
        seat_pack(out, &briefing->seats[i]);
}

/* A count that could not be true even if each thing took no more than a byte. */
static uint32_t take_count(struct unpacker *in)
{
    uint32_t count = unpack_u32(in);
    if (count > in->rest.len)
        in->bad = true;
    return in->bad ? 0 : count;
}

static void take_series(struct unpacker *in, struct arena *arena, struct seat_brief *seat)
{
    seat->on_count = take_count(in);
    uint32_t *on = arena_alloc(arena, seat->on_count, sizeof(*on));
    const char **names = arena_alloc(arena, seat->on_count, sizeof(*names));
    for (uint32_t i = 0; i < seat->on_count; i++) {
        on[i] = unpack_u32(in);
        names[i] = take_text(in, arena);
    }
    seat->on = on;
    seat->series = names;
}

static void take_seat(struct unpacker *in, struct arena *arena, struct seat_brief *seat)
{
    seat->number = unpack_u32(in);
    seat->plugin = unpack_u32(in);
    seat->stream = unpack_u32(in);
    seat->stream_name = take_text(in, arena);
    take_series(in, arena, seat);
    seat->field_count = take_count(in);
    const char **fields = arena_alloc(arena, seat->field_count, sizeof(*fields));
    for (uint32_t i = 0; i < seat->field_count; i++)
        fields[i] = take_text(in, arena);
    seat->field_names = fields;
    seat->setting_count = take_count(in);
    struct plugin_setting *settings =
        arena_alloc(arena, seat->setting_count, sizeof(*settings));
    for (uint32_t i = 0; i < seat->setting_count; i++) {
        settings[i].name = take_text(in, arena);
        settings[i].value = take_text(in, arena);
    }
    seat->settings = settings;
    seat->window_ns = (int64_t)unpack_u64(in);
    seat->has_state = unpack_u32(in);
    seat->state_version = unpack_u32(in);
    seat->state = unpack_bytes(in);
}

int briefing_unpack(struct bytes packed, struct arena *arena, struct briefing *ret)
{
    struct unpacker in = {.rest = packed};
    struct briefing briefing = {
        .begin = unpack_u64(&in), .save_every = unpack_u64(&in), .skip = unpack_u64(&in)};
    briefing.seat_count = take_count(&in);
    briefing.seats = arena_alloc(arena, briefing.seat_count, sizeof(*briefing.seats));
    for (uint32_t i = 0; i < briefing.seat_count && !in.bad; i++)
        take_seat(&in, arena, &briefing.seats[i]);
    if (in.bad)
        return -EBADMSG;
    *ret = briefing;
    return 0;
}
