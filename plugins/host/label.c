/* SPDX-License-Identifier: MIT */

#include "host/label.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define refuse(...) error_set(reterr, -ENOEXEC, __VA_ARGS__)

static bool made_of(const char *text, const char *allowed, size_t max)
{
    if (!text)
        return false;
    size_t len = strnlen(text, max + 1);
    return len > 0 && len <= max && strspn(text, allowed) == len;
}

bool label_id_is_good(const char *id)
{
    return made_of(id, "abcdefghijklmnopqrstuvwxyz0123456789-", LABEL_ID_MAX) && id[0] != '-';
}

static bool text_is_good(const char *text, bool may_be_empty)
{
    return text && (may_be_empty || text[0]) &&
           strnlen(text, LABEL_TEXT_MAX + 1) <= LABEL_TEXT_MAX;
}

/* ABI before size: what is too small for this ABI may be right for another. */
static int check_version(const char *where, const struct oddline_plugin *label,
                         size_t symbol_bytes, struct error *reterr)
{
    if (symbol_bytes && symbol_bytes < offsetof(struct oddline_plugin, needs))
        return refuse("%s: no detector: its `" ODDLINE_SYMBOL "` is only %zu bytes", where,
                      symbol_bytes);
    if (label->abi > ODDLINE_ABI)
        return refuse("%s: ABI %u is newer than this oddline, which has %d: update oddline",
                      where, label->abi, ODDLINE_ABI);
    if (label->abi < ODDLINE_ABI)
        return refuse(
            "%s: ABI %u is older than this oddline, which has %d: rebuild the detector", where,
            label->abi, ODDLINE_ABI);
    if (label->size < sizeof(*label) || (symbol_bytes && symbol_bytes < sizeof(*label)))
        return refuse("%s: label too small: %zu bytes, ABI %d has %zu", where,
                      symbol_bytes && symbol_bytes < label->size ? symbol_bytes : label->size,
                      ODDLINE_ABI, sizeof(*label));
    return 0;
}

static int check_words(const char *where, const struct oddline_plugin *label,
                       struct error *reterr)
{
    if (!label_id_is_good(label->id))
        return refuse("%s: bad id: 1 to %d lower-case letters, digits and `-`", where,
                      LABEL_ID_MAX);
    if (!text_is_good(label->version, false))
        return refuse("%s: bad version: 1 to %d bytes", where, LABEL_TEXT_MAX);
    if (!text_is_good(label->summary, false))
        return refuse("%s: bad summary: 1 to %d bytes", where, LABEL_TEXT_MAX);
    if (label->needs & ~(uint32_t)ODDLINE_NEEDS_KNOWN)
        return refuse("%s: unknown need: bits %#x are not of ABI %d", where,
                      label->needs & ~(uint32_t)ODDLINE_NEEDS_KNOWN, ODDLINE_ABI);
    return 0;
}

static int check_calls(const char *where, const struct oddline_plugin *label,
                       struct error *reterr)
{
    const uint32_t reads = ODDLINE_NEEDS_TEXT | ODDLINE_NEEDS_TEMPLATE | ODDLINE_NEEDS_FIELDS;
    if (!label->open)
        return refuse("%s: no open(): the label must name one", where);
    if (!label->score)
        return refuse("%s: no score(): the label must name one", where);
    if (!label->close)
        return refuse("%s: no close(): the label must name one", where);
    if (!label->save != !label->load)
        return refuse("%s: %s() without %s(): both or none", where,
                      label->save ? "save" : "load", label->save ? "load" : "save");
    if ((label->needs & reads) && !label->observe)
        return refuse("%s: needs records but has no observe()", where);
    return 0;
}

static int check_range(const char *where, const oddline_param *param, struct error *reterr)
{
    bool good = true;
    switch (param->type) {
    case ODDLINE_F64:
        good = isfinite(param->min.f64) && isfinite(param->max.f64) &&
               param->fallback.f64 >= param->min.f64 && param->fallback.f64 <= param->max.f64;
        break;
    case ODDLINE_DURATION: // nobody can write a duration below zero
        good = param->min.i64 >= 0;
        __attribute__((fallthrough));
    case ODDLINE_I64:
        good = good && param->fallback.i64 >= param->min.i64 &&
               param->fallback.i64 <= param->max.i64;
        break;
    case ODDLINE_BOOL:
        good = param->fallback.i64 == 0 || param->fallback.i64 == 1;
        break;
    case ODDLINE_TEXT:
        good = text_is_good(param->fallback.text, true);
        break;
    case ODDLINE_PATTERNS:
        break;
    default:
        return refuse("%s: parameter %s: unknown type %d", where, param->name,
                      (int)param->type);
    }
    return good ? 0
                : refuse("%s: parameter %s: fallback outside its range", where, param->name);
}

static int check_param(const char *where, const struct oddline_plugin *label, uint32_t i,
                       struct error *reterr)
{
    const oddline_param *param = &label->params[i];
    if (!made_of(param->name, "abcdefghijklmnopqrstuvwxyz0123456789_", LABEL_NAME_MAX))
        return refuse("%s: parameter %u: bad name: 1 to %d lower-case letters, digits and `_`",
                      where, i, LABEL_NAME_MAX);
    if (!text_is_good(param->unit, true) || !text_is_good(param->help, false))
        return refuse("%s: parameter %s: unit (\"\" for none) and help must be given", where,
                      param->name);
    for (uint32_t k = 0; k < i; k++) {
        if (strcmp(label->params[k].name, param->name) == 0)
            return refuse("%s: parameter %s: declared twice", where, param->name);
        if (param->type == ODDLINE_PATTERNS && label->params[k].type == ODDLINE_PATTERNS)
            return refuse("%s: parameter %s: a second list of patterns, one is allowed", where,
                          param->name);
    }
    return check_range(where, param, reterr);
}

static int check_params(const char *where, const struct oddline_plugin *label,
                        struct error *reterr)
{
    if (label->param_count > LABEL_PARAMS_MAX)
        return refuse("%s: %u parameters: at most %d", where, label->param_count,
                      LABEL_PARAMS_MAX);
    if (label->param_count > 0 && !label->params)
        return refuse("%s: %u parameters, but no list of them", where, label->param_count);
    for (uint32_t i = 0; i < label->param_count; i++) {
        int r = check_param(where, label, i, reterr);
        if (r < 0)
            return r;
    }
    return 0;
}

int label_check(const char *where, const struct oddline_plugin *label, size_t symbol_bytes,
                struct error *reterr)
{
    int r = check_version(where, label, symbol_bytes, reterr);
    if (r == 0)
        r = check_words(where, label, reterr);
    if (r == 0)
        r = check_calls(where, label, reterr);
    if (r == 0)
        r = check_params(where, label, reterr);
    return r;
}
