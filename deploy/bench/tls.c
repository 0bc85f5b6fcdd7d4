// What OpenSSL gives to plain C on this machine: the server's work over TLS without HTTP, without checks and without a
// model, and the client that asks both.
// cc -O3 -march=native -pthread tls.c -lssl -lcrypto -o tls
//
//   tls serve CERTIFICATE KEY REQUEST ANSWER
//       Listens on a free port of 127.0.0.1 and prints it. Takes requests of REQUEST bytes each, received into one reused
//       buffer, and answers each with a fixed head and ANSWER bytes. A blocking thread for each connection.
//   tls ask PORT METHOD PATH BYTES COUNT [PORT METHOD PATH BYTES COUNT]
//       Sends COUNT requests with a body of BYTES bytes, which it reads from stdin, and reads the answers; of two servers
//       in turns. Prints for each the median time of a request in milliseconds, on one line.
//
// A process ends by itself after 10 minutes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 256 << 10, HEAD = 4096 };

static SSL_CTX *context;
static size_t request_size, answer_size, head_size;
static char *answer;

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  ERR_print_errors_fp(stderr);
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

static int receive(SSL *ssl, char *to, size_t size) {
  while (size > 0) {
    size_t count;
    if (!SSL_read_ex(ssl, to, size, &count)) return 0;
    to += count;
    size -= count;
  }
  return 1;
}

static int transmit(SSL *ssl, const char *from, size_t size) {
  while (size > 0) {
    size_t count;
    if (!SSL_write_ex(ssl, from, size < PIECE ? size : PIECE, &count)) return 0;
    from += count;
    size -= count;
  }
  return 1;
}

static void *serve(void *argument) {
  SSL *ssl = argument;
  char *buffer = memory(request_size);
  if (SSL_accept(ssl) == 1)
    while (receive(ssl, buffer, request_size) && transmit(ssl, answer, head_size + answer_size)) {
    }
  close(SSL_get_fd(ssl));
  SSL_free(ssl);
  return 0;
}

static void listen_and_serve(const char *certificate, const char *key) {
  context = SSL_CTX_new(TLS_server_method());
  if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
    fail("certificate");
  answer = memory(HEAD + answer_size);
  head_size = (size_t)snprintf(answer, HEAD, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", answer_size);
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 64) ||
      getsockname(listener, (struct sockaddr *)&address, &length))
    fail("listen");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  while (1) {
    int connection = accept(listener, 0, 0);
    if (connection < 0) fail("accept");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, connection);
    pthread_t thread;
    if (pthread_create(&thread, 0, serve, ssl)) fail("thread");
    pthread_detach(thread);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static SSL *connect_to(int port) {
  int connection = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(connection, (struct sockaddr *)&address, sizeof address)) fail("connect");
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, connection);
  if (SSL_connect(ssl) != 1) fail("handshake");
  return ssl;
}

struct target {
  SSL *ssl;
  char head[HEAD];
  size_t head_size, body_size;
  int count;
  double *times;
};

// One request and its answer, whose head must say 2xx and Content-Length.
static double ask(struct target *target, const char *body, char *buffer, size_t size) {
  double start = now();
  if (!transmit(target->ssl, target->head, target->head_size) || !transmit(target->ssl, body, target->body_size))
    fail("request");
  size_t have = 0, count;
  char *end = 0;
  while (!end) {
    if (have >= HEAD || !SSL_read_ex(target->ssl, buffer + have, HEAD - have, &count)) fail("answer");
    have += count;
    buffer[have] = 0;
    end = strstr(buffer, "\r\n\r\n");
  }
  if (strncmp(buffer, "HTTP/1.1 2", 10)) fail(buffer);
  char *length = strcasestr(buffer, "content-length:");
  if (!length) fail("no length");
  size_t left = strtoull(length + 15, 0, 10) + (size_t)(end + 4 - buffer) - have;
  while (left > 0) {
    if (!SSL_read_ex(target->ssl, buffer, left < size ? left : size, &count)) fail("answer");
    left -= count;
  }
  return now() - start;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void ask_all(int count, char **arguments) {
  context = SSL_CTX_new(TLS_client_method());
  int targets = count / 5;
  struct target target[2];
  size_t largest = 0;
  for (int i = 0; i < targets && i < 2; i++, arguments += 5) {
    struct target *t = &target[i];
    t->ssl = connect_to(atoi(arguments[0]));
    t->body_size = strtoull(arguments[3], 0, 10);
    t->count = atoi(arguments[4]);
    t->times = calloc((size_t)t->count, sizeof(double));
    t->head_size = (size_t)snprintf(
        t->head, HEAD, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", arguments[1], arguments[2],
        t->body_size);
    if (t->body_size > largest) largest = t->body_size;
  }
  char *body = memory(largest + 1), *buffer = memory(128 << 20);
  if (largest > 0 && fread(body, 1, largest, stdin) != largest) fail("stdin is too short");
  for (int round = 0; round < target[0].count; round++)
    for (int i = 0; i < targets; i++) target[i].times[round] = ask(&target[i], body, buffer, 128 << 20);
  for (int i = 0; i < targets; i++) {
    qsort(target[i].times, (size_t)target[i].count, sizeof(double), compare);
    printf("%.2f%c", target[i].times[target[i].count / 2], i + 1 < targets ? ' ' : '\n');
  }
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  alarm(600);
  if (count == 6 && !strcmp(arguments[1], "serve")) {
    request_size = strtoull(arguments[4], 0, 10);
    answer_size = strtoull(arguments[5], 0, 10);
    listen_and_serve(arguments[2], arguments[3]);
  } else if ((count == 7 || count == 12) && !strcmp(arguments[1], "ask")) {
    ask_all(count - 2, arguments + 2);
  } else {
    fprintf(stderr, "usage: see the head of tls.c\n");
    return 64;
  }
}
