// What Glibc's module leaves out: macros and functions behind feature tests, as static inline functions.
#pragma once
#include <sys/mman.h>

static inline int swa_map_flags(void) { return MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE; }
static inline int swa_advise_huge_pages(void) { return MADV_HUGEPAGE; }
