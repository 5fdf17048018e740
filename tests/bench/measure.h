/* measure.h: what load.c (datagrams) and stream.c (TCP peers) have in common: stamped messages, an exact
 * account of what arrived, closed and open loops.
 *
 * Every message carries a stamp of 32 hex digits: time due 16, number of the message 8, sender 8. A run is one
 * line on standard input and answered by one line of JSON:
 *
 *     closed WINDOW [seconds=1] [senders=4] [spread=0]     WINDOW messages outstanding
 *     open RATE [seconds=1] [senders=4] [spread=0]         RATE messages a second, evenly spaced, whatever comes
 *                   back; latency counts from the moment a message was due, so a stalled sender does not look good
 *
 *   senders         members of each room that send (in turn, room after room); all receive
 *   spread          sizes vary by up to so many octets, so that no two messages in a row have the same
 *
 * Who includes it defines send_message() and drain(). */
#ifndef MEASURE_H
#define MEASURE_H
#include <endian.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "members.h"

enum {
    STAMP = 32,
    MIN_TEXT = 40,            /* octets of text in a message */
    MAX_TEXT = 4000,
    MAX_LATENCY = 1000000,    /* us; longer counts as this */
};
static const uint64_t MILLISECOND = 1000000, SECOND = 1000000000;

struct sender {
    int member, receivers;                        /* receivers: how often each message must arrive */
    uint32_t number;                              /* of its latest message; they count from 1 */
    uint8_t *octets, *stamp;                      /* what is sent, and where the stamp is in it */
    size_t size;
};

static struct sender *senders;                    /* one of each room, then the next of each room */
static int most_senders = 10;                     /* of a room, in any run */
static bool hears_itself;                         /* the peer sends a message back to its sender too */
static uint32_t *latest, *histogram;              /* latest number, by receiver and seat of the sender */
static uint64_t sent, expected, delivered, duplicates, reordered, misdelivered, notices, rejected;
static uint64_t last_arrival;

static bool send_message(struct sender *sender, size_t size);     /* `size` octets of it; false: it cannot go */
static int drain(int patience);                   /* takes what has arrived; waits up to `patience` ms for the first */

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void put_hex(uint8_t *to, uint64_t value, int digits)
{
    while (digits--) { to[digits] = (uint8_t)"0123456789abcdef"[value & 15]; value >>= 4; }
}

static uint32_t get_hex8(const uint8_t *from)     /* eight digits at once: this runs per delivery */
{
    uint64_t x;
    memcpy(&x, from, 8);
    x = be64toh(x);
    x = (x & 0x0f0f0f0f0f0f0f0f) + 9 * (x >> 6 & 0x0101010101010101);
    x = (x | x >> 4) & 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    return (uint32_t)(x | x >> 16);
}

/* A message has arrived at `receiver`, at the time `last_arrival`. */
static void take_stamp(int receiver, const uint8_t *stamp)
{
    uint64_t due = (uint64_t)get_hex8(stamp) << 32 | get_hex8(stamp + 8);
    uint32_t number = get_hex8(stamp + 16), sender = get_hex8(stamp + 24);
    if (sender >= (uint32_t)member_count || members[sender].seat >= most_senders
        || (sender == (uint32_t)receiver && !hears_itself)
        || members[sender].room_number != members[receiver].room_number) { misdelivered++; return; }

    uint32_t *before = &latest[receiver * most_senders + members[sender].seat];
    if (number == *before) { duplicates++; return; }
    if (number < *before) reordered++; else *before = number;
    uint64_t latency = (last_arrival - due) / 1000;
    histogram[latency < MAX_LATENCY ? latency : MAX_LATENCY]++;
    delivered++;
}

static void allow_many_sockets(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Before registering: what has room for the account of all members. */
static void prepare_account(void)
{
    for (int i = 0; i < room_count; i++) {
        if (most_senders > rooms[i].size) most_senders = rooms[i].size;
        if (rooms[i].size < 2) { fputs("a room needs two members\n", stderr); exit(2); }
    }
    senders = allocate((size_t)most_senders * (size_t)room_count, sizeof *senders);
    for (int i = 0; i < most_senders * room_count; i++) {
        struct room *room = &rooms[i % room_count];
        senders[i].member = room->first + i / room_count;
        senders[i].receivers = room->size - !hears_itself;
    }
    latest = allocate((size_t)member_count * (size_t)most_senders, sizeof *latest);
    histogram = allocate(MAX_LATENCY + 1, sizeof *histogram);
}

static void send_next(struct sender *sender, uint64_t due, size_t spread)
{
    put_hex(sender->stamp, due, 16);
    put_hex(sender->stamp + 16, ++sender->number, 8);
    put_hex(sender->stamp + 24, (uint64_t)sender->member, 8);
    size_t less = spread ? (size_t)sent * 7 % (spread + 1) : 0;
    if (!send_message(sender, sender->size - less)) return;
    sent++;
    expected += (uint64_t)sender->receivers;
}

static void run_closed(int count, double window, size_t spread, uint64_t end)
{
    uint64_t given_up = 0, receivers = 0;
    for (int i = 0; i < room_count; i++) receivers += (uint64_t)(rooms[i].size - !hears_itself);
    uint64_t most = (uint64_t)(window * (double)receivers / room_count);
    for (int next = 0; now() < end;) {
        for (int burst = 0; burst < 4 && expected < delivered + given_up + most; burst++) {
            send_next(&senders[next], now(), spread);
            next = (next + 1) % count;
        }
        drain(0);
        if (now() > last_arrival + 100 * MILLISECOND) {   /* nothing comes any more: lost */
            given_up = expected > delivered ? expected - delivered : 0;
            last_arrival = now();
        }
    }
}

static uint64_t run_open(int count, double rate, size_t spread, uint64_t start, uint64_t end)
{
    uint64_t due = start, late = 0;
    for (uint64_t i = 0; due < end;) {
        uint64_t time = now();
        for (int burst = 0; burst < 16 && due <= time && due < end; burst++) {
            late += time > due + MILLISECOND;
            send_next(&senders[i++ % (uint64_t)count], due, spread);
            due = start + (uint64_t)((double)i * 1e9 / rate);
        }
        drain(0);
    }
    return late;
}

static unsigned percentile(double share)
{
    uint64_t below = 0, wanted = (uint64_t)(share * (double)delivered);
    unsigned us = 0;
    while (us < MAX_LATENCY && (below += histogram[us]) <= wanted) us++;
    return us;
}

static void run(const char *line, int registered)
{
    char loop[8] = "";
    double amount = 0, seconds = 1;
    int per_room = 4, at = 0, used;
    unsigned spread = 0;
    bool bad = sscanf(line, "%7s %lf%n", loop, &amount, &at) != 2 || amount <= 0;
    bool open_loop = !strcmp(loop, "open");
    while (!bad && line[at] == ' ') {
        used = 0;
        if (!sscanf(line + at, " seconds=%lf%n", &seconds, &used) || !used)
            if (!sscanf(line + at, " senders=%d%n", &per_room, &used) || !used)
                if (!sscanf(line + at, " spread=%u%n", &spread, &used) || !used) bad = true;
        at += used;
    }
    if (bad || (!open_loop && strcmp(loop, "closed")) || per_room < 1 || seconds <= 0 || seconds > 3600
        || (spread && (size_t)(senders[0].octets + senders[0].size - senders[0].stamp) < STAMP + spread)) {
        fputs("want: closed WINDOW|open RATE [seconds=1] [senders=4] [spread=0]\n", stderr);
        exit(2);
    }
    if (per_room > most_senders) per_room = most_senders;
    sent = expected = delivered = duplicates = reordered = misdelivered = notices = rejected = 0;
    memset(histogram, 0, (MAX_LATENCY + 1) * sizeof *histogram);
    alarm((unsigned)seconds + 120);

    int count = per_room * room_count;
    uint64_t late = 0, start = now(), end = start + (uint64_t)(seconds * 1e9);
    last_arrival = start;
    if (open_loop) late = run_open(count, amount, spread, start, end);
    else run_closed(count, amount, spread, end);
    for (last_arrival = now(); delivered < expected && now() < last_arrival + 300 * MILLISECOND;) drain(0);
    while (drain(5) > 0) {}                       /* what nobody expects any more: duplicates */

    printf("{\"members\": %d, \"rooms\": %d, \"registered\": %d, \"senders\": %d, \"seconds\": %g, \"sent\": %lu, "
           "\"expected\": %lu, \"delivered\": %lu, \"lost\": %ld, \"duplicates\": %lu, \"reordered\": %lu, "
           "\"misdelivered\": %lu, \"notices\": %lu, \"rejected\": %lu, \"late\": %lu, "
           "\"messages_per_second\": %.0f, \"deliveries_per_second\": %.0f, "
           "\"p50_us\": %u, \"p99_us\": %u, \"p99_9_us\": %u, \"max_us\": %u}\n",
           member_count, room_count, registered, count, seconds, sent, expected, delivered,
           (long)(expected - delivered), duplicates, reordered, misdelivered, notices, rejected, late,
           (double)sent / seconds, (double)delivered / seconds,
           percentile(.5), percentile(.99), percentile(.999), percentile(1 - 1e-12));
    fflush(stdout);
}

/* Says `REGISTERED n`, then does one run for each line of standard input, until it ends. */
static void serve_runs(int registered)
{
    char line[256];
    printf("REGISTERED %d\n", registered);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        while (drain(0) > 0) {}                   /* late arrivals belong to no run */
        line[strcspn(line, "\n")] = 0;
        run(line, registered);
    }
}
#endif
