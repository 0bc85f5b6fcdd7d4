// What Glibc's module leaves out: macros and functions behind feature tests, as static inline functions.
// Functions of integers alone keep their callers free of pointers; failures come back as the negated errno.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static inline int swa_map_flags(void) { return MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE; }
static inline int swa_advise_huge_pages(void) { return MADV_HUGEPAGE; }
static inline int swa_advise_small_pages(void) { return MADV_NOHUGEPAGE; }
static inline int swa_open_uncached(void) { return __O_DIRECT; }

// Behind _GNU_SOURCE, which would change other headers too.
extern int accept4(int, struct sockaddr *__restrict, socklen_t *__restrict, int);

static inline int swa_accept(int listener, struct sockaddr_storage *peer) {
  socklen_t length = sizeof *peer;
  int fd = accept4(listener, (struct sockaddr *)peer, &length, 02000000 /* CLOEXEC */);
  return fd >= 0 ? fd : -errno;
}

static inline int swa_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

static inline int swa_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

#define SWA_EVENTS 256
static inline int swa_epoll_wait(int epoll, uint64_t *tokens, uint32_t *masks, int milliseconds) {
  struct epoll_event events[SWA_EVENTS];
  int count = epoll_wait(epoll, events, SWA_EVENTS, milliseconds);
  if (count < 0) return -errno;
  for (int i = 0; i < count; i++) {
    tokens[i] = events[i].data.u64;
    masks[i] = events[i].events;
  }
  return count;
}

// Behind _GNU_SOURCE as well.
extern int sync_file_range(int, int64_t, int64_t, unsigned);

static inline void swa_start_writing(int fd, int64_t offset, int64_t count) {
  sync_file_range(fd, offset, count, 2 /* WRITE */);
}

static inline int swa_eventfd_create(void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd >= 0 ? fd : -errno;
}

static inline void swa_eventfd_add(int fd) {
  uint64_t one = 1;
  ssize_t written = write(fd, &one, sizeof one);
  (void)written;
}

static inline int swa_set_option(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

// How long a read and a write that wait do so at most.
static inline int swa_set_timeouts(int fd, int64_t microseconds) {
  struct timeval time = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) != 0) return -errno;
  return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) == 0 ? 0 : -errno;
}

// Raises the soft limit of open descriptors to at least `needed`: 0, or the hard limit when that is less, or a negated errno.
static inline int64_t swa_raise_descriptor_limit(uint64_t needed) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  if (limit.rlim_cur >= needed) return 0;
  if (limit.rlim_max < needed) return (int64_t)limit.rlim_max;
  limit.rlim_cur = needed;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : -errno;
}

// Enumerators of <sys/socket.h> are not seen through both this module and Glibc in every build mode.
static inline void swa_shutdown_write(int fd) { (void)shutdown(fd, SHUT_WR); }
static inline void swa_shutdown(int fd) { (void)shutdown(fd, SHUT_RDWR); }

static inline int swa_lock_exclusively(int fd) { return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno; }

static inline int64_t swa_monotonic_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t swa_wall_seconds(void) { return (int64_t)time(0); }

static inline int64_t swa_physical_memory(void) { return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE); }

// Present in builds with ThreadSanitizer alone, and only those call them.
extern void __tsan_acquire(void *);
extern void __tsan_release(void *);
static inline void swa_tsan_acquire(uintptr_t address) { __tsan_acquire((void *)address); }
static inline void swa_tsan_release(uintptr_t address) { __tsan_release((void *)address); }
