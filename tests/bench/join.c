/* join: fills a TCRP server (or control.c) with rooms, and writes the members file that relay.c and load.c read.
 *
 *     join PORT ROOMS SIZE MEMBERS [parallel=32] [first=0]
 *     join fake ROOMS SIZE MEMBERS                      no server: invented tokens, for relay.c
 *
 *   parallel        requests at once (a server allows 64 connections of one address)
 *   first           number of the first room
 *
 * Every member creates or joins over TCP as a client does: one request, the RESPONSE and COMPLETE frames, close;
 * a room's members follow when its creator has the token. Nobody sends a datagram: that is load.c's part. All room
 * names have one size, all user names too. Prints one line of JSON. */
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 32, MOST = 4096, ROOM = 10, CREATE = 1, JOIN = 2, RESPONSE = 1, COMPLETE = 2, PARALLEL = 1000 };

struct caller { int fd, member; size_t size; uint8_t octets[MOST]; };

static struct sockaddr_in server = {.sin_family = AF_INET};
static int poller, room_size, first_room, member_count;
static char (*tokens)[256];                       /* by member: room * room_size + seat; empty: not joined */
static struct caller callers[PARALLEL];

static void give_up(const struct caller *caller, const char *why, int detail)
{
    fprintf(stderr, "join: user%04d in room%06d: %s %d\n", caller->member % room_size,
            first_room + caller->member / room_size, why, detail);
    exit(1);
}

static void call(struct caller *caller, int member)
{
    uint8_t request[HEADER + ROOM + 64] = {ROOM, member % room_size ? JOIN : CREATE};
    size_t size = HEADER + (size_t)sprintf((char *)request + HEADER, "room%06d{\"username\":\"user%04d\"}",
                                           first_room + member / room_size, member % room_size);
    request[HEADER - 1] = (uint8_t)(size - HEADER - ROOM);
    caller->member = member;
    caller->size = 0;
    caller->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (caller->fd < 0 || connect(caller->fd, (struct sockaddr *)&server, sizeof server)
        || send(caller->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) give_up(caller, strerror(errno), errno);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = caller};
    epoll_ctl(poller, EPOLL_CTL_ADD, caller->fd, &event);
}

/* True when this member has its token. */
static bool hear(struct caller *caller)
{
    ssize_t got = recv(caller->fd, caller->octets + caller->size, MOST - caller->size, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) give_up(caller, "the server closed the connection before COMPLETE", got < 0 ? errno : 0);
    caller->size += (size_t)got;
    for (uint8_t *frame = caller->octets, *end = frame + caller->size; end - frame >= HEADER;) {
        size_t payload_size = (size_t)frame[30] << 8 | frame[31];
        uint8_t *payload = frame + HEADER + frame[0];
        if (payload + payload_size > end) return false;
        if (frame[2] == RESPONSE && payload[0]) give_up(caller, "refused (are the limits off?), status", payload[0]);
        if (frame[2] == COMPLETE) {
            if (!payload_size || payload_size > 255) give_up(caller, "a token's octets are", (int)payload_size);
            memcpy(tokens[caller->member], payload, payload_size);
            close(caller->fd);
            return true;
        }
        frame = payload + payload_size;
    }
    return false;
}

/* All members, at most `parallel` at once, in the order in which they can join. */
static void join_all(int rooms, int parallel)
{
    int *waiting = calloc((size_t)member_count, sizeof *waiting), first = 0, last = 0, active = 0;
    struct caller *spare[PARALLEL];
    struct epoll_event events[PARALLEL];
    for (int i = 0; i < rooms; i++) waiting[last++] = i * room_size;
    for (int i = 0; i < parallel; i++) spare[i] = &callers[i];
    while (first < last || active) {
        while (first < last && active < parallel) call(spare[parallel - ++active], waiting[first++]);
        int count = epoll_wait(poller, events, PARALLEL, 10000);
        if (count <= 0) { fprintf(stderr, "join: no answer in 10 s\n"); exit(1); }
        for (int i = 0; i < count; i++) {
            struct caller *caller = events[i].data.ptr;
            if (!hear(caller)) continue;
            spare[parallel - active--] = caller;
            if (caller->member % room_size == 0)
                for (int seat = 1; seat < room_size; seat++) waiting[last++] = caller->member + seat;
        }
    }
    free(waiting);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    bool is_fake = argc > 1 && !strcmp(argv[1], "fake");
    int rooms = argc > 4 ? atoi(argv[2]) : 0, parallel = 32, bad = 0;
    room_size = argc > 4 ? atoi(argv[3]) : 0;
    for (int i = 5; i < argc; i++)
        if (sscanf(argv[i], "parallel=%d", &parallel) != 1 && sscanf(argv[i], "first=%d", &first_room) != 1) bad = 1;
    if (bad || rooms < 1 || room_size < 1 || room_size > 9999 || first_room < 0 || first_room + rooms > 999999
        || parallel < 1 || parallel > PARALLEL) {
        fputs("usage: join PORT|fake ROOMS SIZE MEMBERS [parallel=32] [first=0]\n", stderr);
        return 2;
    }
    member_count = rooms * room_size;
    tokens = calloc((size_t)member_count, sizeof *tokens);
    poller = epoll_create1(EPOLL_CLOEXEC);
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    double started = now();
    if (is_fake) for (int i = 0; i < member_count; i++) sprintf(tokens[i], "token-%016d", i);
    else join_all(rooms, parallel);
    double seconds = now() - started;

    FILE *file = fopen(argv[4], "w");
    if (!file) { perror(argv[4]); return 1; }
    for (int i = 0; i < member_count; i++)
        fprintf(file, "room%06d\t%s\tuser%04d\n", first_room + i / room_size, tokens[i], i % room_size);
    if (fclose(file)) { perror(argv[4]); return 1; }
    printf("{\"members\": %d, \"seconds\": %.4f, \"joins_per_second\": %.0f}\n", member_count, seconds,
           member_count / seconds);
}
