/* control: the physical limit of a TCRP server's control channel: a one-thread C server for create and join.
 *
 *     control [SECONDS]
 *
 * It does what any server must do for a connection, and nothing else: accept, read one request in whatever
 * pieces, find or make the room, refuse a user name that is taken, make a token of 128 random bits, answer with
 * RESPONSE and COMPLETE, close when the client does or after its time (5 s for the request, 300 ms for the rest).
 * No passwords, no limits, no names but plain octets, no logs, nothing for the datagrams.
 *
 * Binds TCP 127.0.0.1 (any port), prints `READY 127.0.0.1:PORT`, ends after SECONDS (600). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    HEADER = 32,
    ACCEPTED = 8192,          /* octets of payload in a request */
    MOST = HEADER + 255 + ACCEPTED,
    TOKEN = 22,
    SLOTS = 1 << 18,          /* of each table; at most half of them are used */
    CREATE = 1, JOIN = 2, RESPONSE = 1, COMPLETE = 2,
    OK = 0, ROOM_EXISTS = 1, ROOM_NOT_FOUND = 2, INVALID_REQUEST = 4, NAME_IN_USE = 6,
    HANDSHAKE_MS = 5000, LINGER_MS = 300,
};

/* ---- rooms and members: two tables with open addressing, FNV-1a ---- */

struct key { const uint8_t *room, *user; size_t room_size, user_size; };     /* of a room: user_size 0 */
struct entry { uint32_t hash; uint16_t room_size, user_size; uint8_t octets[]; };
static struct entry **rooms_and_users;
static char (*tokens)[TOKEN];
static uint32_t used;

static uint32_t fnv(uint32_t hash, const uint8_t *octets, size_t size)
{
    for (size_t i = 0; i < size; i++) hash = (hash ^ octets[i]) * 16777619u;
    return hash;
}

static struct entry **find(const struct key *key, uint32_t *hash)
{
    *hash = fnv(fnv(2166136261u, key->room, key->room_size) ^ 0xff, key->user, key->user_size);
    uint32_t slot = *hash % SLOTS;
    for (struct entry *entry; (entry = rooms_and_users[slot]); slot = (slot + 1) % SLOTS)
        if (entry->hash == *hash && entry->room_size == key->room_size && entry->user_size == key->user_size
            && !memcmp(entry->octets, key->room, key->room_size)
            && !memcmp(entry->octets + key->room_size, key->user, key->user_size)) break;
    return &rooms_and_users[slot];
}

static bool add(const struct key *key)            /* false: it is there */
{
    uint32_t hash;
    struct entry **slot = find(key, &hash);
    if (*slot) return false;
    if (++used > SLOTS / 2) { fputs("full\n", stderr); exit(1); }
    *slot = malloc(sizeof **slot + key->room_size + key->user_size);
    if (!*slot) { fputs("out of memory\n", stderr); exit(1); }
    **slot = (struct entry){hash, (uint16_t)key->room_size, (uint16_t)key->user_size};
    memcpy((*slot)->octets, key->room, key->room_size);
    memcpy((*slot)->octets + key->room_size, key->user, key->user_size);
    return true;
}

static void make_token(char *token)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[16 + 1] = {0};
    if (getrandom(random, 16, 0) != 16) exit(1);
    for (int i = 0; i < TOKEN; i++) {
        unsigned two = (unsigned)random[i * 6 / 8] << 8 | random[i * 6 / 8 + 1];
        token[i] = digits[two >> (10 - i * 6 % 8) & 63];
    }
    uint32_t slot = fnv(2166136261u, (const uint8_t *)token, TOKEN) % SLOTS;
    while (tokens[slot][0]) slot = (slot + 1) % SLOTS;
    memcpy(tokens[slot], token, TOKEN);
}

/* ---- connections, and the time each has: one list for either time, the oldest first ---- */

struct connection {
    struct connection *before, *after;
    uint64_t until;
    int fd;
    bool answered, watched;
    size_t size;
    uint8_t octets[MOST];
};
static struct connection reading = {&reading, &reading, 0, -1, 0, 0, 0, {0}};
static struct connection lingering = {&lingering, &lingering, 0, -1, 0, 0, 0, {0}};
static struct connection *spare;
static int poller;

static uint64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void unlink_from_list(struct connection *one)
{
    one->before->after = one->after;
    one->after->before = one->before;
}

static void put_last(struct connection *list, struct connection *one, uint64_t until)
{
    one->until = until;
    one->before = list->before;
    one->after = list;
    list->before->after = one;
    list->before = one;
}

static void close_connection(struct connection *one)
{
    close(one->fd);
    unlink_from_list(one);
    one->after = spare;
    spare = one;
}

/* ---- one request ---- */

static size_t put_frame(uint8_t *to, int operation, int state, const struct key *key, const void *payload, size_t size)
{
    memset(to, 0, HEADER);
    to[0] = (uint8_t)key->room_size;
    to[1] = (uint8_t)operation;
    to[2] = (uint8_t)state;
    to[31] = (uint8_t)size;
    memcpy(to + HEADER, key->room, key->room_size);
    memcpy(to + HEADER + key->room_size, payload, size);
    return HEADER + key->room_size + size;
}

/* The value of "username" in {"username":"..."}, or the whole payload if it is a bare name. */
static bool read_user(const uint8_t *payload, size_t size, struct key *key)
{
    static const char member[] = "\"username\"";
    key->user = payload;
    key->user_size = size;
    if (size && payload[0] == '{') {
        const uint8_t *end = payload + size, *at = memmem(payload, size, member, sizeof member - 1);
        if (!at) return false;
        for (at += sizeof member - 1; at < end && (*at == ' ' || *at == ':'); at++) {}
        const uint8_t *close = at < end && *at == '"' ? memchr(at + 1, '"', (size_t)(end - at - 1)) : NULL;
        if (!close) return false;
        key->user = at + 1;
        key->user_size = (size_t)(close - at - 1);
    }
    for (size_t i = 0; i < key->user_size; i++)
        if (key->user[i] < ' ' || key->user[i] == ':' || key->user[i] == '\\') return false;
    return key->user_size >= 1 && key->user_size <= 64;
}

/* Answers if the request is whole or wrong. False: the connection is of no use any more. */
static bool answer(struct connection *one)
{
    const uint8_t *octets = one->octets;
    static const uint8_t zeros[25];
    if (one->size < HEADER) return true;
    size_t payload_size = (size_t)octets[28] << 24 | (size_t)octets[29] << 16 | (size_t)octets[30] << 8 | octets[31];
    struct key room = {octets + HEADER, octets, octets[0], 0};
    int operation = octets[1], status = OK;
    if (operation < CREATE || operation > JOIN || octets[2] || !room.room_size
        || memcmp(octets + 3, zeros, sizeof zeros) || payload_size > ACCEPTED) {
        status = INVALID_REQUEST;
        room.room_size = 0;
    } else {
        if (one->size < HEADER + room.room_size + payload_size) return true;
        struct key user = room;
        uint32_t hash;
        if (!read_user(octets + HEADER + room.room_size, payload_size, &user)) status = INVALID_REQUEST;
        else if (operation == CREATE) status = add(&room) ? OK : ROOM_EXISTS;
        else status = *find(&room, &hash) ? OK : ROOM_NOT_FOUND;
        if (status == OK && !add(&user)) status = NAME_IN_USE;
    }
    uint8_t reply[2 * (HEADER + 255) + 1 + TOKEN], code = (uint8_t)status;
    size_t size = put_frame(reply, operation, RESPONSE, &room, &code, 1);
    if (status == OK) {
        char token[TOKEN];
        make_token(token);
        size += put_frame(reply + size, operation, COMPLETE, &room, token, TOKEN);
    }
    if (send(one->fd, reply, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size) return false;
    if (status != OK) shutdown(one->fd, SHUT_WR);
    one->answered = true;
    unlink_from_list(one);
    put_last(&lingering, one, now_ms() + LINGER_MS);
    return true;
}

static void read_more(struct connection *one)
{
    uint8_t ignored[64];
    ssize_t got = one->answered ? recv(one->fd, ignored, sizeof ignored, MSG_DONTWAIT)
                                : recv(one->fd, one->octets + one->size, MOST - one->size, MSG_DONTWAIT);
    bool is_alive = got > 0 || (got < 0 && errno == EAGAIN);
    if (got > 0 && !one->answered) {
        one->size += (size_t)got;
        is_alive = answer(one);
    }
    if (is_alive && !one->watched) {
        one->watched = true;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
        is_alive = !epoll_ctl(poller, EPOLL_CTL_ADD, one->fd, &event);
    }
    if (!is_alive) close_connection(one);
}

static void accept_all(int listener)
{
    for (int i = 0; i < 64; i++) {
        struct sockaddr_in peer;
        int fd = accept4(listener, (struct sockaddr *)&peer, &(socklen_t){sizeof peer}, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        struct connection *one = spare ? spare : malloc(sizeof *one);
        if (!one) exit(1);
        if (spare) spare = one->after;
        one->fd = fd;
        one->answered = one->watched = false;
        one->size = 0;
        put_last(&reading, one, now_ms() + HANDSHAKE_MS);
        read_more(one);                           /* the request is mostly there: no wait for the poller */
    }
}

static int end_what_is_due(void)                  /* returns the ms until the next is due; -1: none is */
{
    int patience = -1;
    for (int i = 0; i < 2; i++) {
        struct connection *list = i ? &lingering : &reading;
        uint64_t time = now_ms();
        while (list->after != list && list->after->until <= time) close_connection(list->after);
        if (list->after != list && (patience < 0 || (int)(list->after->until - time) < patience))
            patience = (int)(list->after->until - time);
    }
    return patience;
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    alarm(argc > 1 ? (unsigned)atoi(argv[1]) : 600);
    rooms_and_users = calloc(SLOTS, sizeof *rooms_and_users);
    tokens = calloc(SLOTS, sizeof *tokens);
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[256] = {{.events = EPOLLIN, .data.ptr = NULL}};
    if (!rooms_and_users || !tokens || bind(listener, (struct sockaddr *)&here, size) || listen(listener, 1024)
        || getsockname(listener, (struct sockaddr *)&here, &size)
        || epoll_ctl(poller, EPOLL_CTL_ADD, listener, events)) {
        perror("control");
        return 1;
    }
    printf("READY 127.0.0.1:%d\n", ntohs(here.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(poller, events, 256, end_what_is_due());
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) read_more(events[i].data.ptr);
            else accept_all(listener);
        }
    }
}
