/* load: load generator for a TCRP server or for relay.c: one thread, one UDP socket per member.
 *
 *     load PORT MEMBERS [size=100] [senders=10] [gro=0]        then runs on standard input: see measure.h
 *
 *   size            octets of text in a message
 *   senders         the most members of a room that will send in any run
 *   gro             1: sockets take several datagrams as one (UDP_GRO), as our client does
 *
 * Each member registers with an empty datagram, repeated while nothing comes back; then it prints `REGISTERED n`.
 * Datagrams that begin with 0x00 are notices: counted apart. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "measure.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
    BATCH = 16,               /* datagrams taken from a socket in one call */
    SLOT = 128,               /* octets kept of a relay datagram: user (64), ": ", stamp (32) */
    GRO_SLOT = 65536,
    REGISTRATIONS = 32,       /* waiting for an answer at once */
    REJECTED = 6,             /* notice kind */
};

static int poller, *sockets;                      /* by member */
static bool *registered, gro;                     /* registered: something came back */
static int registered_count;

/* ---- receiving ---- */

static void take_datagram(int receiver, const uint8_t *data, size_t size)
{
    if (size && data[0] == 0) {
        notices++;
        rejected += size > 1 && data[1] == REJECTED;
        return;
    }
    const uint8_t *colon = memchr(data, ':', size);       /* user names have none */
    if (colon && colon + 2 + STAMP <= data + size) take_stamp(receiver, colon + 2);
    else misdelivered++;
}

static void drain_socket(int receiver)
{
    static uint8_t *buffer;
    static struct iovec parts[BATCH];
    static struct mmsghdr in[BATCH];
    static union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control[BATCH];
    size_t slot = gro ? GRO_SLOT : SLOT;
    if (!buffer) {
        buffer = allocate(BATCH, slot);
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){buffer + (size_t)i * slot, slot};
            in[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        }
    }
    int count;
    do {
        for (int i = 0; gro && i < BATCH; i++) {
            in[i].msg_hdr.msg_control = &control[i];
            in[i].msg_hdr.msg_controllen = sizeof control[i].room;
        }
        count = recvmmsg(sockets[receiver], in, BATCH, MSG_DONTWAIT, NULL);
        if (count <= 0) return;
        last_arrival = now();
        if (!registered[receiver]) { registered[receiver] = true; registered_count++; }
        for (int i = 0; i < count; i++) {
            const uint8_t *data = parts[i].iov_base;
            size_t size = in[i].msg_len, segment = size ? size : 1;
            if (gro) {
                struct cmsghdr *option = CMSG_FIRSTHDR(&in[i].msg_hdr);
                if (option && option->cmsg_level == IPPROTO_UDP && option->cmsg_type == UDP_GRO)
                    segment = (size_t)*(int *)CMSG_DATA(option);
            }
            for (size_t at = 0; at < size; at += segment)
                take_datagram(receiver, data + at, size - at < segment ? size - at : segment);
        }
    } while (count == BATCH);
}

static int drain(int patience)
{
    static struct epoll_event events[2048];
    int count = epoll_wait(poller, events, 2048, patience);
    for (int i = 0; i < count; i++) drain_socket((int)events[i].data.u32);
    return count;
}

/* ---- members ---- */

static void open_sockets(int port)
{
    struct sockaddr_in any_port = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in server = any_port;
    server.sin_port = htons((uint16_t)port);
    allow_many_sockets();
    poller = epoll_create1(EPOLL_CLOEXEC);
    sockets = allocate((size_t)member_count, sizeof *sockets);
    for (int i = 0; i < member_count; i++) {
        sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUF, &(int){1 << 20}, sizeof(int));
        if (gro) setsockopt(sockets[i], IPPROTO_UDP, UDP_GRO, &(int){1}, sizeof(int));
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (bind(sockets[i], (struct sockaddr *)&any_port, sizeof any_port)
            || connect(sockets[i], (struct sockaddr *)&server, sizeof server)
            || epoll_ctl(poller, EPOLL_CTL_ADD, sockets[i], &event)) {
            perror("socket (is `ulimit -Hn` above the number of members?)");
            exit(1);
        }
    }
}

/* The datagram up to the text; returns its size. */
static size_t put_header(uint8_t *datagram, const struct member *member)
{
    datagram[0] = member->room_size;
    datagram[1] = member->token_size;
    memcpy(datagram + 2, member->room, member->room_size);
    memcpy(datagram + 2 + member->room_size, member->token, member->token_size);
    return 2u + member->room_size + member->token_size;
}

/* A few members at a time: the newcomer and its whole room hear of it, and no buffer may overflow.
 * A server that confirms nothing gets a slow, steady trickle instead. */
static void register_members(void)
{
    for (int attempt = 0; attempt < 3 && registered_count < member_count; attempt++) {
        for (int i = 0, waiting = 0, seen = registered_count; i < member_count; i++) {
            uint8_t datagram[2 + 255 + 255];
            if (registered[i]) continue;
            send(sockets[i], datagram, put_header(datagram, &members[i]), 0);
            if (++waiting < REGISTRATIONS) continue;
            while (drain(registered_count ? 200 : 5) > 0 && registered_count < seen + waiting) {}
            seen = registered_count;
            waiting = 0;
        }
        while (drain(100) > 0) {}
    }
}

static void prepare_datagrams(size_t text_size)
{
    for (int i = 0; i < most_senders * room_count; i++) {
        struct sender *sender = &senders[i];
        sender->octets = allocate(2 + 255 + 255 + text_size, 1);
        sender->stamp = sender->octets + put_header(sender->octets, &members[sender->member]);
        sender->size = (size_t)(sender->stamp - sender->octets) + text_size;
        memset(sender->stamp, 'm', text_size);
    }
}

static bool send_message(struct sender *sender, size_t size)
{
    return send(sockets[sender->member], sender->octets, size, 0) >= 0;
}

int main(int argc, char **argv)
{
    int size = 100, flag, bad = argc < 3;
    for (int i = 3; i < argc; i++) {
        if (sscanf(argv[i], "gro=%d", &flag) == 1) gro = flag;
        else if (sscanf(argv[i], "senders=%d", &most_senders) != 1 && sscanf(argv[i], "size=%d", &size) != 1) bad = 1;
    }
    if (bad || size < MIN_TEXT || size > MAX_TEXT || most_senders < 1) {
        fputs("usage: load PORT MEMBERS [size=100] [senders=10] [gro=0]\n", stderr);
        return 2;
    }
    read_members(argv[2]);
    registered = allocate((size_t)member_count, sizeof *registered);
    prepare_account();
    prepare_datagrams((size_t)size);
    alarm(120);
    open_sockets(atoi(argv[1]));
    register_members();
    serve_runs(registered_count);
}
