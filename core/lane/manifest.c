/* SPDX-License-Identifier: MIT */

#include "lane/manifest.h"

#include "base/check.h"

#include <errno.h>

/* ---- numbers ------------------------------------------------------------ */

enum { NUMBER_MAX = 10 }; /* bytes of a 64 bit number, seven bits each */

static size_t put_number(unsigned char *to, uint64_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        to[len++] = (unsigned char)(value | 0x80);
    to[len++] = (unsigned char)value;
    return len;
}

/* False when there is none. */
static bool take_number(struct bytes *rest, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < rest->len && i < NUMBER_MAX; i++) {
        unsigned char byte = (unsigned char)rest->at[i];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        rest->at += i + 1;
        rest->len -= i + 1;
        *ret = value;
        return true;
    }
    return false;
}

/* Small differences of either sign become small numbers. */
static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* ---- steps -------------------------------------------------------------- */

enum field { SOURCE = 1, KEY = 2, OFFSET = 4, BYTES = 8, LINE = 16, TIME = 32, TEXT = 64 };

/* In the order of the enum. */
static const unsigned char fields_of[STEP_KINDS] = {
    [STEP_OPEN] = SOURCE | KEY | OFFSET | LINE | TIME | TEXT,
    [STEP_READ] = SOURCE | OFFSET | BYTES | TIME,
    [STEP_IDLE] = SOURCE,
    [STEP_FLUSH] = SOURCE | OFFSET | BYTES | TIME,
    [STEP_FINISH] = SOURCE | OFFSET | BYTES | TIME,
    [STEP_ANEW] = SOURCE | BYTES,
    [STEP_CLOSE] = SOURCE,
    [STEP_QUIET] = KEY | TIME,
    [STEP_GAP] = SOURCE | OFFSET | BYTES | TEXT,
    [STEP_MARK] = TEXT,
    [STEP_COUNTS] = TEXT,
    [STEP_SILENCES] = TEXT,
    [STEP_REMARKS] = TEXT,
};

void manifest_note(struct manifest *m, const struct step *step)
{
    unsigned char head[1 + 7 * NUMBER_MAX] = {(unsigned char)step->kind};
    unsigned char fields = fields_of[step->kind];
    size_t len = 1;
    CHECK(fields);
    if (fields & SOURCE)
        len += put_number(head + len, step->source);
    if (fields & KEY)
        len += put_number(head + len, step->key);
    if (fields & OFFSET)
        len += put_number(head + len, step->offset);
    if (fields & BYTES)
        len += put_number(head + len, step->bytes);
    if (fields & LINE)
        len += put_number(head + len, step->line);
    if (fields & TIME) { // unsigned, since NO_TIME is far from any other
        len += put_number(head + len,
                          zigzag((int64_t)((uint64_t)step->time_ns - (uint64_t)m->time_ns)));
        m->time_ns = step->time_ns;
    }
    if (fields & TEXT)
        len += put_number(head + len, step->text.len);
    buffer_append(&m->out, head, len);
    if (fields & TEXT)
        buffer_append(&m->out, step->text.at, step->text.len);
    m->steps++;
}

void manifest_clear(struct manifest *m)
{
    buffer_clear(&m->out);
    m->time_ns = 0;
    m->steps = 0;
}

struct manifest_walk manifest_walk(struct bytes manifest)
{
    return (struct manifest_walk){.rest = manifest};
}

static bool take_text(struct bytes *rest, struct bytes *ret)
{
    uint64_t len;
    if (!take_number(rest, &len) || len > rest->len)
        return false;
    *ret = (struct bytes){rest->at, len};
    rest->at += len;
    rest->len -= len;
    return true;
}

static bool take_time(struct manifest_walk *walk, int64_t *ret)
{
    uint64_t difference;
    if (!take_number(&walk->rest, &difference))
        return false;
    walk->time_ns = (int64_t)((uint64_t)walk->time_ns + (uint64_t)unzigzag(difference));
    *ret = walk->time_ns;
    return true;
}

int manifest_next(struct manifest_walk *walk, struct step *ret)
{
    struct bytes *rest = &walk->rest;
    if (rest->len == 0)
        return 0;
    struct step step = {.kind = (enum step_kind)(unsigned char)*rest->at};
    unsigned char fields = step.kind < STEP_KINDS ? fields_of[step.kind] : 0;
    uint64_t source = 0;
    rest->at++;
    rest->len--;
    bool good = fields != 0;
    good = good && (!(fields & SOURCE) || take_number(rest, &source));
    good = good && (!(fields & KEY) || take_number(rest, &step.key));
    good = good && (!(fields & OFFSET) || take_number(rest, &step.offset));
    good = good && (!(fields & BYTES) || take_number(rest, &step.bytes));
    good = good && (!(fields & LINE) || take_number(rest, &step.line));
    good = good && (!(fields & TIME) || take_time(walk, &step.time_ns));
    good = good && (!(fields & TEXT) || take_text(rest, &step.text));
    if (!good || source > UINT32_MAX)
        return -EBADMSG;
    step.source = (uint32_t)source;
    *ret = step;
    return 1;
}
