/* SPDX-License-Identifier: MIT */

#include "base/memory.h"

#include <unistd.h>

_Noreturn void memory_gone(void)
{
    static const char sentence[] = "oddline: out of memory\n";
    ssize_t n = write(STDERR_FILENO, sentence, sizeof(sentence) - 1);
    (void)n; // nowhere left to say it
    _exit(MEMORY_EXIT);
}
