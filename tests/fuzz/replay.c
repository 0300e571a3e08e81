/* SPDX-License-Identifier: MIT */
/* Calls a fuzz target once for each file of the directories named. Promise: what was found once is not found again. */

#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 1 << 20 };

/* In memory of exactly the right size, so that the sanitizer sees a look behind the end. */
static int replay_file(const char *path)
{
    static uint8_t room[BYTES_MAX];
    FILE *file = fopen(path, "re");
    if (!file) {
        perror(path);
        return -1;
    }
    size_t size = fread(room, 1, sizeof(room), file);
    fclose(file);
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        return -1;
    memcpy(exact, room, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

/* How many files were replayed, or -1. */
static int replay_directory(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        perror(path);
        return -1;
    }
    for (const struct dirent *entry; count >= 0 && (entry = readdir(dir));) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        count = replay_file(name) < 0 ? -1 : count + 1;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_directory(argv[i]);
        printf("%s: %d files\n", argv[i], count);
        if (count <= 0) // an empty corpus tests nothing
            return 1;
    }
    return argc < 2;
}
