// What this machine's loopback sockets and memory give to plain C, without HTTP, without checks and without a model.
// cc -O3 -march=native -pthread yardstick.c -o yardstick
//
//   yardstick serve threads|loop none|apply|blocks REQUEST FLOATS ANSWER
//       Listens on a free port of 127.0.0.1 and prints it. Takes requests of REQUEST bytes each, of which the last
//       4 * FLOATS are a gradient, and answers each with a fixed head and ANSWER bytes. It parses nothing.
//         threads  a blocking thread for each connection, the gradient received into one reused buffer
//         loop     one epoll loop for all connections
//         none     the gradient is received, and that is all
//         apply    received, then applied by SGD with momentum in one pass of one thread
//         blocks   received in blocks of 256 KiB, each applied while it is in the cache
//   yardstick copy|momentum FLOATS THREADS SECONDS
//       Copies memory, or runs the pass of `apply` alone, and prints one JSON line.
//
// A process ends by itself after 30 minutes, or when its stdin does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 256 << 10 };
enum apply { NONE, AFTER, BLOCKS };

static enum apply applies;
static size_t request_size, float_count, answer_size, head_size;
static char *answer;  // the head, then what lies before and in the weights
static float *weights, *velocity;
static pthread_mutex_t lane = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what) {
  perror(what);
  exit(74);
}

// Memory whose pages are there already: huge ones where the kernel has them.
static void *memory(size_t size) {
  size_t rounded = (size + (2 << 20) - 1) & ~(size_t)((2 << 20) - 1);
  void *start = mmap(0, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) fail("mmap");
  madvise(start, rounded, MADV_HUGEPAGE);
  memset(start, 0, rounded);
  return start;
}

static void momentum(float *restrict w, float *restrict m, const float *restrict g, size_t count) {
  const float rate = 1e-3f, mu = 0.9f;
  for (size_t i = 0; i < count; i++) {
    m[i] = mu * m[i] - rate * g[i];
    w[i] += m[i];
  }
}

static int receive(int socket, void *to, size_t size) {
  char *at = to;
  while (size > 0) {
    ssize_t count = recv(socket, at, size, 0);
    if (count <= 0) return -1;
    at += count;
    size -= (size_t)count;
  }
  return 0;
}

static int transmit(int socket, const char *from, size_t size) {
  while (size > 0) {
    ssize_t count = send(socket, from, size < PIECE ? size : PIECE, MSG_NOSIGNAL);
    if (count <= 0) return -1;
    from += count;
    size -= (size_t)count;
  }
  return 0;
}

// The head and what fits behind it go out in one piece, the rest from the weights.
static int respond(int socket) {
  size_t together = answer_size <= 64 << 10 ? answer_size : 0;
  if (transmit(socket, answer, head_size + together)) return -1;
  return transmit(socket, (char *)weights, answer_size - together);
}

static void *serve_connection(void *argument) {
  int socket = (int)(intptr_t)argument;
  size_t lead = request_size - 4 * float_count;
  char *before = memory(lead);
  float *gradient = memory(applies == BLOCKS ? PIECE : 4 * float_count + 1);
  while (!receive(socket, before, lead)) {
    if (applies == BLOCKS) {
      size_t done = 0;
      while (done < float_count) {
        size_t count = float_count - done < PIECE / 4 ? float_count - done : PIECE / 4;
        if (receive(socket, gradient, 4 * count)) goto end;
        pthread_mutex_lock(&lane);
        momentum(weights + done, velocity + done, gradient, count);
        pthread_mutex_unlock(&lane);
        done += count;
      }
    } else {
      if (receive(socket, gradient, 4 * float_count)) goto end;
      if (applies == AFTER) {
        pthread_mutex_lock(&lane);
        momentum(weights, velocity, gradient, float_count);
        pthread_mutex_unlock(&lane);
      }
    }
    if (respond(socket)) goto end;
  }
end:
  close(socket);
  return 0;
}

static void serve_with_threads(int listener) {
  for (;;) {
    int socket = accept(listener, 0, 0), one = 1;
    if (socket < 0) fail("accept");
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pthread_t thread;
    if (pthread_create(&thread, 0, serve_connection, (void *)(intptr_t)socket)) fail("pthread_create");
    pthread_detach(thread);
  }
}

struct connection {
  int socket;
  size_t filled;
  char *buffer;
};

// Small requests: an answer always fits into the send buffer of a peer that waits for it.
static int go_on(struct connection *connection) {
  for (;;) {
    size_t wanted = request_size - connection->filled;
    ssize_t count = recv(connection->socket, connection->buffer + connection->filled, wanted, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return -1;
    if (count < 0) return 0;
    connection->filled += (size_t)count;
    if (connection->filled < request_size) return 0;
    connection->filled = 0;
    float *gradient = (float *)(connection->buffer + request_size - 4 * float_count);
    if (applies != NONE) momentum(weights, velocity, gradient, float_count);
    if (respond(connection->socket)) return -1;
    return 0;
  }
}

static void serve_with_loop(int listener) {
  int poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = 0}, events[64];
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event)) fail("epoll");
  for (;;) {
    int count = epoll_wait(poller, events, 64, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      if (!connection) {
        int socket = accept(listener, 0, 0), one = 1;
        if (socket < 0) fail("accept");
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connection = calloc(1, sizeof *connection);
        // The gradient, which comes last, is to be aligned.
        connection->buffer = (char *)memory(request_size + 64) + (64 - request_size % 64) % 64;
        connection->socket = socket;
        event = (struct epoll_event){.events = EPOLLIN, .data.ptr = connection};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event)) fail("epoll_ctl");
      } else if (go_on(connection)) {
        close(connection->socket);
      }
    }
  }
}

static void *end_with_stdin(void *unused) {
  (void)unused;
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  exit(0);
}

static int serve(char **arguments) {
  request_size = strtoull(arguments[2], 0, 10);
  float_count = strtoull(arguments[3], 0, 10);
  answer_size = strtoull(arguments[4], 0, 10);
  applies = !strcmp(arguments[1], "apply") ? AFTER : !strcmp(arguments[1], "blocks") ? BLOCKS : NONE;
  if (request_size < 4 * float_count) return 64;
  size_t weights_size = 4 * float_count > answer_size ? 4 * float_count : answer_size;
  weights = memory(weights_size + 1);
  velocity = memory(4 * float_count + 1);
  answer = calloc(1, 256 + (64 << 10));
  head_size = (size_t)sprintf(
    answer, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n", answer_size);

  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) || listen(listener, 64) ||
      getsockname(listener, (struct sockaddr *)&address, &length))
    fail("listen");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  pthread_t thread;
  if (pthread_create(&thread, 0, end_with_stdin, 0)) fail("pthread_create");
  if (!strcmp(arguments[0], "loop")) {
    serve_with_loop(listener);
  } else {
    serve_with_threads(listener);
  }
  return 0;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

struct share {
  int copies;
  size_t begin, end;
  float *w, *m, *g;
};

static void *work(void *argument) {
  struct share *share = argument;
  size_t count = share->end - share->begin;
  if (share->copies) {
    memcpy(share->w + share->begin, share->g + share->begin, 4 * count);
  } else {
    momentum(share->w + share->begin, share->m + share->begin, share->g + share->begin, count);
  }
  return 0;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int kernel(int copies, size_t count, size_t threads, double seconds) {
  enum { MOST = 100000 };
  static double times[MOST];
  float *w = memory(4 * count), *m = memory(4 * count), *g = memory(4 * count);
  struct share shares[64];
  pthread_t others[64];
  size_t n = 0;
  if (threads < 1 || threads > 64) return 64;
  double begin = now();
  while ((now() - begin < seconds || n < 5) && n < MOST) {
    double start = now();
    for (size_t i = 0; i < threads; i++) {
      shares[i] = (struct share){copies, count * i / threads, count * (i + 1) / threads, w, m, g};
      if (i > 0 && pthread_create(&others[i], 0, work, &shares[i])) fail("pthread_create");
    }
    work(&shares[0]);
    for (size_t i = 1; i < threads; i++) pthread_join(others[i], 0);
    times[n++] = now() - start;
  }
  qsort(times, n, sizeof *times, by_value);
  double bytes = (copies ? 8 : 20) * (double)count;
  printf("{\"name\":\"%s\",\"threads\":%zu,\"count\":%zu,\"median_s\":%.7f,\"gb_per_s\":%.2f}\n",
         copies ? "memory copy" : "momentum", threads, n, times[n / 2], bytes / times[n / 2] / 1e9);
  return 0;
}

int main(int count, char **arguments) {
  alarm(1800);
  if (count == 7 && !strcmp(arguments[1], "serve")) return serve(arguments + 2);
  if (count == 5 && (!strcmp(arguments[1], "copy") || !strcmp(arguments[1], "momentum")))
    return kernel(arguments[1][0] == 'c', strtoull(arguments[2], 0, 10), strtoull(arguments[3], 0, 10),
                  strtod(arguments[4], 0));
  fputs("usage: yardstick serve threads|loop none|apply|blocks REQUEST FLOATS ANSWER\n"
        "       yardstick copy|momentum FLOATS THREADS SECONDS\n", stderr);
  return 64;
}
