/* SPDX-License-Identifier: MIT */

#include "base/build.h"

#include "base/hash.h"

#include <elf.h>
#include <link.h>

static uint64_t aligned(uint64_t len)
{
    return (len + 3) & ~UINT64_C(3);
}

/* The build id among the notes in [at, at + size), or nothing. */
static struct bytes find_id(const char *at, uint64_t size)
{
    ElfW(Nhdr) note;
    while (size >= sizeof(note)) {
        memcpy(&note, at, sizeof(note));
        uint64_t name = aligned(note.n_namesz), text = aligned(note.n_descsz);
        if (size - sizeof(note) < name + text)
            break;
        const char *id = at + sizeof(note) + name;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof(note), "GNU", 4) == 0)
            return (struct bytes){id, note.n_descsz};
        at = id + text;
        size -= sizeof(note) + name + text;
    }
    return (struct bytes){NULL, 0};
}

/* Called for the program first; its answer ends the walk, so libraries are never looked at. */
static int look(struct dl_phdr_info *info, size_t size, void *context)
{
    uint64_t *id = context;
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum && *id == 0; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_NOTE)
            continue;
        struct bytes found =
            find_id((const char *)(uintptr_t)(info->dlpi_addr + part->p_vaddr), part->p_memsz);
        if (found.len)
            *id = hash_bytes(found);
    }
    return 1;
}

uint64_t build_id(void)
{
    uint64_t id = 0;
    dl_iterate_phdr(look, &id);
    if (id == 0)
        id = hash_bytes(bytes_of("oddline " ODDLINE_VERSION));
    return id ? id : 1;
}
