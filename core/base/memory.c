/* SPDX-License-Identifier: MIT */

#include "base/memory.h"

#include <string.h>
#include <unistd.h>

void memory_gone(void)
{
    static const char sentence[] = "oddline: out of memory\n";
    ssize_t n = write(STDERR_FILENO, sentence, sizeof(sentence) - 1);
    (void)n; // nowhere left to say it
    _exit(MEMORY_EXIT);
}

char *memory_text(const char *at, size_t len)
{
    char *copy = strndup(at, len);
    if (!copy)
        memory_gone();
    return copy;
}
