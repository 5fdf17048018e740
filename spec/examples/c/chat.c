/* A complete TCRP chat client over ../../codecs/c/tcrp.h, with POSIX and nothing else.
 *
 *     cc -std=c11 -o chat chat.c
 *     ./chat [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM
 *
 * Each line of standard input is sent to the room; its end leaves. Standard output has lines `user: text`, and
 * standard error the events. Exit 0: left, or the room was closed; 2: wrong usage; 3: refused; 4: no valid
 * answer; 5: no datagrams get through; 6: removed; 130: interrupted. Numbers such as (5.5) refer to
 * sections of spec/tcrp.md. */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../../codecs/c/tcrp.h"

enum { USAGE = 2, REFUSED, NO_ANSWER, NO_DATAGRAMS, REMOVED, INTERRUPTED = 130, LONGEST = 65536 };

static volatile sig_atomic_t interrupts;

static void interrupt(int number)
{
    (void)number;
    interrupts++;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- display (8.5): text from peers is one line and cannot control the terminal ---- */

static const uint32_t ignorable[][2] = { /* Default_Ignorable_Code_Point (8.1) */
    {0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};
static const uint32_t marks[][2] = { /* the blocks of combining marks */
    {0x300, 0x36F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}};
static const uint32_t joining[][2] = { /* needed in emoji and in scripts other than Latin */
    {0x180B, 0x180F}, {0x200C, 0x200D}, {0xFE00, 0xFE0F}, {0xE0100, 0xE01EF}};

static bool is_in(uint32_t code, const uint32_t ranges[][2], size_t count)
{
    while (count > 0 && (code < ranges[count - 1][0] || code > ranges[count - 1][1])) {
        count--;
    }
    return count > 0;
}

#define IS_IN(code, ranges) is_in(code, ranges, sizeof ranges / sizeof *ranges)

static uint32_t code_of(const uint8_t *sequence, size_t size)
{
    uint32_t code = size == 1 ? sequence[0] : sequence[0] & (0xFFu >> (size + 1));
    for (size_t index = 1; index < size; index++) {
        code = code << 6 | (sequence[index] & 0x3F);
    }
    return code;
}

static void show(FILE *file, tcrp_slice text)
{
    uint32_t before = ' ', in_a_row = 0;
    for (size_t at = 0; at < text.size;) {
        size_t size = tcrp_utf8_sequence(text.octets + at, text.size - at);
        uint32_t code = size == 0 ? 0xFFFD : code_of(text.octets + at, size);
        bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
        in_a_row = IS_IN(code, marks) ? in_a_row + 1 : 0;
        if (code == '\t') {
            fputc(' ', file);
        } else if (size == 0 || is_control || (IS_IN(code, ignorable) && !(IS_IN(code, joining) && before >= 0x2E0))) {
            fputs("\xEF\xBF\xBD", file);
        } else if (in_a_row <= 8) {
            fwrite(text.octets + at, 1, size, file);
        }
        before = code;
        at += size == 0 ? 1 : size;
    }
}

/* A note. Dim in a terminal, so that no chat line can look like one. */
static void note(tcrp_slice text)
{
    bool is_terminal = isatty(STDERR_FILENO);
    fputs(is_terminal ? "\x1b[2m* " : "* ", stderr);
    show(stderr, text);
    fputs(is_terminal ? "\x1b[0m\n" : "\n", stderr);
}

static void say(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    note(tcrp_text(text));
}

#define END(exit_code, ...) (say(__VA_ARGS__), exit(exit_code))

static void must(int exit_code, tcrp_fault fault)
{
    if (fault.code != TCRP_OK) {
        END(exit_code, "%s: %s", fault.field, tcrp_error_name(fault.code));
    }
}

/* Reads a line from the terminal without echo; "" if standard input is not a terminal. */
static void ask_secret(const char *question, char *secret, size_t size)
{
    struct termios shown, hidden;
    ssize_t got = 0;
    if (tcgetattr(STDIN_FILENO, &shown) != 0) {
        return;
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fputs(question, stderr);
    got = read(STDIN_FILENO, secret, size - 1);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputs("\n", stderr);
    if (interrupts > 0) {
        exit(INTERRUPTED);
    }
    secret[got > 0 ? got : 0] = '\0';
    secret[strcspn(secret, "\r\n")] = '\0';
}

/* ---- the control connection (5): one request, its RESPONSE, and a COMPLETE if that is OK ---- */

static const char *room, *user;
static uint8_t token[TCRP_LIMIT_TOKEN_SIZE];
static size_t token_size;

static void wait_for(int socket, short events, double deadline)
{
    struct pollfd waiting = {socket, events, 0};
    double left = deadline - seconds();
    int ready = left <= 0 ? 0 : poll(&waiting, 1, (int)(left * 1000) + 1);
    if (interrupts > 0) {
        exit(INTERRUPTED);
    }
    if (ready <= 0) {
        END(NO_ANSWER, "the server does not answer");
    }
}

static int connect_to(const char *host, const char *port, double deadline)
{
    struct addrinfo wanted, *found, *each;
    int socket_ = -1, error;
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_socktype = SOCK_STREAM;
    error = getaddrinfo(host, port, &wanted, &found);
    if (error != 0) {
        END(NO_ANSWER, "%s: %s", host, gai_strerror(error));
    }
    error = 0;
    for (each = found; each != NULL; each = each->ai_next) {
        socklen_t size = sizeof error;
        socket_ = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        error = socket_ < 0 || fcntl(socket_, F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
        if (error == 0 && connect(socket_, each->ai_addr, each->ai_addrlen) < 0) {
            error = errno;
            if (error == EINPROGRESS) {
                wait_for(socket_, POLLOUT, deadline);
                getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
            }
        }
        if (error == 0) {
            break;
        }
        close(socket_);
    }
    freeaddrinfo(found);
    if (error != 0) {
        END(NO_ANSWER, "%s: %s", host, strerror(error));
    }
    return socket_;
}

/* The next frame, whose state must be `state`. */
static tcrp_control_frame reply(int connection, tcrp_control_frame_reader *reader, uint8_t state, double deadline)
{
    tcrp_control_frame frame;
    tcrp_fault fault;
    while ((fault = tcrp_control_frame_reader_next(reader, &frame)).is_incomplete) {
        uint8_t octets[4096];
        ssize_t size;
        wait_for(connection, POLLIN, deadline);
        size = recv(connection, octets, sizeof octets, 0);
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
            END(NO_ANSWER, "the server has closed the connection");
        }
        tcrp_control_frame_reader_feed(reader, octets, size < 0 ? 0 : (size_t)size);
    }
    must(NO_ANSWER, fault);
    if (frame.state != state) {
        END(NO_ANSWER, "unexpected answer from the server");
    }
    return frame;
}

/* The status of the answer; if it is OK, there is a token, and `*connection` is still open. */
static uint8_t enter(const char *host, const char *port, uint8_t operation, const char *password, int *connection)
{
    static uint8_t octets[TCRP_CONTROL_FRAME_READER_SPACE(TCRP_LIMIT_REPLY_ACCEPT)], payload[TCRP_LIMIT_REQUEST_ACCEPT];
    const double deadline = seconds() + TCRP_TIMER_ANSWER_TIMEOUT;
    tcrp_request_payload request = {tcrp_text(user), tcrp_text(password), {NULL, 0}};
    tcrp_control_frame frame = {tcrp_text(room), operation, TCRP_STATE_REQUEST, {payload, 0}};
    tcrp_control_frame_reader reader;
    tcrp_response_payload response;
    tcrp_complete_payload complete;
    size_t size;
    must(USAGE, tcrp_encode_request_payload(&request, payload, sizeof payload, &frame.operation_payload.size));
    must(USAGE, tcrp_encode_control_frame(&frame, octets, sizeof octets, &size));
    *connection = connect_to(host, port, deadline);
    wait_for(*connection, POLLOUT, deadline);
    if (send(*connection, octets, size, 0) != (ssize_t)size) { /* a new connection takes so few octets at once */
        END(NO_ANSWER, "the server has closed the connection");
    }
    tcrp_control_frame_reader_init(&reader, octets, sizeof octets, TCRP_LIMIT_REPLY_ACCEPT);
    frame = reply(*connection, &reader, TCRP_STATE_RESPONSE, deadline);
    must(NO_ANSWER, tcrp_decode_response_payload(frame.operation_payload.octets, frame.operation_payload.size, &response));
    if (response.status != TCRP_STATUS_OK) {
        close(*connection);
        return response.status;
    }
    frame = reply(*connection, &reader, TCRP_STATE_COMPLETE, deadline);
    must(NO_ANSWER, tcrp_decode_complete_payload(frame.operation_payload.octets, frame.operation_payload.size, &complete));
    token_size = complete.token.size;
    memcpy(token, complete.token.octets, token_size);
    return response.status;
}

static const char *meaning(uint8_t status)
{
    static const char *const words[] = {
        "ok", "a room of that name exists", "no room of that name is open", "wrong password", "invalid request",
        "the server failed; try later", "that user name is in use", "the room is full", "too often; try later",
        "the server is full; try later", "the server is shutting down"};
    return status < sizeof words / sizeof *words ? words[status] : "for a reason that this client does not know";
}

/* ---- what the user sends (8.4) ---- */

static uint8_t typed[LONGEST], text[3 * LONGEST]; /* what was read; the line that is being sent */
static size_t typed_size, text_size, text_at;

/* The next line, or as much as fits, without control characters; invalid UTF-8 becomes U+FFFD. */
static bool take_line(bool is_ended)
{
    uint8_t *stop = memchr(typed, '\n', typed_size);
    size_t end = stop == NULL ? typed_size : (size_t)(stop - typed), at = 0;
    if (stop == NULL && typed_size < LONGEST - 4 && !(is_ended && typed_size > 0)) {
        return false;
    }
    text_size = text_at = 0;
    while (at < end) {
        size_t size = tcrp_utf8_sequence(typed + at, end - at);
        uint32_t code = size == 0 ? 0xFFFD : code_of(typed + at, size);
        if (size == 0 && stop == NULL && !is_ended && end - at < 4) {
            break; /* the rest of the character is still to come */
        }
        if (code == '\t' || (code >= 0x20 && (code < 0x7F || code > 0x9F))) {
            memcpy(text + text_size, size == 0 ? (const uint8_t *)"\xEF\xBF\xBD" : typed + at, size == 0 ? 3 : size);
            text_size += size == 0 ? 3 : size;
        }
        at += size == 0 ? 1 : size;
    }
    at += stop == NULL ? 0 : 1;
    typed_size -= at;
    memmove(typed, typed + at, typed_size);
    return true;
}

/* The part of the text for one message: all, or up to a character that no mark is attached to. */
static size_t piece(size_t limit)
{
    size_t at = text_at, whole = 0, good = 0;
    uint32_t before = 0;
    if (text_size - text_at <= limit) {
        return text_size - text_at;
    }
    while (at - text_at <= limit) {
        size_t size = tcrp_utf8_sequence(text + at, text_size - at);
        uint32_t code = code_of(text + at, size);
        whole = at - text_at;
        good = before == 0x200D || IS_IN(code, marks) || IS_IN(code, ignorable) ? good : whole;
        before = code;
        at += size;
    }
    return good > 0 ? good : whole;
}

/* ---- the membership (6, 7, 9.5) ---- */

static double sent_at;

static void send_message(int udp, const tcrp_chat_datagram_message *message)
{
    uint8_t octets[TCRP_LIMIT_CHAT_DATAGRAM_SIZE];
    tcrp_chat_datagram datagram = {tcrp_text(room), {token, token_size}, *message};
    size_t size;
    must(USAGE, tcrp_encode_chat_datagram(&datagram, octets, sizeof octets, &size));
    (void)!send(udp, octets, size, 0); /* a lost datagram is not sent again; an error is about an earlier one */
    sent_at = seconds();
}

static void send_control(int udp, uint8_t kind)
{
    tcrp_chat_datagram_message message;
    message.form = TCRP_CHAT_DATAGRAM_MESSAGE_CONTROL_MESSAGE;
    message.as.control_message.kind = kind;
    send_message(udp, &message);
}

/* Runs until the membership ends; returns the exit code. */
static int chat(int udp)
{
    size_t limit = TCRP_LIMIT_CHAT_DATAGRAM_SIZE - 2 - strlen(room) - token_size; /* (6.6) */
    size_t relayed = TCRP_LIMIT_RELAY_DATAGRAM_SIZE - 2 - strlen(user);
    bool is_member = false, is_ended = false;
    int exit_code = 0, asked = 0, left = 0, refused = 0; /* WHO, LEAVE, "port unreachable" in a row */
    double next = seconds(), heard = next, counted = next, allowance = TCRP_LIMIT_MESSAGE_BURST; /* (LIM-08) */
    limit = relayed < limit ? relayed : limit;
    for (;;) {
        double now = seconds();
        struct pollfd waiting[2] = {{udp, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        allowance += (now - counted) * TCRP_LIMIT_MESSAGE_RATE;
        allowance = allowance > TCRP_LIMIT_MESSAGE_BURST ? TCRP_LIMIT_MESSAGE_BURST : allowance;
        counted = now;
        if (interrupts > 0) {
            exit_code = INTERRUPTED;
            if (interrupts > 1) {
                return exit_code;
            }
        }
        /* One message of the allowance is kept for WHO. */
        while (is_member && left == 0 && allowance >= 2 && (text_at < text_size || take_line(is_ended))) {
            size_t size = piece(limit);
            if (size > 0) { /* an empty line would be a keepalive */
                tcrp_chat_datagram_message message;
                message.form = TCRP_CHAT_DATAGRAM_MESSAGE_TEXT_MESSAGE;
                message.as.text_message.text.octets = text + text_at;
                message.as.text_message.text.size = size;
                send_message(udp, &message);
                allowance--;
            }
            text_at += size;
        }
        if (left == 0 && (exit_code != 0 || (is_ended && is_member && text_at == text_size && typed_size == 0))) {
            next = now;
            left = 1;
        }
        if (left > 0 && now >= next) {
            if (left > TCRP_LIMIT_LEAVE_TRIES) {
                return exit_code;
            }
            send_control(udp, TCRP_CONTROL_KIND_LEAVE);
            left++;
            next = now + TCRP_TIMER_LEAVE_INTERVAL;
        } else if (left == 0 && (!is_member || asked > 0 || now - heard >= TCRP_TIMER_SILENCE_INTERVAL) && now >= next) {
            if (asked == TCRP_LIMIT_REGISTER_TRIES) {
                say("no datagrams get through between the server and this computer");
                return NO_DATAGRAMS;
            }
            send_control(udp, TCRP_CONTROL_KIND_WHO);
            asked++;
            allowance--;
            next = now + TCRP_TIMER_REGISTER_INTERVAL;
        } else if (now - sent_at >= TCRP_TIMER_KEEPALIVE_INTERVAL) {
            tcrp_chat_datagram_message message = {TCRP_CHAT_DATAGRAM_MESSAGE_KEEPALIVE, {{0}}};
            send_message(udp, &message);
        }
        if (poll(waiting, is_ended || typed_size >= LONGEST - 4 ? 1 : 2, 50) <= 0) { /* all timers are checked above */
            continue;
        }
        if (waiting[1].revents != 0) {
            ssize_t size = read(STDIN_FILENO, typed + typed_size, LONGEST - typed_size);
            is_ended = size == 0 || (size < 0 && errno != EINTR);
            typed_size += size > 0 ? (size_t)size : 0;
        }
        if (waiting[0].revents != 0) {
            uint8_t octets[TCRP_LIMIT_RELAY_DATAGRAM_SIZE + 1];
            ssize_t size = recv(udp, octets, sizeof octets, 0);
            tcrp_relay_datagram relay;
            if (size < 0) {
                if (++refused == 3) {
                    say("the server is gone");
                    return left > 0 ? exit_code : NO_DATAGRAMS;
                }
                continue;
            }
            heard = seconds();
            refused = 0;
            asked = is_member ? 0 : asked;
            if (tcrp_decode_relay_datagram(octets, (size_t)size, &relay).code != TCRP_OK) {
                continue; /* an invalid datagram is ignored (RLY-08) */
            }
            if (relay.form == TCRP_RELAY_DATAGRAM_CHAT_LINE) {
                show(stdout, relay.as.chat_line.username);
                fputs(": ", stdout);
                show(stdout, relay.as.chat_line.text);
                fputs("\n", stdout);
                if (fflush(stdout) != 0) { /* nobody reads any more */
                    is_ended = true;
                    typed_size = text_size = text_at = 0;
                }
                continue;
            }
            note(relay.as.notice.text);
            switch (relay.as.notice.kind) {
            case TCRP_NOTICE_KIND_MEMBERS:
                is_member = true;
                asked = 0;
                break;
            case TCRP_NOTICE_KIND_LEFT:
                if (left > 0 && tcrp_equals(relay.as.notice.subject, user)) {
                    return exit_code;
                }
                break;
            case TCRP_NOTICE_KIND_ROOM_CLOSED:
            case TCRP_NOTICE_KIND_REMOVED:
                if (left == 0 && (text_at < text_size || typed_size > 0)) {
                    say("not all lines were sent");
                }
                return relay.as.notice.kind == TCRP_NOTICE_KIND_REMOVED && left == 0 ? REMOVED : exit_code;
            }
        }
    }
}

/* ---- the command line ---- */

static void usage(void)
{
    END(USAGE, "usage: chat [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM");
}

/* HOST, HOST:PORT, [HOST] or [HOST]:PORT; `*port` is unchanged if there is none. */
static char *split_address(char *address, const char **port)
{
    char *end = address[0] == '[' ? strchr(address, ']') : NULL, *colon = strchr(end != NULL ? end : address, ':');
    if (end == NULL && colon != NULL && strchr(colon + 1, ':') != NULL) {
        return address; /* an IPv6 address by itself */
    }
    if (end != NULL) {
        *end = '\0';
    }
    if (colon != NULL) {
        *colon = '\0';
        *port = colon + 1;
    }
    return end != NULL ? address + 1 : address;
}

int main(int argc, char **argv)
{
    static char password[TCRP_LIMIT_REQUEST_ACCEPT], server[512] = "localhost";
    char default_port[8];
    const char *host, *port = default_port, *file = NULL;
    struct sigaction on_signal;
    struct sockaddr_storage here, there;
    socklen_t size = sizeof here;
    uint8_t operation, status;
    int at, connection, udp;
    for (at = 1; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--server") == 0) {
            snprintf(server, sizeof server, "%s", argv[at + 1]);
        } else if (strcmp(argv[at], "--user") == 0) {
            user = argv[at + 1];
        } else if (strcmp(argv[at], "--password-file") == 0) {
            file = argv[at + 1];
        } else {
            usage();
        }
    }
    if (user == NULL || argc - at != 2 || (strcmp(argv[at], "create") != 0 && strcmp(argv[at], "join") != 0)) {
        usage();
    }
    operation = strcmp(argv[at], "create") == 0 ? TCRP_OPERATION_CREATE : TCRP_OPERATION_JOIN;
    room = argv[at + 1];
    snprintf(default_port, sizeof default_port, "%d", TCRP_PORT);
    host = split_address(server, &port);
    if (file != NULL) {
        FILE *opened = fopen(file, "r");
        if (opened == NULL || (fgets(password, sizeof password, opened) == NULL && ferror(opened))) {
            END(USAGE, "%s: %s", file, strerror(errno));
        }
        password[strcspn(password, "\r\n")] = '\0';
        fclose(opened);
    }
    memset(&on_signal, 0, sizeof on_signal);
    on_signal.sa_handler = interrupt;
    sigaction(SIGINT, &on_signal, NULL);
    sigaction(SIGTERM, &on_signal, NULL);
    on_signal.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &on_signal, NULL);
    if (operation == TCRP_OPERATION_CREATE && file == NULL) {
        ask_secret("Password for the room (empty: none): ", password, sizeof password);
    }
    status = enter(host, port, operation, password, &connection);
    if (status == TCRP_STATUS_WRONG_PASSWORD && file == NULL && isatty(STDIN_FILENO)) {
        ask_secret("Password of the room: ", password, sizeof password);
        status = enter(host, port, operation, password, &connection);
    }
    if (status != TCRP_STATUS_OK) {
        END(REFUSED, "refused: %s (status %d)", meaning(status), status);
    }
    /* Connected to the server's address, so that datagrams from others are dropped. */
    getsockname(connection, (struct sockaddr *)&here, &size);
    size = sizeof there;
    getpeername(connection, (struct sockaddr *)&there, &size);
    udp = socket(there.ss_family, SOCK_DGRAM, 0);
    memset((char *)&here + offsetof(struct sockaddr, sa_data), 0, 2); /* any port; it comes first in IPv4 and IPv6 */
    if (udp < 0 || bind(udp, (struct sockaddr *)&here, size) < 0 || connect(udp, (struct sockaddr *)&there, size) < 0) {
        END(NO_ANSWER, "%s", strerror(errno));
    }
    close(connection);
    return chat(udp);
}
