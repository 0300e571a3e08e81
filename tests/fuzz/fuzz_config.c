/* SPDX-License-Identifier: MIT */
/*
 * Promise: any bytes are a configuration or one sentence that names the file; nothing leaks, and on failure nothing was
 * written.
 */

#include "fuzz.h"

#include "base/check.h"
#include "config/config.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A configuration is read by its path: the file lives in memory only. */
static void write_whole(int fd, const uint8_t *data, size_t size)
{
    CHECK(ftruncate(fd, 0) == 0);
    for (size_t at = 0; at < size;) {
        ssize_t n = pwrite(fd, data + at, size - at, (off_t)at);
        CHECK(n > 0);
        at += (size_t)n;
    }
}

static void check_streams(const struct config *config)
{
    for (size_t i = 0; i < config->stream_count; i++) {
        const struct config_stream *stream = &config->streams[i];
        CHECK(stream->name && stream->line > 0);
        for (size_t k = 0; k < stream->paths.count; k++)
            CHECK(stream->paths.at[k]);
        for (size_t k = 0; k < stream->series_count; k++)
            CHECK(stream->series[k].name && stream->series[k].min_samples >= 0);
        for (size_t k = 0; k < stream->detector_count; k++)
            CHECK(stream->detectors[k].use);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[32];
    if (fd < 0)
        fd = memfd_create("config", MFD_CLOEXEC);
    CHECK(fd >= 0);
    write_whole(fd, data, size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

    struct config config, untouched;
    memset(&config, 0x5a, sizeof(config));
    untouched = config;
    struct error error = {""};
    int r = config_read(path, &config, &error);
    if (r == 0) {
        check_streams(&config);
        config_free(&config);
        return 0;
    }
    CHECK(memcmp(&config, &untouched, sizeof(config)) == 0);
    CHECK(strncmp(error.text, path, strlen(path)) == 0);
    return 0;
}
