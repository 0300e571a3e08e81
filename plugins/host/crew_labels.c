/* SPDX-License-Identifier: MIT */
/*
 * crew_labels.c - what files of detectors say of themselves, read by a worker of its own: nothing of them runs here.
 */

#include "base/clock.h"
#include "base/pack.h"
#include "host/crew.h"
#include "host/process.h"

#include <errno.h>
#include <stdio.h>

struct reading {
    const struct label_request *request;
    struct process process;
    size_t heard;
};

/* They come in the order of the files, each once. 0, or -EBADMSG. */
static int hear_label(struct reading *reading, enum reply_kind kind, struct bytes payload)
{
    const struct label_request *request = reading->request;
    struct unpacker in = {.rest = payload};
    struct error error;
    uint32_t index = unpack_u32(&in);
    if (in.bad || index != reading->heard || index >= request->count)
        return -EBADMSG;
    if (kind == REPLY_LABEL) {
        if (plugin_label_far(request->plugins[index], in.rest, &error) < 0)
            request->refuse(request->context, index, error.text);
    } else if (kind == REPLY_REFUSED) {
        struct bytes sentence = unpack_bytes(&in);
        if (in.bad)
            return -EBADMSG;
        error_set(&error, 0, "%.*s", (int)sentence.len, sentence.at);
        request->refuse(request->context, index, error.text);
    } else {
        return -EBADMSG;
    }
    reading->heard++;
    return 0;
}

/* The file that was being loaded when the worker ended: the first that was not heard of. */
static void blame(struct reading *reading, const char *why)
{
    char sentence[512];
    size_t index = reading->heard < reading->request->count ? reading->heard : 0;
    snprintf(sentence, sizeof(sentence), "%s: cannot load: the worker that read its label %s",
             plugin_path(reading->request->plugins[index]), why);
    reading->request->refuse(reading->request->context, index, sentence);
}

static void read_labels(struct reading *reading)
{
    int64_t until = clock_monotonic_ns() + 5 * NS_PER_S;
    struct buffer message = {0};
    enum reply_kind kind = REPLY_LABEL;
    char why[160];
    for (;;) {
        int r = reply_next(reading->process.reply, &kind, &message);
        if (r > 0 && kind == REPLY_READY && reading->heard == reading->request->count)
            break;
        if (r > 0 && (r = hear_label(reading, kind, buffer_bytes(&message))) == 0)
            continue;
        if (r < 0 || process_ended(&reading->process, why, sizeof(why)) ||
            clock_monotonic_ns() > until) {
            blame(reading, r < 0                  ? "said something that cannot be"
                           : reading->process.pid ? "hangs"
                                                  : why);
            break;
        }
        reply_wait(reading->process.reply, reading->process.pidfd, 100);
    }
    buffer_free(&message);
}

int crew_read_labels(const struct label_request *request, struct error *reterr)
{
    struct reading reading = {.request = request};
    struct process_options options = {.exe = request->exe,
                                      .ring_fd = -1,
                                      .plugins = request->plugins,
                                      .count = request->count};
    int r = process_start(&options, &reading.process, reterr);
    if (r < 0)
        return r;
    read_labels(&reading);
    process_end(&reading.process);
    return 0;
}
