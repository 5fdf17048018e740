/* stream: load generator for chat servers over TCP: one thread, one connection per member.
 *
 *     stream PORT MEMBERS HELLO WELCOME MESSAGE [size=100] [senders=10] [echo=0]   then runs: see measure.h
 *
 *   HELLO, MESSAGE  what a member sends when it is connected, and for each message; both in hex, with {room}, {user}
 *                   and, in MESSAGE, {text} to be filled in
 *   WELCOME         in hex: when these octets have come, the member is registered
 *   echo            1: the server sends a message to its sender too
 *
 * It knows no protocol: it looks for the text of a message, which begins with "|" and the stamp, in whatever comes.
 * When all members are registered it prints `REGISTERED n`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "measure.h"

enum { KEPT = 64, BUFFER = 1 << 18, TEMPLATE = 8192 };

struct link {
    int fd;
    bool registered;
    size_t kept;                                  /* octets that may be the beginning of what is looked for */
    uint8_t rest[KEPT];
};

static int poller, registered_count;
static struct link *links;                        /* by member */
static uint8_t welcome[KEPT];
static size_t welcome_size;

/* ---- receiving ---- */

/* How much of the end of `data` must be kept, because what is looked for may go on in the next octets. */
static size_t take_octets(int member, const uint8_t *data, size_t size)
{
    struct link *link = &links[member];
    const uint8_t *at = data, *end = data + size;
    if (!link->registered) {
        if (memmem(data, size, welcome, welcome_size)) { link->registered = true; registered_count++; return 0; }
        return size < welcome_size ? size : welcome_size - 1;
    }
    while ((at = memchr(at, '|', (size_t)(end - at)))) {
        if (end - at < 1 + STAMP) return (size_t)(end - at);
        take_stamp(member, at + 1);
        at += 1 + STAMP;
    }
    return 0;
}

static void drain_link(int member)
{
    static uint8_t buffer[KEPT + BUFFER];
    struct link *link = &links[member];
    ssize_t got;
    do {
        memcpy(buffer, link->rest, link->kept);
        got = recv(link->fd, buffer + link->kept, BUFFER, MSG_DONTWAIT);
        if (got < 0) return;
        if (got == 0) { fprintf(stderr, "stream: member %d: the server closed the connection\n", member); exit(1); }
        last_arrival = now();
        size_t size = link->kept + (size_t)got;
        link->kept = take_octets(member, buffer, size);
        memcpy(link->rest, buffer + size - link->kept, link->kept);
    } while (got == BUFFER);
}

static int drain(int patience)
{
    static struct epoll_event events[2048];
    int count = epoll_wait(poller, events, 2048, patience);
    for (int i = 0; i < count; i++) drain_link((int)events[i].data.u32);
    return count;
}

/* ---- sending ---- */

static bool send_all(int member, const uint8_t *octets, size_t size)
{
    while (size) {
        ssize_t done = send(links[member].fd, octets, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done < 0 && errno != EAGAIN) return false;
        if (done > 0) { octets += done; size -= (size_t)done; }
        else drain(1);
    }
    return true;
}

static bool send_message(struct sender *sender, size_t size)
{
    return send_all(sender->member, sender->octets, size);
}

/* ---- templates ---- */

static size_t from_hex(const char *hex, uint8_t *to, size_t room)
{
    size_t size = strlen(hex) / 2;
    unsigned value;
    if (size > room) { fputs("stream: a template is too long\n", stderr); exit(2); }
    for (size_t i = 0; i < size; i++) {
        if (sscanf(hex + 2 * i, "%2x", &value) != 1) { fputs("stream: not hex\n", stderr); exit(2); }
        to[i] = (uint8_t)value;
    }
    return size;
}

/* Copies a template; `*text` becomes where {text} begins, if it has one. */
static size_t fill(const uint8_t *template, size_t size, const struct member *member, size_t text_size,
                   uint8_t *to, uint8_t **text)
{
    uint8_t *start = to;
    for (size_t i = 0; i < size;) {
        const char *with = NULL;
        if (size - i >= 6 && !memcmp(template + i, "{room}", 6)) with = member->room;
        if (size - i >= 6 && !memcmp(template + i, "{user}", 6)) with = member->user;
        if (with) {
            to = (uint8_t *)stpcpy((char *)to, with);
            i += 6;
        } else if (size - i >= 6 && !memcmp(template + i, "{text}", 6)) {
            *text = to;
            memset(to, 'm', text_size);
            *to = '|';
            to += text_size;
            i += 6;
        } else *to++ = template[i++];
    }
    return (size_t)(to - start);
}

static void prepare_messages(const uint8_t *template, size_t size, size_t text_size)
{
    for (int i = 0; i < most_senders * room_count; i++) {
        struct sender *sender = &senders[i];
        uint8_t *text = NULL;
        sender->octets = allocate(TEMPLATE + 3 * 255 + text_size, 1);
        sender->size = fill(template, size, &members[sender->member], text_size, sender->octets, &text);
        if (!text) { fputs("stream: MESSAGE has no {text}\n", stderr); exit(2); }
        sender->stamp = text + 1;
    }
}

static void connect_members(int port, const uint8_t *hello, size_t size)
{
    static uint8_t filled[TEMPLATE + 3 * 255];
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    allow_many_sockets();
    poller = epoll_create1(EPOLL_CLOEXEC);
    links = allocate((size_t)member_count, sizeof *links);
    for (int i = 0; i < member_count; i++) {
        uint8_t *text;
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        links[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (links[i].fd < 0 || connect(links[i].fd, (struct sockaddr *)&server, sizeof server)
            || setsockopt(links[i].fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int))
            || epoll_ctl(poller, EPOLL_CTL_ADD, links[i].fd, &event)) { perror("stream: connect"); exit(1); }
        send_all(i, filled, fill(hello, size, &members[i], 0, filled, &text));
        while (!links[i].registered && drain(5000) > 0) {}
        if (!links[i].registered) { fprintf(stderr, "stream: no welcome for member %d\n", i); exit(1); }
    }
}

int main(int argc, char **argv)
{
    static uint8_t hello[TEMPLATE], message[TEMPLATE];
    int size = 100, flag, bad = argc < 6;
    for (int i = 6; i < argc; i++) {
        if (sscanf(argv[i], "echo=%d", &flag) == 1) hears_itself = flag;
        else if (sscanf(argv[i], "senders=%d", &most_senders) != 1 && sscanf(argv[i], "size=%d", &size) != 1) bad = 1;
    }
    if (bad || size < MIN_TEXT || size > MAX_TEXT || most_senders < 1) {
        fputs("usage: stream PORT MEMBERS HELLO WELCOME MESSAGE [size=100] [senders=10] [echo=0]\n", stderr);
        return 2;
    }
    read_members(argv[2]);
    size_t hello_size = from_hex(argv[3], hello, sizeof hello), message_size = from_hex(argv[5], message, sizeof message);
    welcome_size = from_hex(argv[4], welcome, sizeof welcome);
    if (!welcome_size) bad = 1;
    prepare_account();
    prepare_messages(message, message_size, (size_t)size);
    alarm(120);
    connect_members(atoi(argv[1]), hello, hello_size);
    while (drain(100) > 0) {}
    serve_runs(registered_count);
}
