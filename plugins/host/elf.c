/* SPDX-License-Identifier: MIT */

#include "host/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A shared object has some ten segments and thirty sections; more than this is not one of ours. */
enum { HEADERS_MAX = 4096 };

/* What we were built as is what we can load. */
#if defined(__x86_64__)
#define MACHINE      EM_X86_64
#define MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define MACHINE      EM_AARCH64
#define MACHINE_NAME "AArch64"
#elif defined(__arm__)
#define MACHINE      EM_ARM
#define MACHINE_NAME "Arm"
#elif defined(__i386__)
#define MACHINE      EM_386
#define MACHINE_NAME "x86"
#elif defined(__riscv)
#define MACHINE      EM_RISCV
#define MACHINE_NAME "RISC-V"
#elif defined(__powerpc64__)
#define MACHINE      EM_PPC64
#define MACHINE_NAME "PowerPC 64"
#elif defined(__s390x__)
#define MACHINE      EM_S390
#define MACHINE_NAME "s390x"
#else
#error "name the ELF machine of this architecture here"
#endif

#define CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define ORDER (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

struct file {
    const char *path;
    int fd;
    uint64_t size;
};

static bool read_at(const struct file *file, void *to, size_t len, uint64_t offset)
{
    if (offset > file->size || len > file->size - offset)
        return false;
    char *at = to;
    while (len) { // a signal or a strange file system may give less than is there
        ssize_t n = pread(file->fd, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

static int truncated(const struct file *file, struct error *reterr)
{
    return error_set(reterr, -ENOEXEC,
                     "%s: truncated: its %llu bytes are fewer than its headers say", file->path,
                     (unsigned long long)file->size);
}

static int check_identity(const struct file *file, const ElfW(Ehdr) * head,
                          struct error *reterr)
{
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0)
        return error_set(reterr, -ENOEXEC, "%s: not a shared object: no ELF header",
                         file->path);
    if (head->e_ident[EI_CLASS] != CLASS || head->e_ident[EI_DATA] != ORDER)
        return error_set(reterr, -ENOEXEC,
                         "%s: wrong architecture: not a %zu-bit object of this byte order",
                         file->path, sizeof(void *) * 8);
    if (head->e_machine != MACHINE)
        return error_set(reterr, -ENOEXEC,
                         "%s: wrong architecture: built for ELF machine %u, this is %s (%u)",
                         file->path, head->e_machine, MACHINE_NAME, (unsigned)MACHINE);
    if (head->e_type != ET_DYN)
        return error_set(reterr, -ENOEXEC, "%s: not a shared object: ELF type %u", file->path,
                         head->e_type);
    return 0;
}

static int check_segments(const struct file *file, const ElfW(Ehdr) * head,
                          struct error *reterr)
{
    if (head->e_phentsize != sizeof(ElfW(Phdr)) || head->e_phnum == 0 ||
        head->e_phnum > HEADERS_MAX)
        return error_set(reterr, -ENOEXEC, "%s: not a shared object: no program headers",
                         file->path);
    for (uint64_t i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) segment;
        if (!read_at(file, &segment, sizeof(segment), head->e_phoff + i * sizeof(segment)))
            return truncated(file, reterr);
        if (segment.p_offset > file->size || segment.p_filesz > file->size - segment.p_offset)
            return truncated(file, reterr);
    }
    return 0;
}

static int check_sections(const struct file *file, const ElfW(Ehdr) * head,
                          struct error *reterr)
{
    if (head->e_shoff == 0)
        return 0; // stripped of sections: legal, the linker does not need them
    if (head->e_shentsize != sizeof(ElfW(Shdr)) || head->e_shnum > HEADERS_MAX)
        return error_set(reterr, -ENOEXEC, "%s: not a shared object: bad section headers",
                         file->path);
    for (uint64_t i = 0; i < head->e_shnum; i++) {
        ElfW(Shdr) section;
        if (!read_at(file, &section, sizeof(section), head->e_shoff + i * sizeof(section)))
            return truncated(file, reterr);
        if (section.sh_type == SHT_NOBITS)
            continue;
        if (section.sh_offset > file->size || section.sh_size > file->size - section.sh_offset)
            return truncated(file, reterr);
    }
    return 0;
}

static int check_open(const struct file *file, struct error *reterr)
{
    ElfW(Ehdr) head;
    char magic[SELFMAG];
    if (!read_at(file, magic, sizeof(magic), 0) || memcmp(magic, ELFMAG, SELFMAG) != 0)
        return error_set(reterr, -ENOEXEC, "%s: not a shared object: no ELF header",
                         file->path);
    if (!read_at(file, &head, sizeof(head), 0))
        return truncated(file, reterr);
    int r = check_identity(file, &head, reterr);
    if (r == 0)
        r = check_segments(file, &head, reterr);
    if (r == 0)
        r = check_sections(file, &head, reterr);
    return r;
}

int elf_check(int fd, const char *path, struct error *reterr)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(reterr, -ENOEXEC, "%s: not a regular file", path);
    struct file file = {.path = path, .fd = fd, .size = (uint64_t)st.st_size};
    return check_open(&file, reterr);
}
