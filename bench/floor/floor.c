/*
 * floor: NOT a broker. The cheapest relay that the load engine takes for one, as a yardstick: what recv and send on
 * sockets cost anyway, with next to nothing in between. Linux, one thread, MQTT 3.1.1 and 5.0.
 *
 * What it does: reads into one buffer, copies PUBLISH bytes as they came to all who subscribed to exactly that topic,
 * answers what a client waits for, and sends once a receiver and wake-up. QoS 0 messages that lie side by side on one
 * topic are one copy; above QoS 0 the packet identifier is put in and each step is answered at once.
 *
 * What it does not do: check anything, match wildcards, keep sessions, messages, order of versions or limits, lower the
 * QoS, send again, time out. A packet above LARGEST_PACKET bytes ends its connection, and a SUBSCRIBE of more than 100
 * filters is not answered in full.
 *
 *     cc -O2 -o floor floor.c && ./floor 0      prints the port it listens on, on 127.0.0.1
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_BYTES = 1 << 17, LARGEST_PACKET = INPUT_BYTES - 5, TOPIC_SLOTS = 1 << 20, EVENTS = 1024 };
enum { LARGEST_ANSWER = 127 }; /* so that its length is one byte */
enum { CONNECT = 1, PUBLISH = 3, PUBREC = 5, PUBREL = 6, SUBSCRIBE = 8, UNSUBSCRIBE = 10, PINGREQ = 12, DISCONNECT = 14 };

typedef struct client client;

typedef struct {
  uint32_t hash, length, subscribers, capacity;
  uint8_t *name;
  client **subscriber;
} topic;

struct client {
  int fd;
  bool closed, dirty, blocked, version5, subscribed;
  uint16_t last_packet_id;
  topic *last_topic;
  uint8_t *output; /* what waits to be sent: output[sent, used) */
  uint32_t sent, used, capacity;
  uint8_t *rest; /* the beginning of a packet that has not come whole */
  uint32_t rest_length;
};

static int poller;
static uint8_t input[INPUT_BYTES];
static topic *topics[TOPIC_SLOTS];
static client **dirty;
static uint32_t dirty_count, dirty_capacity;

static topic *topic_of(const uint8_t *name, uint32_t length) {
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < length; i++) hash = (hash ^ name[i]) * 16777619u;
  hash ^= hash >> 15;
  for (uint32_t slot = hash & (TOPIC_SLOTS - 1);; slot = (slot + 1) & (TOPIC_SLOTS - 1)) {
    topic *t = topics[slot];
    if (t == NULL) {
      t = topics[slot] = calloc(1, sizeof *t);
      t->hash = hash;
      t->length = length;
      t->name = memcpy(malloc(length + 1), name, length);
      return t;
    }
    if (t->hash == hash && t->length == length && memcmp(t->name, name, length) == 0) return t;
  }
}

/* The end of the turn has something to do for this client. */
static void mark_dirty(client *c) {
  if (c->dirty) return;
  c->dirty = true;
  if (dirty_count == dirty_capacity) {
    dirty_capacity = dirty_capacity ? dirty_capacity * 2 : 1024;
    dirty = realloc(dirty, dirty_capacity * sizeof *dirty);
  }
  dirty[dirty_count++] = c;
}

/* Appends to what this client is sent at the end of the turn; returns where the copy lies. */
static uint8_t *append(client *c, const uint8_t *bytes, uint32_t length) {
  if (c->used + length > c->capacity) {
    if (c->capacity == 0) c->capacity = 256;
    while (c->used + length > c->capacity) c->capacity *= 2;
    c->output = realloc(c->output, c->capacity);
  }
  uint8_t *at = memcpy(c->output + c->used, bytes, length);
  c->used += length;
  mark_dirty(c);
  return at;
}

static void watch(client *c, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void flush(client *c) {
  while (c->sent < c->used) {
    ssize_t n = send(c->fd, c->output + c->sent, c->used - c->sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN && !c->blocked) {
        c->blocked = true;
        watch(c, EPOLLIN | EPOLLOUT);
      }
      return;
    }
    c->sent += n;
  }
  c->sent = c->used = 0;
  if (c->blocked) {
    c->blocked = false;
    watch(c, EPOLLIN);
  }
}

static void close_client(client *c) {
  if (c->closed) return;
  c->closed = true;
  close(c->fd);
  mark_dirty(c);
}

/* Topics still point to a client that has subscribed, until they meet it; any other is gone for good. */
static void release(client *c) {
  free(c->output);
  free(c->rest);
  c->output = c->rest = NULL;
  if (!c->subscribed) free(c);
}

/* Gives everybody who is subscribed the packets; with a packet identifier at `id_at`, each its own. */
static void relay(topic *t, const uint8_t *packets, uint32_t length, uint32_t id_at) {
  for (uint32_t i = 0; i < t->subscribers;) {
    client *to = t->subscriber[i];
    if (to->closed) {
      t->subscriber[i] = t->subscriber[--t->subscribers];
      continue;
    }
    i++;
    uint8_t *copy = append(to, packets, length);
    if (id_at == 0) continue;
    if (++to->last_packet_id == 0) to->last_packet_id = 1;
    copy[id_at] = to->last_packet_id >> 8;
    copy[id_at + 1] = to->last_packet_id & 255;
  }
}

static uint32_t skip_properties(client *c, const uint8_t *body) {
  if (!c->version5) return 0;
  uint32_t length = 0, at = 0;
  do length |= (body[at] & 127u) << (7 * at);
  while (body[at++] & 128);
  return at + length;
}

static void on_subscribe(client *c, const uint8_t *body, uint32_t length, bool on) {
  uint8_t answer[LARGEST_ANSWER] = {on ? 0x90 : 0xb0, 0, body[0], body[1]};
  uint32_t count = 4, at = 2 + skip_properties(c, body + 2);
  if (c->version5) answer[count++] = 0;
  while (at < length) {
    uint32_t name = body[at] << 8 | body[at + 1];
    topic *t = topic_of(body + at + 2, name);
    at += 2 + name;
    uint8_t code = on ? body[at++] & 3 : 0;
    if (count < sizeof answer && (on || c->version5)) answer[count++] = code;
    for (uint32_t i = 0; i < t->subscribers; i++) {
      if (t->subscriber[i] == c) t->subscriber[i--] = t->subscriber[--t->subscribers];
    }
    if (!on) continue;
    if (t->subscribers == t->capacity) {
      t->capacity = t->capacity ? t->capacity * 2 : 1;
      t->subscriber = realloc(t->subscriber, t->capacity * sizeof *t->subscriber);
    }
    t->subscriber[t->subscribers++] = c;
    c->subscribed = true;
  }
  answer[1] = count - 2;
  append(c, answer, count);
}

static void answer(client *c, uint8_t first, const uint8_t *packet_id) {
  append(c, (uint8_t[]){first, 2, packet_id[0], packet_id[1]}, 4);
}

static void on_packet(client *c, uint8_t type, const uint8_t *body, uint32_t length) {
  switch (type) {
    case CONNECT:
      c->version5 = body[2 + (body[0] << 8 | body[1])] == 5;
      append(c, (uint8_t[]){0x20, c->version5 ? 3 : 2, 0, 0, 0}, c->version5 ? 5 : 4);
      return;
    case PUBREC: answer(c, 0x62, body); return;
    case PUBREL: answer(c, 0x70, body); return;
    case SUBSCRIBE:
    case UNSUBSCRIBE: on_subscribe(c, body, length, type == SUBSCRIBE); return;
    case PINGREQ: append(c, (uint8_t[]){0xd0, 0}, 2); return;
    case DISCONNECT: close_client(c); return;
  }
}

/* Handles all whole packets of bytes[0, end); returns how much that is. */
static uint32_t handle(client *c, const uint8_t *bytes, uint32_t end) {
  uint32_t at = 0, run_start = 0, run_end = 0; /* a run of QoS 0 messages on the last topic */
  while (end - at >= 2 && !c->closed) {
    uint32_t length = 0, shift = 0, body = at + 1;
    bool complete = false;
    while (body < end && shift < 28 && !complete) {
      complete = !(bytes[body] & 128);
      length |= (bytes[body++] & 127u) << shift;
      shift += 7;
    }
    if (complete && length > LARGEST_PACKET) close_client(c);
    if (!complete || end - body < length) break;
    uint32_t next = body + length;
    bool is_publish = bytes[at] >> 4 == PUBLISH;
    uint8_t qos = bytes[at] >> 1 & 3;
    uint32_t name = is_publish ? bytes[body] << 8 | bytes[body + 1] : 0;
    bool same = is_publish && c->last_topic && c->last_topic->length == name &&
                memcmp(c->last_topic->name, bytes + body + 2, name) == 0;
    if (is_publish && qos == 0 && same && run_end == at) run_end = next;
    else {
      if (run_end > run_start) relay(c->last_topic, bytes + run_start, run_end - run_start, 0);
      run_start = run_end = next;
      if (!is_publish) on_packet(c, bytes[at] >> 4, bytes + body, length);
      else {
        if (!same) c->last_topic = topic_of(bytes + body + 2, name);
        if (qos == 0) run_start = at;
        else {
          relay(c->last_topic, bytes + at, next - at, body + 2 + name - at);
          answer(c, qos == 1 ? 0x40 : 0x50, bytes + body + 2 + name);
        }
      }
    }
    at = next;
  }
  if (run_end > run_start) relay(c->last_topic, bytes + run_start, run_end - run_start, 0);
  return at;
}

static void on_readable(client *c) {
  uint32_t have = c->rest_length;
  if (have > 0) memcpy(input, c->rest, have);
  ssize_t n = recv(c->fd, input + have, INPUT_BYTES - have, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    close_client(c);
    return;
  }
  uint32_t end = have + n, handled = handle(c, input, end);
  c->rest_length = end - handled;
  if (c->rest_length > 0) c->rest = memcpy(realloc(c->rest, c->rest_length), input + handled, c->rest_length);
}

static void on_connection(int listener) {
  static const int on = 1;
  for (int i = 0; i < 64; i++) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client *c = calloc(1, sizeof *c);
    c->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
}

static int listen_on(uint16_t port) {
  static const int on = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0) {
    perror("floor");
    exit(1);
  }
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int count, char **arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives who started it */
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poller = epoll_create1(0);
  int listener = listen_on(count > 1 ? atoi(arguments[1]) : 0);
  struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int ready = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      client *c = events[i].data.ptr;
      if (c == NULL) on_connection(listener);
      else {
        if (events[i].events & EPOLLOUT) flush(c);
        if (events[i].events & ~EPOLLOUT) on_readable(c);
      }
    }
    for (uint32_t i = 0; i < dirty_count; i++) {
      client *c = dirty[i];
      c->dirty = false;
      if (c->closed) release(c);
      else flush(c);
    }
    dirty_count = 0;
  }
}
