/* SPDX-License-Identifier: MIT */

#include "command/trace.h"

#include <string.h>

static size_t common_prefix(const char *a, const char *b, size_t most)
{
    size_t len = 0, slash = 0;
    for (; len < most && a[len] && a[len] == b[len]; len++)
        if (a[len] == '/')
            slash = len + 1;
    return slash;
}

struct trace_names trace_names(const struct inputs *inputs)
{
    struct trace_names names = {0};
    if (inputs->count == 0)
        return names;
    names.common = SIZE_MAX;
    for (size_t i = 0; i < inputs->count; i++)
        names.common = common_prefix(inputs->at[0].path, inputs->at[i].path, names.common);
    for (size_t i = 0; i < inputs->count; i++)
        names.hosts |= strchr(inputs->at[i].path + names.common, '/') != NULL;
    return names;
}

/* `/srv/logs/payment.log` is the log of `payment`. */
struct bytes trace_service(const struct trace_seen *seen)
{
    static const char *const endings[] = {".log", ".json", ".jsonl", ".ndjson", ".txt", ".out"};
    struct bytes name = bytes_of(seen->stream);
    if (seen->configured)
        return name;
    const char *slash = strrchr(seen->stream, '/');
    if (slash && slash[1])
        name = bytes_of(slash + 1);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t len = strlen(endings[i]);
        if (name.len > len && memcmp(name.at + name.len - len, endings[i], len) == 0) {
            name.len -= len;
            break;
        }
    }
    return name;
}

struct bytes trace_host(const struct trace_names *names, const struct input *input)
{
    const char *at = input->path + names->common, *slash = strchr(at, '/');
    if (!names->hosts || !slash)
        return (struct bytes){"", 0};
    return (struct bytes){at, (size_t)(slash - at)};
}

int64_t trace_took_ns(struct bytes text)
{
    struct duration d = duration_find(text);
    if (d.found == DURATION_OFF || !(d.value > 0))
        return 0;
    double ms =
        d.unit || !d.fraction ? d.value : d.value * 1000; // a number with a fraction is seconds
    static const double most_ms = 86400e3; // what took a day is no part of a transaction
    return ms <= most_ms ? (int64_t)(ms * (double)NS_PER_MS) : 0;
}
