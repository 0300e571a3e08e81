/* SPDX-License-Identifier: MIT */

#include "command/gallery.h"

#include "base/check.h"
#include "base/clock.h"
#include "deliver/console.h"
#include "deliver/encode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A finding as it was said last. */
struct picture {
    char id[FINDING_ID_SIZE];
    int64_t starts_ns;
    uint64_t n; /* of the first revision: keeps the order of findings that began together */
    struct buffer json;
};

static struct picture *find(struct gallery *gallery, const char *id)
{
    for (size_t i = gallery->count; i > 0; i--) // the newest is the likeliest
        if (strcmp(gallery->pictures[i - 1].id, id) == 0)
            return &gallery->pictures[i - 1];
    return NULL;
}

static struct picture *hang(struct gallery *gallery, const struct finding *finding)
{
    if (gallery->count == GALLERY_MAX)
        gallery_show(gallery);
    if (gallery->count == gallery->capacity) {
        gallery->capacity = gallery->capacity ? 2 * gallery->capacity : 64;
        gallery->pictures =
            realloc(gallery->pictures, gallery->capacity * sizeof(*gallery->pictures));
        CHECK(gallery->pictures);
    }
    struct picture *picture = &gallery->pictures[gallery->count++];
    *picture = (struct picture){.starts_ns = finding->starts_ns, .n = finding->n};
    memcpy(picture->id, finding->id, sizeof(picture->id));
    return picture;
}

void gallery_take(void *context, struct finding *finding)
{
    struct gallery *gallery = context;
    bool first = finding->id[0] == '\0';
    finding->n = ++gallery->n;
    finding_date(finding, clock_wall_ns());
    if (first) {
        snprintf(finding->id, sizeof(finding->id), "%016" PRIx64 "-%" PRIu64, finding->epoch,
                 finding->n);
        gallery->shown[finding->route]++;
    }
    if (finding->route > gallery->least)
        return;
    struct buffer line = {0};
    struct picture *picture = gallery->json ? NULL : find(gallery, finding->id);
    if (!gallery->json && !picture)
        picture = hang(gallery, finding);
    struct buffer *into = picture ? &picture->json : &line;
    buffer_clear(into);
    finding_encode(finding, into);
    if (gallery->json) {
        buffer_char(&line, '\n');
        gallery->failed |=
            fwrite(line.at, 1, line.len, gallery->out) != line.len || fflush(gallery->out) != 0;
    }
    buffer_free(&line);
}

static int compare(const void *a, const void *b)
{
    const struct picture *x = a, *y = b;
    if (x->starts_ns != y->starts_ns)
        return x->starts_ns < y->starts_ns ? -1 : 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

void gallery_show(struct gallery *gallery)
{
    struct console_options options = {.out = gallery->out,
                                      .color = gallery->color,
                                      .width = gallery->width,
                                      .evidence_most = 3};
    struct console *console;
    if (gallery->count)
        qsort(gallery->pictures, gallery->count, sizeof(*gallery->pictures), compare);
    if (gallery->count == 0 || console_open(&options, &console, NULL) < 0)
        return;
    for (size_t i = 0; i < gallery->count; i++) {
        gallery->failed |= console_entry(console, buffer_bytes(&gallery->pictures[i].json)) < 0;
        buffer_free(&gallery->pictures[i].json);
    }
    gallery->failed |= fflush(gallery->out) != 0;
    console_close(console);
    gallery->count = 0;
}

void gallery_free(struct gallery *gallery)
{
    for (size_t i = 0; i < gallery->count; i++)
        buffer_free(&gallery->pictures[i].json);
    free(gallery->pictures);
}
