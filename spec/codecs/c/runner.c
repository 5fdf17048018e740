/* The C codec as a program for running the vectors; the contract is in ../../vectors/README.md.
 *
 *     runner decode MESSAGE    hex on standard input -> JSON of the fields
 *     runner encode MESSAGE    JSON of the fields on standard input -> hex
 *     runner lines             many requests, one per line
 *
 * Exit code 0: valid; 1: invalid; 2: incomplete; 64: wrong usage; 127: no such message here.
 * Built by: cc -std=c11 -o runner runner.c */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tcrp.h"

enum { VALID = 0, INVALID = 1, INCOMPLETE = 2, USAGE = 64, NOT_SUPPORTED = 127, DEEPEST = 900 };

/* ---- memory: everything lives until the request is answered ---- */

struct block {
    struct block *next;
};

static struct block *blocks;

static void *take(size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL) {
        fputs("runner: out of memory\n", stderr);
        exit(70);
    }
    block->next = blocks;
    blocks = block;
    return memset(block + 1, 0, size);
}

static void release_all(void)
{
    while (blocks != NULL) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

/* ---- text that grows ---- */

struct text {
    uint8_t *octets;
    size_t size, capacity;
};

static void put(struct text *text, const void *octets, size_t size)
{
    if (text->capacity - text->size < size) {
        uint8_t *larger = take(2 * (text->size + size));
        if (text->size > 0) {
            memcpy(larger, text->octets, text->size);
        }
        text->octets = larger;
        text->capacity = 2 * (text->size + size);
    }
    if (size > 0) {
        memcpy(text->octets + text->size, octets, size);
    }
    text->size += size;
}

static void print(struct text *text, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put(text, line, strlen(line));
}

static void put_string(struct text *text, tcrp_slice string)
{
    size_t index;
    print(text, "\"");
    for (index = 0; index < string.size; index++) {
        uint8_t octet = string.octets[index];
        if (octet < 0x20 || octet == '"' || octet == '\\' || octet == 0x7F) {
            print(text, "\\u%04x", octet);
        } else {
            put(text, &octet, 1);
        }
    }
    print(text, "\"");
}

static void put_hex(struct text *text, tcrp_slice octets)
{
    size_t index;
    for (index = 0; index < octets.size; index++) {
        print(text, "%02x", octets.octets[index]);
    }
}

/* A JSON payload on one line: characters below 0x20 only occur between values. */
static void put_json(struct text *text, tcrp_slice json)
{
    size_t index;
    for (index = 0; index < json.size; index++) {
        put(text, json.octets[index] < 0x20 ? (const uint8_t *)" " : json.octets + index, 1);
    }
}

/* ---- JSON of the fields: any, with lone surrogates, NaN and duplicate keys (the last one counts) ---- */

struct json {
    char kind; /* its first character; '0' for a number */
    tcrp_slice text; /* of a string or number */
    tcrp_slice key;
    struct json *first, *next;
};

static const uint8_t *at, *end;

static void skip_space(void)
{
    at = tcrp_json_space_(at, end);
}

static bool take_word(const char *word)
{
    if ((size_t)(end - at) < strlen(word) || memcmp(at, word, strlen(word)) != 0) {
        return false;
    }
    at += strlen(word);
    return true;
}

/* A lone surrogate becomes the three octets that UTF-8 would have for it. */
static bool parse_string(tcrp_slice *string)
{
    struct text text = {0};
    uint8_t character[4];
    if (!take_word("\"")) {
        return false;
    }
    while (at < end && *at != '"') {
        size_t size = tcrp_json_character_(&at, end, character);
        if (size == 0) {
            int32_t code = *at == '\\' && end - at >= 2 && at[1] == 'u' ? tcrp_json_hex_(at + 2, end) : -1;
            if (code < 0) {
                return false;
            }
            character[0] = (uint8_t)(0xE0 | (code >> 12));
            character[1] = (uint8_t)(0x80 | ((code >> 6) & 0x3F));
            character[2] = (uint8_t)(0x80 | (code & 0x3F));
            size = 3;
            at += 6;
        }
        put(&text, character, size);
    }
    *string = tcrp_slice_(text.octets == NULL ? (const uint8_t *)"" : text.octets, text.size);
    return take_word("\"");
}

static bool parse_number(tcrp_slice *number)
{
    const uint8_t *start = at;
    if (!take_word("NaN") && !take_word("Infinity") && !take_word("-Infinity")) {
        at += at < end && *at == '-' ? 1 : 0;
        if (!tcrp_is_digit_(at, end)) {
            return false;
        }
        if (*at == '0') {
            at++;
        }
        while (start[*start == '-' ? 1 : 0] != '0' && tcrp_is_digit_(at, end)) {
            at++;
        }
        if (end - at >= 2 && *at == '.' && tcrp_is_digit_(at + 1, end)) {
            for (at++; tcrp_is_digit_(at, end); at++) {
            }
        }
        if (at < end && (*at | 0x20) == 'e') {
            const uint8_t *digits = at + 1;
            digits += digits < end && (*digits == '-' || *digits == '+') ? 1 : 0;
            if (tcrp_is_digit_(digits, end)) {
                for (at = digits; tcrp_is_digit_(at, end); at++) {
                }
            }
        }
    }
    *number = tcrp_slice_(start, (size_t)(at - start));
    return true;
}

static struct json *find(const struct json *object, tcrp_slice key)
{
    struct json *member = object->first;
    while (member != NULL && (member->key.size != key.size || memcmp(member->key.octets, key.octets, key.size) != 0)) {
        member = member->next;
    }
    return member;
}

static bool parse(struct json *value, int depth)
{
    struct json **last = &value->first, *item;
    bool is_object;
    skip_space();
    if (at == end || depth > DEEPEST) {
        return false;
    }
    value->kind = (char)*at;
    if (*at == '"') {
        return parse_string(&value->text);
    }
    if (take_word("null") || take_word("true") || take_word("false")) {
        return true;
    }
    is_object = *at == '{';
    if (!take_word("{") && !take_word("[")) {
        value->kind = '0';
        return parse_number(&value->text);
    }
    skip_space();
    if (take_word(is_object ? "}" : "]")) {
        return true;
    }
    do {
        tcrp_slice key = {0};
        skip_space();
        if (is_object) {
            if (!parse_string(&key)) {
                return false;
            }
            skip_space();
            if (!take_word(":")) {
                return false;
            }
        }
        item = is_object ? find(value, key) : NULL;
        if (item == NULL) {
            item = *last = take(sizeof *item);
            last = &item->next;
        }
        item->key = key;
        item->first = NULL;
        if (!parse(item, depth + 1)) {
            return false;
        }
        skip_space();
    } while (take_word(","));
    return take_word(is_object ? "}" : "]");
}

/* The value as JSON text, in its shortest form. */
static void build(struct text *text, const struct json *value)
{
    const struct json *item;
    if (value->kind == '"') {
        tcrp_writing_ out = tcrp_writing_to_(NULL, 0);
        tcrp_put_json_string_(&out, value->text);
        out = tcrp_writing_to_(take(out.size), out.size);
        tcrp_put_json_string_(&out, value->text);
        put(text, out.buffer, out.size);
    } else if (value->kind == '0') {
        put(text, value->text.octets, value->text.size);
    } else if (value->kind != '{' && value->kind != '[') {
        print(text, value->kind == 'n' ? "null" : value->kind == 't' ? "true" : "false");
    } else {
        print(text, "%c", value->kind);
        for (item = value->first; item != NULL; item = item->next) {
            if (value->kind == '{') {
                struct json key = {'"', item->key, {0}, NULL, NULL};
                build(text, &key);
                print(text, ":");
            }
            build(text, item);
            print(text, item->next == NULL ? "" : ",");
        }
        print(text, value->kind == '{' ? "}" : "]");
    }
}

static tcrp_slice built(const struct json *value)
{
    struct text text = {0};
    if (value == NULL || value->kind == 'n') {
        return tcrp_slice_(NULL, 0);
    }
    build(&text, value);
    return tcrp_slice_(text.octets, text.size);
}

/* ---- from JSON to values ----
 *
 * C cannot hold a value of the wrong type. Such a field gets a valid value, and `first_wrong` the fault to report,
 * unless the codec finds one in an earlier field. */

static const char *const order[] = {
    "control_header.room_name_size", "control_header.operation", "control_header.state",
    "control_header.operation_payload_size",
    "control_frame.room_name_size", "control_frame.operation", "control_frame.state",
    "control_frame.operation_payload_size", "control_frame.room_name", "control_frame.operation_payload",
    "request_payload.json_request",
    "response_payload.status", "response_payload.detail", "complete_payload.token", "endpoint_announcement.port",
    "chat_datagram.room_name_size", "chat_datagram.token_size", "chat_datagram.room_name", "chat_datagram.token",
    "chat_datagram.message.control_message.kind", "chat_datagram.message.text_message.text", "chat_datagram.message",
    "chat_datagram",
    "relay_datagram.notice.kind", "relay_datagram.notice.subject", "relay_datagram.notice.text",
    "relay_datagram.chat_line.username", "relay_datagram.chat_line.text", "relay_datagram",
};

static tcrp_fault first_wrong;

static size_t place(const char *field)
{
    size_t index = 0;
    while (index < sizeof order / sizeof *order && strcmp(order[index], field) != 0) {
        index++;
    }
    return index;
}

static void wrong(tcrp_error_code code, const char *field)
{
    if (first_wrong.code == TCRP_OK || place(field) < place(first_wrong.field)) {
        first_wrong = tcrp_fault_(code, field, TCRP_NO_OFFSET);
    }
}

static struct json *member(const struct json *object, const char *name)
{
    return find(object, tcrp_text(name));
}

static tcrp_slice text_of(const struct json *value, const char *field)
{
    if (value->kind == '"') {
        return value->text;
    }
    wrong(TCRP_ERROR_BAD_TYPE, field);
    return tcrp_text("x");
}

/* A number as big-endian octets, as many as the field has. */
static void octets_of(const struct json *value, const char *field, uint8_t *octets, size_t size)
{
    const uint8_t *digit = value->text.octets;
    size_t left = value->text.size, index;
    bool is_negative, is_wrong = false;
    memset(octets, 0, size);
    for (index = 0; value->kind == '0' && index < left; index++) {
        is_wrong = is_wrong || (!tcrp_is_digit_(digit + index, digit + left) && (index > 0 || *digit != '-'));
    }
    if (value->kind != '0' || is_wrong) {
        wrong(TCRP_ERROR_BAD_TYPE, field);
        return;
    }
    is_negative = *digit == '-';
    for (index = is_negative ? 1 : 0; index < left; index++) {
        unsigned carry = digit[index] - (unsigned)'0', place_left = (unsigned)size;
        while (place_left-- > 0) {
            carry += octets[place_left] * 10u;
            octets[place_left] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry > 0 || (is_negative && digit[index] != '0')) {
            wrong(TCRP_ERROR_OUT_OF_RANGE, field);
            return;
        }
    }
}

static uint8_t u8_of(const struct json *value, const char *field)
{
    uint8_t octet;
    octets_of(value, field, &octet, 1);
    return octet;
}

/* Whether `value` is an object that has all of `names` and nothing else; a name behind "?" may be missing. */
static bool has_shape(const struct json *value, const char *const *names)
{
    size_t expected = 0;
    const struct json *item;
    if (value == NULL || value->kind != '{') {
        return false;
    }
    for (; *names != NULL; names++) {
        const char *name = **names == '?' ? *names + 1 : *names;
        if (member(value, name) != NULL) {
            expected++;
        } else if (name == *names) {
            return false;
        }
    }
    for (item = value->first; item != NULL; item = item->next) {
        expected--;
    }
    return expected == 0;
}

#define SHAPE(value, ...) has_shape(value, (const char *const[]){__VA_ARGS__, NULL})

static tcrp_fault bad_type(const char *field)
{
    return tcrp_fault_(TCRP_ERROR_BAD_TYPE, field, TCRP_NO_OFFSET);
}

static bool is_form(const struct json *value, const char *form)
{
    const struct json *found = value->kind == '{' ? member(value, "form") : NULL;
    return found != NULL && found->kind == '"' && tcrp_equals(found->text, form);
}

/* Octets written as hex, with white space between them. */
static bool unhex(tcrp_slice hex, tcrp_slice *octets)
{
    uint8_t *out = take(hex.size);
    size_t size = 0, index = 0;
    while (index < hex.size) {
        char digits[3] = {0}, *stop;
        if (strchr(" \t\n\v\f\r", hex.octets[index]) != NULL && hex.octets[index] != 0) {
            index++;
            continue;
        }
        memcpy(digits, hex.octets + index, hex.size - index < 2 ? 1 : 2);
        out[size++] = (uint8_t)strtoul(digits, &stop, 16);
        if (stop != digits + 2 || strchr("+-xX \t\n\v\f\r", digits[0]) != NULL || strchr("xX", digits[1]) != NULL) {
            return false;
        }
        index += 2;
    }
    *octets = tcrp_slice_(out, size);
    return true;
}

/* Encodes a message: first asks for its size, then encodes into a buffer of exactly that size. */
#define ENCODE(name)                                                     \
    do {                                                                 \
        size_t size;                                                     \
        fault = tcrp_encode_##name(&message, NULL, 0, &size);            \
        if (fault.code == TCRP_OK || fault.code == TCRP_ERROR_NO_SPACE) { \
            uint8_t *buffer = malloc(size);                              \
            fault = tcrp_encode_##name(&message, buffer, size, &size);   \
            put(octets, buffer, size);                                   \
            free(buffer);                                                \
        }                                                                \
    } while (0)

static tcrp_fault encode_control_header(const struct json *fields, struct text *octets)
{
    tcrp_control_header message;
    tcrp_fault fault;
    if (!SHAPE(fields, "room_name_size", "operation", "state", "operation_payload_size")) {
        return bad_type("control_header");
    }
    message.room_name_size = u8_of(member(fields, "room_name_size"), "control_header.room_name_size");
    message.operation = u8_of(member(fields, "operation"), "control_header.operation");
    message.state = u8_of(member(fields, "state"), "control_header.state");
    octets_of(member(fields, "operation_payload_size"), "control_header.operation_payload_size",
              message.operation_payload_size, sizeof message.operation_payload_size);
    ENCODE(control_header);
    return fault;
}

static tcrp_fault encode_control_frame(const struct json *fields, struct text *octets)
{
    tcrp_control_frame message = {0};
    tcrp_fault fault;
    const struct json *payload;
    if (!SHAPE(fields, "room_name", "operation", "state", "?operation_payload")) {
        return bad_type("control_frame");
    }
    payload = member(fields, "operation_payload");
    if (payload != NULL && (payload->kind != '"' || !unhex(payload->text, &message.operation_payload))) {
        return bad_type("control_frame.operation_payload");
    }
    message.room_name = text_of(member(fields, "room_name"), "control_frame.room_name_size");
    message.operation = u8_of(member(fields, "operation"), "control_frame.operation");
    message.state = u8_of(member(fields, "state"), "control_frame.state");
    ENCODE(control_frame);
    return fault;
}

static tcrp_fault encode_request_payload(const struct json *fields, struct text *octets)
{
    static const char field[] = "request_payload.json_request";
    const tcrp_fault bad_json = tcrp_fault_(TCRP_ERROR_BAD_JSON, field, TCRP_NO_OFFSET);
    tcrp_request_payload message = {0};
    tcrp_fault fault;
    const struct json *username, *password;
    if (!SHAPE(fields, "username", "?password", "?tcrp")) {
        return bad_type("request_payload");
    }
    username = member(fields, "username");
    password = member(fields, "password");
    message.tcrp = built(member(fields, "tcrp"));
    if (username->kind == '"') {
        message.username = username->text;
    } else if (username->kind != 'n') {
        return bad_json;
    }
    if (password != NULL && password->kind == '"') {
        message.password = password->text;
    } else if (password != NULL && password->kind != 'n') {
        /* JSON is built before types are checked: what cannot be built is reported before a user name's size. */
        tcrp_slice json = built(password);
        if (tcrp_utf8_prefix(json) < json.size || !tcrp_json_check(&json, 2)) {
            return bad_json;
        }
        wrong(TCRP_ERROR_BAD_JSON, "");
    }
    ENCODE(request_payload);
    if (fault.code == TCRP_OK && first_wrong.code != TCRP_OK) {
        return bad_json;
    }
    return fault;
}

static tcrp_fault encode_response_payload(const struct json *fields, struct text *octets)
{
    tcrp_response_payload message = {0};
    tcrp_fault fault;
    if (!SHAPE(fields, "status", "?detail")) {
        return bad_type("response_payload");
    }
    message.status = u8_of(member(fields, "status"), "response_payload.status");
    message.detail = built(member(fields, "detail"));
    ENCODE(response_payload);
    return fault;
}

static tcrp_fault encode_complete_payload(const struct json *fields, struct text *octets)
{
    tcrp_complete_payload message;
    tcrp_fault fault;
    if (!SHAPE(fields, "token")) {
        return bad_type("complete_payload");
    }
    message.token = text_of(member(fields, "token"), "complete_payload.token");
    ENCODE(complete_payload);
    return fault;
}

static tcrp_fault encode_endpoint_announcement(const struct json *fields, struct text *octets)
{
    tcrp_endpoint_announcement message;
    tcrp_fault fault;
    uint8_t port[2];
    if (!SHAPE(fields, "port")) {
        return bad_type("endpoint_announcement");
    }
    octets_of(member(fields, "port"), "endpoint_announcement.port", port, sizeof port);
    message.port = (uint16_t)(port[0] << 8 | port[1]);
    ENCODE(endpoint_announcement);
    return fault;
}

static tcrp_fault encode_chat_datagram(const struct json *fields, struct text *octets)
{
    static const char *const fields_of_control[] = {"form", "kind", NULL};
    static const char *const fields_of_text[] = {"form", "text", NULL};
    tcrp_chat_datagram message = {0};
    tcrp_fault fault;
    const struct json *inside;
    if (!SHAPE(fields, "room_name", "token", "?message")) {
        return bad_type("chat_datagram");
    }
    inside = member(fields, "message");
    if (inside == NULL || is_form(inside, "keepalive")) {
        message.message.form = TCRP_CHAT_DATAGRAM_MESSAGE_KEEPALIVE;
        if (inside != NULL && inside->first->next != NULL) {
            return bad_type("chat_datagram.message.keepalive");
        }
    } else if (is_form(inside, "control_message")) {
        message.message.form = TCRP_CHAT_DATAGRAM_MESSAGE_CONTROL_MESSAGE;
        if (!has_shape(inside, fields_of_control)) {
            return bad_type("chat_datagram.message.control_message");
        }
        message.message.as.control_message.kind =
            u8_of(member(inside, "kind"), "chat_datagram.message.control_message.kind");
    } else if (is_form(inside, "text_message")) {
        message.message.form = TCRP_CHAT_DATAGRAM_MESSAGE_TEXT_MESSAGE;
        if (!has_shape(inside, fields_of_text)) {
            return bad_type("chat_datagram.message.text_message");
        }
        message.message.as.text_message.text =
            text_of(member(inside, "text"), "chat_datagram.message.text_message.text");
    } else {
        return bad_type("chat_datagram.message");
    }
    message.room_name = text_of(member(fields, "room_name"), "chat_datagram.room_name_size");
    message.token = text_of(member(fields, "token"), "chat_datagram.token_size");
    ENCODE(chat_datagram);
    return fault;
}

static tcrp_fault encode_relay_datagram(const struct json *fields, struct text *octets)
{
    tcrp_relay_datagram message = {0};
    tcrp_fault fault;
    if (is_form(fields, "notice")) {
        if (!SHAPE(fields, "form", "kind", "subject", "text")) {
            return bad_type("relay_datagram.notice");
        }
        message.form = TCRP_RELAY_DATAGRAM_NOTICE;
        message.as.notice.kind = u8_of(member(fields, "kind"), "relay_datagram.notice.kind");
        message.as.notice.subject = text_of(member(fields, "subject"), "relay_datagram.notice.subject");
        message.as.notice.text = text_of(member(fields, "text"), "relay_datagram.notice.text");
    } else if (is_form(fields, "chat_line")) {
        if (!SHAPE(fields, "form", "username", "text")) {
            return bad_type("relay_datagram.chat_line");
        }
        message.form = TCRP_RELAY_DATAGRAM_CHAT_LINE;
        message.as.chat_line.username = text_of(member(fields, "username"), "relay_datagram.chat_line.username");
        message.as.chat_line.text = text_of(member(fields, "text"), "relay_datagram.chat_line.text");
    } else {
        return bad_type("relay_datagram");
    }
    ENCODE(relay_datagram);
    return fault;
}

/* ---- from octets to JSON ---- */

static void put_text_field(struct text *out, const char *name, tcrp_slice text)
{
    print(out, ", \"%s\": ", name);
    if (text.octets == NULL) {
        print(out, "null");
    } else {
        put_string(out, text);
    }
}

static void put_json_field(struct text *out, const char *name, tcrp_slice json)
{
    print(out, ", \"%s\": ", name);
    put_json(out, json.octets == NULL ? tcrp_text("null") : json);
}

static void put_frame(struct text *out, const tcrp_control_frame *frame)
{
    print(out, "{\"operation\": %u, \"state\": %u", frame->operation, frame->state);
    put_text_field(out, "room_name", frame->room_name);
    print(out, ", \"operation_payload\": \"");
    put_hex(out, frame->operation_payload);
    print(out, "\"}");
}

static tcrp_fault decode_control_header(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_control_header message;
    tcrp_fault fault = tcrp_decode_control_header(octets, size, &message);
    char digits[80];
    size_t count = sizeof digits, index;
    bool is_more;
    if (fault.code != TCRP_OK) {
        return fault;
    }
    do { /* divide by ten, until nothing is left */
        unsigned left = 0;
        is_more = false;
        for (index = 0; index < sizeof message.operation_payload_size; index++) {
            left = left << 8 | message.operation_payload_size[index];
            message.operation_payload_size[index] = (uint8_t)(left / 10);
            is_more = is_more || left >= 10;
            left %= 10;
        }
        digits[--count] = (char)('0' + left);
    } while (is_more);
    print(out, "{\"room_name_size\": %u, \"operation\": %u, \"state\": %u, \"operation_payload_size\": ",
          message.room_name_size, message.operation, message.state);
    put(out, digits + count, sizeof digits - count);
    print(out, "}");
    return fault;
}

static tcrp_fault decode_control_frame(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_control_frame message;
    tcrp_fault fault = tcrp_decode_control_frame(octets, size, &message);
    if (fault.code == TCRP_OK) {
        put_frame(out, &message);
    }
    return fault;
}

static tcrp_fault decode_request_payload(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_request_payload message;
    tcrp_fault fault = tcrp_decode_request_payload(octets, size, take(size), size, &message);
    if (fault.code == TCRP_OK) {
        print(out, "{\"username\": ");
        put_string(out, message.username);
        put_text_field(out, "password", message.password);
        put_json_field(out, "tcrp", message.tcrp);
        print(out, "}");
    }
    return fault;
}

static tcrp_fault decode_response_payload(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_response_payload message;
    tcrp_fault fault = tcrp_decode_response_payload(octets, size, &message);
    if (fault.code == TCRP_OK) {
        print(out, "{\"status\": %u", message.status);
        put_json_field(out, "detail", message.detail);
        print(out, "}");
    }
    return fault;
}

static tcrp_fault decode_complete_payload(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_complete_payload message;
    tcrp_fault fault = tcrp_decode_complete_payload(octets, size, &message);
    if (fault.code == TCRP_OK) {
        print(out, "{\"token\": ");
        put_string(out, message.token);
        print(out, "}");
    }
    return fault;
}

static tcrp_fault decode_endpoint_announcement(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_endpoint_announcement message;
    tcrp_fault fault = tcrp_decode_endpoint_announcement(octets, size, &message);
    if (fault.code == TCRP_OK) {
        print(out, "{\"port\": %u}", message.port);
    }
    return fault;
}

static tcrp_fault decode_chat_datagram(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_chat_datagram message;
    tcrp_fault fault = tcrp_decode_chat_datagram(octets, size, &message);
    if (fault.code != TCRP_OK) {
        return fault;
    }
    print(out, "{\"room_name\": ");
    put_string(out, message.room_name);
    put_text_field(out, "token", message.token);
    switch (message.message.form) {
    case TCRP_CHAT_DATAGRAM_MESSAGE_KEEPALIVE:
        print(out, ", \"message\": {\"form\": \"keepalive\"");
        break;
    case TCRP_CHAT_DATAGRAM_MESSAGE_CONTROL_MESSAGE:
        print(out, ", \"message\": {\"form\": \"control_message\", \"kind\": %u",
              message.message.as.control_message.kind);
        break;
    case TCRP_CHAT_DATAGRAM_MESSAGE_TEXT_MESSAGE:
        print(out, ", \"message\": {\"form\": \"text_message\"");
        put_text_field(out, "text", message.message.as.text_message.text);
        break;
    }
    print(out, "}}");
    return fault;
}

static tcrp_fault decode_relay_datagram(const uint8_t *octets, size_t size, struct text *out)
{
    tcrp_relay_datagram message;
    tcrp_fault fault = tcrp_decode_relay_datagram(octets, size, &message);
    if (fault.code != TCRP_OK) {
        return fault;
    }
    switch (message.form) {
    case TCRP_RELAY_DATAGRAM_NOTICE:
        print(out, "{\"form\": \"notice\", \"kind\": %u", message.as.notice.kind);
        put_text_field(out, "subject", message.as.notice.subject);
        put_text_field(out, "text", message.as.notice.text);
        break;
    case TCRP_RELAY_DATAGRAM_CHAT_LINE:
        print(out, "{\"form\": \"chat_line\"");
        put_text_field(out, "username", message.as.chat_line.username);
        put_text_field(out, "text", message.as.chat_line.text);
        break;
    }
    print(out, "}");
    return fault;
}

/* ---- requests ---- */

static const struct {
    const char *name;
    tcrp_fault (*decode)(const uint8_t *octets, size_t size, struct text *out);
    tcrp_fault (*encode)(const struct json *fields, struct text *octets);
} messages[] = {
#define MESSAGE(name) {#name, decode_##name, encode_##name}
    MESSAGE(control_header),  MESSAGE(control_frame),    MESSAGE(request_payload),
    MESSAGE(response_payload), MESSAGE(complete_payload), MESSAGE(endpoint_announcement),
    MESSAGE(chat_datagram),   MESSAGE(relay_datagram),
};

static int answer_fault(tcrp_fault fault, struct text *out)
{
    out->size = 0;
    print(out, "{\"error\": \"%s\", \"field\": \"%s\", \"offset\": ", tcrp_error_name(fault.code), fault.field);
    print(out, fault.offset == TCRP_NO_OFFSET ? "null" : "%zu", fault.offset);
    print(out, ", \"message\": \"%s: %s\"}", fault.field, tcrp_error_name(fault.code));
    return fault.is_incomplete ? INCOMPLETE : INVALID;
}

static int usage(struct text *out, const char *message)
{
    print(out, "%s", message);
    return USAGE;
}

/* The octets, placed at the very end of their memory, so that a read beyond it is detected. */
static int answer_decode(size_t index, tcrp_slice hex, struct text *out)
{
    tcrp_slice octets;
    tcrp_fault fault;
    uint8_t *exact;
    if (hex.size == 1 && hex.octets[0] == '-') {
        hex.size = 0;
    }
    if (!unhex(hex, &octets)) {
        return usage(out, "the input is not hex (two digits for an octet)");
    }
    exact = octets.size == 0 ? NULL : malloc(octets.size);
    if (exact != NULL) {
        memcpy(exact, octets.octets, octets.size);
    }
    fault = messages[index].decode(exact, octets.size, out);
    free(exact);
    return fault.code == TCRP_OK ? VALID : answer_fault(fault, out);
}

static int answer_encode(size_t index, tcrp_slice text, struct text *out)
{
    struct json fields = {0};
    struct text octets = {0};
    tcrp_fault fault;
    at = text.octets;
    end = at + text.size;
    first_wrong = tcrp_fault_(TCRP_OK, "", TCRP_NO_OFFSET);
    if (tcrp_utf8_prefix(text) < text.size || !parse(&fields, 1) || tcrp_json_space_(at, end) != end) {
        return answer_fault(tcrp_fault_(TCRP_ERROR_BAD_JSON, messages[index].name, TCRP_NO_OFFSET), out);
    }
    fault = messages[index].encode(&fields, &octets);
    if (first_wrong.code != TCRP_OK && (fault.code == TCRP_OK || place(first_wrong.field) < place(fault.field))) {
        fault = first_wrong;
    }
    if (fault.code != TCRP_OK) {
        return answer_fault(fault, out);
    }
    put_hex(out, tcrp_slice_(octets.octets, octets.size));
    return VALID;
}

/* The part of `rest` up to the next `separator`, cut off from it. */
static tcrp_slice cut(tcrp_slice *rest, char separator)
{
    const uint8_t *found = rest->size == 0 ? NULL : memchr(rest->octets, separator, rest->size);
    tcrp_slice word = *rest;
    if (found == NULL) {
        *rest = tcrp_slice_(word.octets + word.size, 0);
        return word;
    }
    word.size = (size_t)(found - word.octets);
    *rest = tcrp_slice_(found + 1, rest->size - word.size - 1);
    return word;
}

static int answer_stream(tcrp_slice rest, struct text *out)
{
    tcrp_slice accept_text = cut(&rest, ' '), closed = cut(&rest, ' ');
    tcrp_control_frame_reader reader;
    size_t accept = 0, index, capacity, total = 0;
    const char *comma = "";
    bool is_more = true;
    uint8_t *buffer;
    int code = VALID;
    for (index = 0; index < accept_text.size; index++) {
        if (!tcrp_is_digit_(accept_text.octets + index, accept_text.octets + accept_text.size)) {
            return usage(out, "stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex");
        }
        accept = accept * 10 + (size_t)(accept_text.octets[index] - '0');
        accept = accept < TCRP_LIMIT_OPERATION_PAYLOAD_SIZE ? accept : TCRP_LIMIT_OPERATION_PAYLOAD_SIZE;
    }
    if (accept_text.size == 0 || (!tcrp_equals(closed, "0") && !tcrp_equals(closed, "1"))) {
        return usage(out, "stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex");
    }
    capacity = TCRP_CONTROL_FRAME_READER_SPACE(accept);
    buffer = malloc(capacity);
    tcrp_control_frame_reader_init(&reader, buffer, capacity, accept);
    print(out, "[");
    while (is_more && code == VALID) {
        tcrp_slice octets, hex;
        is_more = memchr(rest.octets, ',', rest.size) != NULL;
        hex = cut(&rest, ',');
        if (hex.size == 1 && hex.octets[0] == '-') {
            hex.size = 0;
        }
        if (!unhex(hex, &octets)) {
            out->size = 0;
            code = usage(out, "the input is not hex (two digits for an octet)");
            break;
        }
        total += octets.size;
        do { /* octets that do not fit yet are fed after frames have been taken */
            size_t taken = tcrp_control_frame_reader_feed(&reader, octets.octets, octets.size);
            tcrp_control_frame frame;
            tcrp_fault fault;
            while ((fault = tcrp_control_frame_reader_next(&reader, &frame)).code == TCRP_OK) {
                print(out, "%s{\"at\": %zu, \"frame\": ", comma, total);
                put_frame(out, &frame);
                print(out, "}");
                comma = ", ";
            }
            if (!fault.is_incomplete) {
                print(out, "%s{\"at\": %zu, \"error\": \"%s\"}", comma, total, tcrp_error_name(fault.code));
                code = INVALID;
            }
            octets = tcrp_slice_(octets.octets + taken, octets.size - taken);
        } while (octets.size > 0 && code == VALID);
    }
    if (code != USAGE) {
        print(out, "]");
    }
    if (code == VALID && tcrp_equals(closed, "1") && tcrp_control_frame_reader_waiting(&reader) > 0) {
        code = INCOMPLETE;
    }
    free(buffer);
    return code;
}

static int answer(tcrp_slice verb, tcrp_slice name, tcrp_slice rest, struct text *out)
{
    const bool is_decode = tcrp_equals(verb, "decode");
    size_t index;
    if (!is_decode && !tcrp_equals(verb, "encode")) {
        print(out, "no such verb");
        return NOT_SUPPORTED;
    }
    for (index = 0; index < sizeof messages / sizeof *messages; index++) {
        if (tcrp_equals(name, messages[index].name)) {
            return is_decode ? answer_decode(index, rest, out) : answer_encode(index, rest, out);
        }
    }
    print(out, "no such message");
    return NOT_SUPPORTED;
}

static void show(struct text *out, FILE *file)
{
    put(out, "\n", 1);
    fwrite(out->octets, 1, out->size, file);
    fflush(file);
    release_all();
}

/* One line, or the whole input; false at the end of the input. */
static bool read_input(struct text *text, bool is_line)
{
    int octet = getchar();
    if (octet == EOF && is_line) {
        return false;
    }
    for (; octet != EOF && (octet != '\n' || !is_line); octet = getchar()) {
        uint8_t value = (uint8_t)octet;
        put(text, &value, 1);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct text input = {0}, out = {0};
    int code;
    if (argc == 2 && strcmp(argv[1], "lines") == 0) {
        while (read_input(&input, true)) {
            tcrp_slice rest = tcrp_slice_(input.octets, input.size), verb = cut(&rest, ' ');
            struct text line = {0};
            if (tcrp_equals(verb, "stream")) {
                code = answer_stream(rest, &out);
            } else {
                tcrp_slice name = cut(&rest, ' ');
                code = answer(verb, name, rest, &out);
            }
            print(&line, "%d ", code);
            put(&line, out.octets, out.size);
            show(&line, stdout);
            memset(&input, 0, sizeof input);
            memset(&out, 0, sizeof out);
        }
        return VALID;
    }
    if (argc != 3) {
        fputs("usage: runner decode|encode MESSAGE | runner lines\n", stderr);
        return argc == 2 && strcmp(argv[1], "decode") != 0 && strcmp(argv[1], "encode") != 0 ? NOT_SUPPORTED : USAGE;
    }
    read_input(&input, false);
    code = answer(tcrp_text(argv[1]), tcrp_text(argv[2]), tcrp_slice_(input.octets, input.size), &out);
    show(&out, code == USAGE || code == NOT_SUPPORTED ? stderr : stdout);
    return code;
}
