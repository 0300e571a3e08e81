# SPDX-License-Identifier: MIT
# What every file of ours is compiled with: warnings, hardening, and what a preset asks for.
add_library(oddline_flags INTERFACE)
target_compile_definitions(oddline_flags INTERFACE _GNU_SOURCE ODDLINE_VERSION="${PROJECT_VERSION}")
target_compile_options(oddline_flags INTERFACE
    -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
    -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wcast-qual -Wconversion -Wno-sign-conversion
    $<$<C_COMPILER_ID:Clang>:-Wno-string-conversion;-Wno-string-concatenation>
    -fno-omit-frame-pointer -fstack-protector-strong -fstack-clash-protection
    $<$<C_COMPILER_ID:GNU>:-fcf-protection=full>
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
target_link_options(oddline_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

set(ODDLINE_SANITIZE "" CACHE STRING "sanitizers for -fsanitize=, such as address,undefined")
option(ODDLINE_COVERAGE "measure which lines the tests reach" OFF)
option(ODDLINE_FUZZ "build the libFuzzer targets (clang)" OFF)
option(ODDLINE_WERROR "warnings are errors" OFF)
option(ODDLINE_CRASH_POINTS "the program dies where ODDLINE_CRASH=name[:count] says (tests only)" OFF)
set(ODDLINE_MUTANT "" CACHE STRING "a promise to break, such as NO_FDATASYNC (tests only)")
if(ODDLINE_CRASH_POINTS)
    target_compile_definitions(oddline_flags INTERFACE ODDLINE_CRASH_POINTS)
endif()
if(ODDLINE_MUTANT)
    target_compile_definitions(oddline_flags INTERFACE ODDLINE_MUTANT_${ODDLINE_MUTANT})
endif()
if(ODDLINE_SANITIZE)
    target_compile_options(oddline_flags INTERFACE -fsanitize=${ODDLINE_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(oddline_flags INTERFACE -fsanitize=${ODDLINE_SANITIZE})
endif()
if(ODDLINE_COVERAGE)
    target_compile_options(oddline_flags INTERFACE --coverage)
    target_link_options(oddline_flags INTERFACE --coverage)
endif()
if(ODDLINE_FUZZ)
    target_compile_options(oddline_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ODDLINE_WERROR)
    target_compile_options(oddline_flags INTERFACE -Werror)
endif()
