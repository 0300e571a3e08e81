/* SPDX-License-Identifier: MIT */

#include "base/regex.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/*
 * MATCH_LIMIT counts match() calls per start offset: 20,000 cost about 0.2 ms, so the worst line (16 KiB that fail at
 * every offset) costs seconds once, and REGEX_STRIKES of them quarantine the pattern. DEPTH counts nested backtracking
 * points, HEAP is KiB of the interpreter's memory; JIT has its own stack of JIT_STACK_BYTES.
 */
enum {
    MATCH_LIMIT = 20000,
    DEPTH_LIMIT = 2000,
    HEAP_LIMIT_KIB = 1024,
    JIT_STACK_BYTES = 256 * 1024
};

struct regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    char *text;
    struct regex_health health;
};

static int compile_error(const char *pattern, int number, size_t offset, struct error *reterr)
{
    PCRE2_UCHAR why[160];
    pcre2_get_error_message(number, why, sizeof(why));
    return error_set(reterr, -EINVAL, "pattern '%s': broken at character %zu: %s", pattern,
                     offset + 1, why);
}

static int make_bounds(struct regex *regex)
{
    regex->data = pcre2_match_data_create(REGEX_GROUPS_MAX + 1, NULL);
    regex->context = pcre2_match_context_create(NULL);
    if (!regex->data || !regex->context)
        return -ENOMEM;
    pcre2_set_match_limit(regex->context, MATCH_LIMIT);
    pcre2_set_depth_limit(regex->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(regex->context, HEAP_LIMIT_KIB);
    if (pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0) {
        regex->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_BYTES, NULL);
        if (regex->stack)
            pcre2_jit_stack_assign(regex->context, NULL, regex->stack);
    }
    return 0; // without JIT the interpreter gives the same answers, slower
}

int regex_compile(const char *pattern, struct regex **ret, struct error *reterr)
{
    int r = -ENOMEM, number;
    PCRE2_SIZE offset;
    uint32_t groups = 0;
    struct regex *regex = calloc(1, sizeof(*regex));
    if (!regex)
        return error_set(reterr, r, "pattern '%s': out of memory", pattern);
    regex->text = strdup(pattern);
    regex->code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                      PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &number, &offset, NULL);
    if (!regex->code) {
        r = compile_error(pattern, number, offset, reterr);
        goto fail;
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups > REGEX_GROUPS_MAX) {
        r = error_set(reterr, -EINVAL, "pattern '%s': %u groups, at most %d", pattern, groups,
                      REGEX_GROUPS_MAX);
        goto fail;
    }
    r = regex->text ? make_bounds(regex) : -ENOMEM;
    if (r < 0) {
        error_set(reterr, r, "pattern '%s': out of memory", pattern);
        goto fail;
    }
    *ret = regex;
    return 0;
fail:
    regex_free(regex);
    return r;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_jit_stack_free(regex->stack);
    pcre2_match_context_free(regex->context);
    pcre2_match_data_free(regex->data);
    pcre2_code_free(regex->code);
    free(regex->text);
    free(regex);
}

int regex_match(struct regex *regex, struct bytes subject)
{
    return regex_match_from(regex, subject, 0, false);
}

int regex_match_from(struct regex *regex, struct bytes subject, size_t offset, bool cut)
{
    if (regex->health.quarantined)
        return -ECANCELED;
    size_t len = subject.len < REGEX_SUBJECT_BYTES ? subject.len : REGEX_SUBJECT_BYTES;
    if (offset > len)
        return 0;
    bool timed = regex->health.searches++ % REGEX_TIMED == 0;
    int64_t begun = timed ? clock_monotonic_ns() : 0;
    int r = pcre2_match(regex->code, (PCRE2_SPTR)(subject.at ? subject.at : ""), len, offset,
                        cut ? PCRE2_PARTIAL_HARD : 0, regex->data, regex->context);
    if (timed) {
        regex->health.timed++;
        regex->health.timed_ns += (uint64_t)(clock_monotonic_ns() - begun);
    }
    if (r >= 0)
        return 1;
    if (r == PCRE2_ERROR_PARTIAL)
        return REGEX_UNDECIDED;
    if (r == PCRE2_ERROR_NOMATCH)
        return 0;
    // -47, -53, -63, -46: a limit or the JIT stack. All mean "we do not know".
    if (++regex->health.limit_errors >= REGEX_STRIKES)
        regex->health.quarantined = true;
    return -EOVERFLOW;
}

struct bytes regex_group(const struct regex *regex, struct bytes subject, int group)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(regex->data);
    size_t begin = at[2 * group], end = at[2 * group + 1];
    if (begin == PCRE2_UNSET || end < begin)
        return (struct bytes){0};
    return (struct bytes){.at = subject.at + begin, .len = end - begin};
}

int regex_group_number(const struct regex *regex, const char *name)
{
    int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)name);
    return number < 0 ? -1 : number;
}

struct regex_health regex_health(const struct regex *regex)
{
    return regex->health;
}

const char *regex_text(const struct regex *regex)
{
    return regex->text;
}

bool regex_has_jit(void)
{
    int r;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR) "a", 1, 0, &r, &(PCRE2_SIZE){0}, NULL);
    bool works = code && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
    pcre2_code_free(code);
    return works;
}
