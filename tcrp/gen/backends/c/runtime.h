/* ---- what all messages share ---- */

/* A view of octets that something else owns: the input, a buffer of the caller, a string literal.
 * An absent field has `octets` NULL; a field that is present but empty has an address. */
typedef struct tcrp_slice {
    const uint8_t *octets;
    size_t size;
} tcrp_slice;

/* The result of a function: `code` is TCRP_OK, or the first fault in the order of the fields.
 * `field` is its dotted path ("chat_datagram.token"), "" if there is none. `offset` counts octets from the
 * message's first, or is TCRP_NO_OFFSET. With `is_incomplete`, more octets of the stream may make it whole. */
typedef struct tcrp_fault {
    tcrp_error_code code;
    const char *field;
    size_t offset;
    bool is_incomplete;
} tcrp_fault;

#define TCRP_NO_OFFSET SIZE_MAX

/* The octets of a string, without the NUL that ends it; NULL is absent. */
static inline tcrp_slice tcrp_text(const char *text)
{
    tcrp_slice slice;
    slice.octets = (const uint8_t *)text;
    slice.size = text == NULL ? 0 : strlen(text);
    return slice;
}

/* Whether `slice` has exactly the octets of the string `text`. */
static inline bool tcrp_equals(tcrp_slice slice, const char *text)
{
    return slice.octets != NULL && slice.size == strlen(text) && memcmp(slice.octets, text, slice.size) == 0;
}

static inline tcrp_slice tcrp_slice_(const uint8_t *octets, size_t size)
{
    tcrp_slice slice;
    slice.octets = octets;
    slice.size = size;
    return slice;
}

static inline tcrp_slice tcrp_literal_(const char *octets, size_t size)
{
    return tcrp_slice_((const uint8_t *)octets, size);
}

static inline tcrp_fault tcrp_fault_(tcrp_error_code code, const char *field, size_t offset)
{
    tcrp_fault fault;
    fault.code = code;
    fault.field = field;
    fault.offset = offset;
    fault.is_incomplete = false;
    return fault;
}

/* ---- UTF-8 (RFC 3629) ---- */

/* The size of the well-formed sequence at `at`, in octets; 0 if it is ill-formed. `left` is at least 1. */
static inline size_t tcrp_utf8_sequence(const uint8_t *at, size_t left)
{
    uint8_t least = 0x80, most = 0xBF;
    size_t size, index;
    if (at[0] < 0x80) {
        return 1;
    }
    if (at[0] < 0xC2 || at[0] > 0xF4) {
        return 0;
    }
    size = at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (left < size) {
        return 0;
    }
    /* The second octet rules out overlong forms, surrogates, and values above U+10FFFF. */
    if (at[0] == 0xE0) {
        least = 0xA0;
    } else if (at[0] == 0xED) {
        most = 0x9F;
    } else if (at[0] == 0xF0) {
        least = 0x90;
    } else if (at[0] == 0xF4) {
        most = 0x8F;
    }
    for (index = 1; index < size; index++) {
        if (at[index] < least || at[index] > most) {
            return 0;
        }
        least = 0x80;
        most = 0xBF;
    }
    return size;
}

/* The number of octets before the first ill-formed sequence; `text.size` if there is none. */
static inline size_t tcrp_utf8_prefix(tcrp_slice text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t size = tcrp_utf8_sequence(text.octets + at, text.size - at);
        if (size == 0) {
            break;
        }
        at += size;
    }
    return at;
}

/* The number of octets before the first that is not printable ASCII (0x21-0x7E). */
static inline size_t tcrp_ascii_prefix_(tcrp_slice text)
{
    size_t at = 0;
    while (at < text.size && text.octets[at] >= 0x21 && text.octets[at] <= 0x7E) {
        at++;
    }
    return at;
}

/* Where `delimiter` begins in `octets`, or SIZE_MAX. */
static inline size_t tcrp_find_(tcrp_slice octets, tcrp_slice delimiter)
{
    size_t at;
    for (at = 0; at + delimiter.size <= octets.size; at++) {
        if (memcmp(octets.octets + at, delimiter.octets, delimiter.size) == 0) {
            return at;
        }
    }
    return SIZE_MAX;
}

/* ---- JSON (RFC 8259, without its ambiguities) ----
 *
 * A JSON value is a slice of its text. The checking functions take UTF-8 and return the end of the value, or NULL.
 * Recursion is bounded by the depth that the protocol allows. Each key is compared with all before it: the time for an
 * object grows with the square of its keys, so bound the size of the input (the accept limit does). */

static inline const uint8_t *tcrp_json_space_(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) {
        at++;
    }
    return at;
}

static inline bool tcrp_is_digit_(const uint8_t *at, const uint8_t *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Four hexadecimal digits, or -1. */
static inline int32_t tcrp_json_hex_(const uint8_t *at, const uint8_t *end)
{
    int32_t value = 0;
    int index;
    if (end - at < 4) {
        return -1;
    }
    for (index = 0; index < 4; index++) {
        uint8_t octet = at[index];
        if (octet >= '0' && octet <= '9') {
            value = value * 16 + (octet - '0');
        } else if ((octet | 0x20) >= 'a' && (octet | 0x20) <= 'f') {
            value = value * 16 + ((octet | 0x20) - 'a' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

/* Reads the character at `*at` of a string and moves `*at` past it; its UTF-8 octets go to `out`.
 * Returns their number, or 0 for a control character, an invalid escape or a lone surrogate. */
static inline size_t tcrp_json_character_(const uint8_t **at, const uint8_t *end, uint8_t out[4])
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const uint8_t *from = *at;
    const char *escape;
    int32_t code, low;
    size_t size;
    if (*from != '\\') {
        size = *from < 0x20 ? 0 : tcrp_utf8_sequence(from, (size_t)(end - from));
        memcpy(out, from, size);
        *at = from + size;
        return size;
    }
    if (end - from < 2 || from[1] == 0) {
        return 0;
    }
    escape = strchr(escapes, from[1]);
    if (escape != NULL) {
        out[0] = (uint8_t)meanings[escape - escapes];
        *at = from + 2;
        return 1;
    }
    code = from[1] == 'u' ? tcrp_json_hex_(from + 2, end) : -1;
    if (code < 0 || (code >= 0xDC00 && code <= 0xDFFF)) {
        return 0;
    }
    from += 6;
    if (code >= 0xD800 && code <= 0xDBFF) {
        low = end - from >= 6 && from[0] == '\\' && from[1] == 'u' ? tcrp_json_hex_(from + 2, end) : -1;
        if (low < 0xDC00 || low > 0xDFFF) {
            return 0;
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        from += 6;
    }
    *at = from;
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    out[0] = (uint8_t)((size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0) | (code >> (6 * (size - 1))));
    out[1] = (uint8_t)(0x80 | ((code >> (6 * (size - 2))) & 0x3F));
    if (size > 2) {
        out[2] = (uint8_t)(0x80 | ((code >> (6 * (size - 3))) & 0x3F));
    }
    if (size > 3) {
        out[3] = (uint8_t)(0x80 | (code & 0x3F));
    }
    return size;
}

static inline const uint8_t *tcrp_json_string_(const uint8_t *at, const uint8_t *end)
{
    uint8_t character[4];
    if (at == end || *at != '"') {
        return NULL;
    }
    at++;
    while (at < end && *at != '"') {
        if (tcrp_json_character_(&at, end, character) == 0) {
            return NULL;
        }
    }
    return at < end ? at + 1 : NULL;
}

/* Whether two strings (with quotes, already checked) are equal once their escapes are resolved. */
static inline bool tcrp_json_same_(const uint8_t *one, const uint8_t *other, const uint8_t *end)
{
    uint8_t first[4], second[4];
    one++;
    other++;
    while (*one != '"' && *other != '"') {
        size_t size = tcrp_json_character_(&one, end, first);
        if (tcrp_json_character_(&other, end, second) != size || memcmp(first, second, size) != 0) {
            return false;
        }
    }
    return *one == *other;
}

/* Whether the number from `at` to `end`, of valid syntax, is finite in binary64. */
static inline bool tcrp_json_is_finite_(const uint8_t *at, const uint8_t *end)
{
    /* 2^1024 - 2^970, the smallest number that rounds to infinity: 309 digits. */
    static const char bound[] =
        "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633"
        "02864166928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700"
        "69855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";
    const int64_t digits = (int64_t)sizeof bound - 1;
    int64_t point = 0, exponent = 0, index;
    const uint8_t *first = NULL, *digit, *mantissa_end = at;
    bool is_fraction = false, is_negative;
    while (mantissa_end < end && (*mantissa_end | 0x20) != 'e') {
        mantissa_end++;
    }
    /* `first`: the first digit that is not 0; the number is 0.FIRST... times 10 to the power of `point`. */
    for (digit = *at == '-' ? at + 1 : at; digit < mantissa_end; digit++) {
        if (*digit == '.') {
            is_fraction = true;
        } else if (first == NULL && *digit == '0') {
            point -= is_fraction ? 1 : 0;
        } else {
            first = first == NULL ? digit : first;
            point += is_fraction ? 0 : 1;
        }
    }
    if (first == NULL) {
        return true;
    }
    if (mantissa_end < end) {
        digit = mantissa_end + 1;
        is_negative = *digit == '-';
        digit += *digit == '-' || *digit == '+' ? 1 : 0;
        for (; digit < end && exponent < INT64_C(100000000000000000); digit++) {
            exponent = exponent * 10 + (*digit - '0');
        }
        point += is_negative ? -exponent : exponent;
    }
    if (point != digits) {
        return point < digits;
    }
    for (index = 0, digit = first; index < digits; index++) {
        char shown = '0';
        if (digit < mantissa_end && *digit == '.') {
            digit++;
        }
        if (digit < mantissa_end) {
            shown = (char)*digit++;
        }
        if (shown != bound[index]) {
            return shown < bound[index];
        }
    }
    return false;
}

static inline const uint8_t *tcrp_json_number_(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *start = at;
    at += at < end && *at == '-' ? 1 : 0;
    if (!tcrp_is_digit_(at, end)) {
        return NULL;
    }
    if (*at == '0') {
        at++;
    } else {
        while (tcrp_is_digit_(at, end)) {
            at++;
        }
    }
    if (at < end && *at == '.') {
        at++;
        if (!tcrp_is_digit_(at, end)) {
            return NULL;
        }
        while (tcrp_is_digit_(at, end)) {
            at++;
        }
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
        if (!tcrp_is_digit_(at, end)) {
            return NULL;
        }
        while (tcrp_is_digit_(at, end)) {
            at++;
        }
    }
    return tcrp_json_is_finite_(start, at) ? at : NULL;
}

/* The end of a string that has been checked. */
static inline const uint8_t *tcrp_json_skip_string_(const uint8_t *at)
{
    for (at++; *at != '"'; at++) {
        at += *at == '\\' ? 1 : 0;
    }
    return at + 1;
}

/* The end of a value that has been checked and is a member of an object. */
static inline const uint8_t *tcrp_json_skip_(const uint8_t *at)
{
    int depth = 0;
    do {
        if (*at == '"') {
            at = tcrp_json_skip_string_(at);
            continue;
        }
        depth += *at == '{' || *at == '[' ? 1 : *at == '}' || *at == ']' ? -1 : 0;
        at++;
    } while (depth > 0 || (*at != ',' && *at != '}'));
    return at;
}

/* Whether the object that begins at `start` has the key at `at` earlier, too. */
static inline bool tcrp_json_is_repeated_(const uint8_t *start, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *key = tcrp_json_space_(start + 1, end);
    while (key < at) {
        if (tcrp_json_same_(key, at, end)) {
            return true;
        }
        key = tcrp_json_space_(tcrp_json_skip_string_(key), end);
        key = tcrp_json_skip_(tcrp_json_space_(key + 1, end));
        key = tcrp_json_space_(key + 1, end);
    }
    return false;
}

static inline const uint8_t *tcrp_json_value_(const uint8_t *at, const uint8_t *end, int depth)
{
    const uint8_t *start = at;
    uint8_t close;
    if (at == end) {
        return NULL;
    }
    if (*at == '"') {
        return tcrp_json_string_(at, end);
    }
    if (*at == 't' || *at == 'n') {
        return end - at >= 4 && memcmp(at, *at == 't' ? "true" : "null", 4) == 0 ? at + 4 : NULL;
    }
    if (*at == 'f') {
        return end - at >= 5 && memcmp(at, "false", 5) == 0 ? at + 5 : NULL;
    }
    if (*at != '{' && *at != '[') {
        return tcrp_json_number_(at, end);
    }
    if (depth > TCRP_LIMIT_JSON_DEPTH) {
        return NULL;
    }
    close = *at == '{' ? '}' : ']';
    at = tcrp_json_space_(at + 1, end);
    if (at < end && *at == close) {
        return at + 1;
    }
    for (;;) {
        if (close == '}') {
            const uint8_t *key = at;
            at = tcrp_json_string_(at, end);
            if (at == NULL || tcrp_json_is_repeated_(start, key, end)) {
                return NULL;
            }
            at = tcrp_json_space_(at, end);
            if (at == end || *at != ':') {
                return NULL;
            }
            at = tcrp_json_space_(at + 1, end);
        }
        at = tcrp_json_value_(at, end, depth + 1);
        if (at == NULL) {
            return NULL;
        }
        at = tcrp_json_space_(at, end);
        if (at == end || (*at != ',' && *at != close)) {
            return NULL;
        }
        if (*at == close) {
            return at + 1;
        }
        at = tcrp_json_space_(at + 1, end);
    }
}

/* Whether `text`, UTF-8, is one JSON value that the protocol allows, `depth` levels deep (1: by itself), with
 * only white space around it, which is cut off. */
static inline bool tcrp_json_check(tcrp_slice *text, int depth)
{
    const uint8_t *end = text->octets + text->size;
    const uint8_t *start = tcrp_json_space_(text->octets, end);
    const uint8_t *stop = tcrp_json_value_(start, end, depth);
    if (stop == NULL || tcrp_json_space_(stop, end) != end) {
        return false;
    }
    *text = tcrp_slice_(start, (size_t)(stop - start));
    return true;
}

/* The value of the member `key` (no characters that JSON escapes) of a JSON object that has been checked.
 * `octets` is NULL if it has none. */
static inline tcrp_slice tcrp_json_find(tcrp_slice object, const char *key)
{
    const uint8_t *end = object.octets + object.size;
    const uint8_t *at = tcrp_json_space_(object.octets + 1, end);
    size_t size = strlen(key);
    while (*at == '"') {
        const uint8_t *name = at + 1, *value;
        uint8_t character[4];
        size_t matched = 0;
        bool is_same = true;
        while (is_same && *name != '"') {
            size_t octets = tcrp_json_character_(&name, end, character);
            is_same = octets <= size - matched && memcmp(key + matched, character, octets) == 0;
            matched += octets;
        }
        value = tcrp_json_space_(tcrp_json_space_(tcrp_json_skip_string_(at), end) + 1, end);
        at = tcrp_json_skip_(value);
        if (is_same && matched == size) {
            while (at[-1] == ' ' || at[-1] == '\t' || at[-1] == '\n' || at[-1] == '\r') {
                at--;
            }
            return tcrp_slice_(value, (size_t)(at - value));
        }
        at = *at == ',' ? tcrp_json_space_(at + 1, end) : at;
    }
    return tcrp_slice_(NULL, 0);
}

/* Decodes a checked JSON string to UTF-8: returns the number of octets, and writes them to
 * `out` if that is not NULL (string.size octets are always enough). */
static inline size_t tcrp_json_text(tcrp_slice string, uint8_t *out)
{
    const uint8_t *at = string.octets + 1, *end = string.octets + string.size;
    uint8_t character[4];
    size_t total = 0;
    while (*at != '"') {
        size_t size = tcrp_json_character_(&at, end, character);
        if (out != NULL) {
            memcpy(out + total, character, size);
        }
        total += size;
    }
    return total;
}

/* ---- reading ---- */

/* The state of reading `octets`. `scratch` takes strings whose escapes are resolved. */
typedef struct tcrp_reading_ {
    const uint8_t *octets;
    size_t size;
    size_t at;
    uint8_t *scratch;
    size_t scratch_left;
    bool is_stream;
    tcrp_fault fault;
} tcrp_reading_;

static inline tcrp_reading_ tcrp_reading_of_(const uint8_t *octets, size_t size, bool is_stream)
{
    tcrp_reading_ in;
    in.octets = size == 0 ? (const uint8_t *)"" : octets;
    in.size = size;
    in.at = 0;
    in.scratch = NULL;
    in.scratch_left = 0;
    in.is_stream = is_stream;
    in.fault = tcrp_fault_(TCRP_OK, "", TCRP_NO_OFFSET);
    return in;
}

/* Always false, so that a check can return it. */
static inline bool tcrp_wrong_(tcrp_reading_ *in, tcrp_error_code code, const char *field, size_t offset)
{
    in->fault = tcrp_fault_(code, field, offset);
    in->fault.is_incomplete = in->is_stream && code == TCRP_ERROR_TRUNCATED;
    return false;
}

/* All remaining octets. */
static inline tcrp_slice tcrp_left_(const tcrp_reading_ *in)
{
    return tcrp_slice_(in->octets + in->at, in->size - in->at);
}

/* The next `size` octets, uninterpreted. */
static inline bool tcrp_read_array_(tcrp_reading_ *in, const char *field, uint8_t *value, size_t size)
{
    if (in->size - in->at < size) {
        return tcrp_wrong_(in, TCRP_ERROR_TRUNCATED, field, in->at);
    }
    memcpy(value, in->octets + in->at, size);
    in->at += size;
    return true;
}

/* A big-endian integer of `size` octets, which may be more than 8 as long as `maximum` is below UINT64_MAX. */
static inline bool tcrp_read_number_(tcrp_reading_ *in, const char *field, size_t size, uint64_t minimum,
                                     uint64_t maximum, uint64_t *value)
{
    size_t index;
    *value = 0;
    if (in->size - in->at < size) {
        return tcrp_wrong_(in, TCRP_ERROR_TRUNCATED, field, in->at);
    }
    for (index = 0; index < size; index++) {
        *value = *value >> 56 != 0 ? UINT64_MAX : (*value << 8) | in->octets[in->at + index];
    }
    if (*value < minimum || *value > maximum) {
        return tcrp_wrong_(in, TCRP_ERROR_OUT_OF_RANGE, field, in->at);
    }
    in->at += size;
    return true;
}

static inline bool tcrp_read_constant_(tcrp_reading_ *in, const char *field, const char *octets, size_t size)
{
    if (in->size - in->at < size || memcmp(in->octets + in->at, octets, size) != 0) {
        return tcrp_wrong_(in, TCRP_ERROR_WRONG_CONSTANT, field, TCRP_NO_OFFSET);
    }
    in->at += size;
    return true;
}

typedef enum tcrp_encoding_ { TCRP_OCTETS_, TCRP_UTF8_, TCRP_ASCII_ } tcrp_encoding_;

/* Checks that no octet is left. */
static inline bool tcrp_read_end_(tcrp_reading_ *in, const char *field)
{
    return in->at == in->size || tcrp_wrong_(in, TCRP_ERROR_TRAILING_OCTETS, field, in->at);
}

/* A run of `size` octets, known to be present. */
static inline bool tcrp_read_run_(tcrp_reading_ *in, const char *field, size_t size, size_t minimum, size_t maximum,
                                  tcrp_encoding_ encoding, tcrp_slice *value)
{
    size_t good = size;
    *value = tcrp_slice_(in->octets + in->at, size);
    if (size < minimum || size > maximum) {
        return tcrp_wrong_(in, TCRP_ERROR_OUT_OF_RANGE, field, in->at);
    }
    if (encoding != TCRP_OCTETS_) {
        good = encoding == TCRP_UTF8_ ? tcrp_utf8_prefix(*value) : tcrp_ascii_prefix_(*value);
    }
    if (good < size) {
        return tcrp_wrong_(in, encoding == TCRP_UTF8_ ? TCRP_ERROR_BAD_UTF8 : TCRP_ERROR_BAD_ASCII, field,
                           in->at + good);
    }
    in->at += size;
    return true;
}

static inline bool tcrp_read_sized_(tcrp_reading_ *in, const char *field, uint64_t size, size_t minimum,
                                    size_t maximum, tcrp_encoding_ encoding, tcrp_slice *value)
{
    if (in->size - in->at < size) {
        return tcrp_wrong_(in, TCRP_ERROR_TRUNCATED, field, in->at);
    }
    return tcrp_read_run_(in, field, (size_t)size, minimum, maximum, encoding, value);
}

static inline bool tcrp_read_rest_(tcrp_reading_ *in, const char *field, size_t minimum, size_t maximum,
                                   tcrp_encoding_ encoding, tcrp_slice *value)
{
    return tcrp_read_run_(in, field, in->size - in->at, minimum, maximum, encoding, value);
}

static inline bool tcrp_read_up_to_(tcrp_reading_ *in, const char *field, tcrp_slice delimiter, size_t minimum,
                                    size_t maximum, tcrp_encoding_ encoding, tcrp_slice *value)
{
    size_t size = tcrp_find_(tcrp_left_(in), delimiter);
    if (size == SIZE_MAX) {
        return tcrp_wrong_(in, TCRP_ERROR_MISSING_DELIMITER, field, in->at);
    }
    if (!tcrp_read_run_(in, field, size, minimum, maximum, encoding, value)) {
        return false;
    }
    in->at += delimiter.size;
    return true;
}

/* All remaining octets, as one JSON object. */
static inline bool tcrp_read_object_(tcrp_reading_ *in, const char *field, tcrp_slice *value)
{
    *value = tcrp_left_(in);
    if (tcrp_utf8_prefix(*value) < value->size) {
        return tcrp_wrong_(in, TCRP_ERROR_BAD_UTF8, field, in->at);
    }
    if (!tcrp_json_check(value, 1) || value->octets[0] != '{') {
        return tcrp_wrong_(in, TCRP_ERROR_BAD_JSON, field, in->at);
    }
    in->at = in->size;
    return true;
}

/* Whether `value` is null or the empty string. */
static inline bool tcrp_json_is_blank_(tcrp_slice value)
{
    return value.octets[0] == 'n' || (value.octets[0] == '"' && value.size == 2);
}

/* The member `key`, if `members` has it: a string of `minimum` to `maximum` octets. `*text` is set if it was NULL. */
static inline bool tcrp_read_string_member_(tcrp_reading_ *in, const char *field, size_t offset, tcrp_slice members,
                                            const char *key, bool is_blank_absent, size_t minimum, size_t maximum,
                                            tcrp_slice *text)
{
    tcrp_slice value = tcrp_json_find(members, key);
    size_t size;
    if (value.octets == NULL || (is_blank_absent && tcrp_json_is_blank_(value))) {
        return true;
    }
    if (value.octets[0] != '"') {
        return tcrp_wrong_(in, TCRP_ERROR_BAD_JSON, field, offset);
    }
    size = tcrp_json_text(value, NULL);
    if (size < minimum || size > maximum) {
        return tcrp_wrong_(in, TCRP_ERROR_OUT_OF_RANGE, field, offset);
    }
    if (text->octets != NULL) {
        return true;
    }
    if (size == value.size - 2) { /* no escapes */
        *text = tcrp_slice_(value.octets + 1, size);
        return true;
    }
    if (size > in->scratch_left) {
        return tcrp_wrong_(in, TCRP_ERROR_NO_SPACE, field, TCRP_NO_OFFSET);
    }
    *text = tcrp_slice_(in->scratch, tcrp_json_text(value, in->scratch));
    in->scratch += size;
    in->scratch_left -= size;
    return true;
}

/* The member `key`, if `members` has it: an object. `*object` is set if it was NULL. */
static inline bool tcrp_read_object_member_(tcrp_reading_ *in, const char *field, size_t offset, tcrp_slice members,
                                            const char *key, bool is_blank_absent, tcrp_slice *object)
{
    tcrp_slice value = tcrp_json_find(members, key);
    if (value.octets == NULL || (is_blank_absent && tcrp_json_is_blank_(value))) {
        return true;
    }
    if (value.octets[0] != '{') {
        return tcrp_wrong_(in, TCRP_ERROR_BAD_JSON, field, offset);
    }
    *object = object->octets == NULL ? value : *object;
    return true;
}

/* ---- writing ---- */

/* The state of writing. All octets are counted; those that fit are put into `buffer`. */
typedef struct tcrp_writing_ {
    uint8_t *buffer;
    size_t capacity;
    size_t size;
    size_t mark;   /* where a form begins */
    uint8_t first; /* the octet there */
    tcrp_fault fault;
} tcrp_writing_;

static inline tcrp_writing_ tcrp_writing_to_(uint8_t *buffer, size_t capacity)
{
    tcrp_writing_ out;
    out.buffer = buffer;
    out.capacity = capacity;
    out.size = 0;
    out.mark = 0;
    out.first = 0;
    out.fault = tcrp_fault_(TCRP_OK, "", TCRP_NO_OFFSET);
    return out;
}

/* Always false, so that a check can return it. */
static inline bool tcrp_refuse_(tcrp_writing_ *out, tcrp_error_code code, const char *field)
{
    out->fault = tcrp_fault_(code, field, TCRP_NO_OFFSET);
    return false;
}

static inline void tcrp_put_(tcrp_writing_ *out, const uint8_t *octets, size_t size)
{
    if (size == 0) {
        return;
    }
    if (out->size == out->mark) {
        out->first = octets[0];
    }
    if (out->size < out->capacity) {
        size_t room = out->capacity - out->size;
        memcpy(out->buffer + out->size, octets, size < room ? size : room);
    }
    out->size += size;
}

static inline void tcrp_put_text_(tcrp_writing_ *out, const char *text)
{
    tcrp_put_(out, (const uint8_t *)text, strlen(text));
}

/* The end of a message: TCRP_OK if it fits. `*size` is the size it needs, in either case. */
static inline tcrp_fault tcrp_written_(const tcrp_writing_ *out, const char *field, size_t *size)
{
    *size = out->size;
    return out->size > out->capacity ? tcrp_fault_(TCRP_ERROR_NO_SPACE, field, TCRP_NO_OFFSET) : out->fault;
}

static inline bool tcrp_write_number_(tcrp_writing_ *out, const char *field, size_t size, uint64_t minimum,
                                      uint64_t maximum, uint64_t value)
{
    if (value < minimum || value > maximum) {
        return tcrp_refuse_(out, TCRP_ERROR_OUT_OF_RANGE, field);
    }
    while (size > 0) {
        uint8_t octet = 0;
        size--;
        if (size < 8) {
            octet = (uint8_t)(value >> (8 * size));
        }
        tcrp_put_(out, &octet, 1);
    }
    return true;
}

/* The number of octets of `counted`, which is written later. */
static inline bool tcrp_write_size_(tcrp_writing_ *out, const char *field, size_t size, uint64_t minimum,
                                    uint64_t maximum, tcrp_slice counted, tcrp_encoding_ encoding)
{
    if (encoding != TCRP_OCTETS_ && tcrp_utf8_prefix(counted) < counted.size) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_UTF8, field);
    }
    return tcrp_write_number_(out, field, size, minimum, maximum, counted.size);
}

static inline bool tcrp_write_run_(tcrp_writing_ *out, const char *field, size_t minimum, size_t maximum,
                                   tcrp_encoding_ encoding, tcrp_slice value)
{
    if (encoding != TCRP_OCTETS_ && tcrp_utf8_prefix(value) < value.size) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_UTF8, field);
    }
    if (encoding == TCRP_ASCII_ && tcrp_ascii_prefix_(value) < value.size) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_ASCII, field);
    }
    if (value.size < minimum || value.size > maximum) {
        return tcrp_refuse_(out, TCRP_ERROR_OUT_OF_RANGE, field);
    }
    tcrp_put_(out, value.octets, value.size);
    return true;
}

static inline bool tcrp_write_up_to_(tcrp_writing_ *out, const char *field, tcrp_slice delimiter, size_t minimum,
                                     size_t maximum, tcrp_encoding_ encoding, tcrp_slice value)
{
    if (!tcrp_write_run_(out, field, minimum, maximum, encoding, value)) {
        return false;
    }
    if (tcrp_find_(value, delimiter) != SIZE_MAX) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_NAME, field);
    }
    tcrp_put_(out, delimiter.octets, delimiter.size);
    return true;
}

/* Text as a JSON string, with the fewest escapes. */
static inline void tcrp_put_json_string_(tcrp_writing_ *out, tcrp_slice text)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    size_t index;
    tcrp_put_text_(out, "\"");
    for (index = 0; index < text.size; index++) {
        uint8_t octet = text.octets[index];
        const char *found = octet == 0 ? NULL : strchr(escaped, octet);
        if (found != NULL) {
            tcrp_put_text_(out, "\\");
            tcrp_put_(out, (const uint8_t *)letters + (found - escaped), 1);
        } else if (octet < 0x20) {
            tcrp_put_text_(out, "\\u00");
            tcrp_put_(out, (const uint8_t *)hex + (octet >> 4), 1);
            tcrp_put_(out, (const uint8_t *)hex + (octet & 15), 1);
        } else {
            tcrp_put_(out, &octet, 1);
        }
    }
    tcrp_put_text_(out, "\"");
}

/* The key of a member, after a comma unless it is the first since `mark`. */
static inline void tcrp_put_key_(tcrp_writing_ *out, const char *key)
{
    tcrp_put_text_(out, out->size == out->mark + 1 ? "\"" : ",\"");
    tcrp_put_text_(out, key);
    tcrp_put_text_(out, "\":");
}

static inline bool tcrp_write_string_member_(tcrp_writing_ *out, const char *field, const char *key,
                                             bool is_blank_absent, tcrp_slice text)
{
    if (text.octets == NULL || (is_blank_absent && text.size == 0)) {
        return true;
    }
    if (tcrp_utf8_prefix(text) < text.size) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_JSON, field);
    }
    tcrp_put_key_(out, key);
    tcrp_put_json_string_(out, text);
    return true;
}

/* JSON text, unchanged except for white space around it. */
static inline bool tcrp_write_json_(tcrp_writing_ *out, const char *field, int depth, tcrp_slice json)
{
    if (tcrp_utf8_prefix(json) < json.size || !tcrp_json_check(&json, depth)) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_JSON, field);
    }
    tcrp_put_(out, json.octets, json.size);
    return true;
}

static inline bool tcrp_write_object_member_(tcrp_writing_ *out, const char *field, const char *key,
                                             tcrp_slice object)
{
    if (object.octets == NULL) {
        return true;
    }
    tcrp_put_key_(out, key);
    return tcrp_write_json_(out, field, 2, object);
}

/* The rules of reading for a string member. */
static inline bool tcrp_check_string_member_(tcrp_writing_ *out, const char *field, bool is_blank_absent,
                                             size_t minimum, size_t maximum, tcrp_slice text)
{
    if (text.octets == NULL || (is_blank_absent && text.size == 0)) {
        return true;
    }
    if (text.size < minimum || text.size > maximum) {
        return tcrp_refuse_(out, TCRP_ERROR_OUT_OF_RANGE, field);
    }
    return true;
}

static inline bool tcrp_begins_object_(tcrp_slice json)
{
    const uint8_t *end = json.octets + json.size;
    const uint8_t *at = tcrp_json_space_(json.octets, end);
    return at < end && *at == '{';
}

static inline bool tcrp_check_object_member_(tcrp_writing_ *out, const char *field, tcrp_slice object)
{
    if (object.octets != NULL && !tcrp_begins_object_(object)) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_JSON, field);
    }
    return true;
}

static inline bool tcrp_write_object_(tcrp_writing_ *out, const char *field, tcrp_slice object)
{
    if (object.octets == NULL || !tcrp_begins_object_(object)) {
        return tcrp_refuse_(out, TCRP_ERROR_BAD_TYPE, field);
    }
    return tcrp_write_json_(out, field, 1, object);
}

/* ---- octets of a stream that are buffered ---- */

/* The octets buffer[start..end) wait for the rest of a frame. */
typedef struct tcrp_waiting_ {
    uint8_t *buffer;
    size_t capacity;
    size_t start;
    size_t end;
} tcrp_waiting_;

static inline size_t tcrp_wait_(tcrp_waiting_ *waiting, const uint8_t *octets, size_t size)
{
    size_t room;
    if (waiting->start > 0) {
        memmove(waiting->buffer, waiting->buffer + waiting->start, waiting->end - waiting->start);
        waiting->end -= waiting->start;
        waiting->start = 0;
    }
    room = waiting->capacity - waiting->end;
    size = size < room ? size : room;
    if (size > 0) {
        memcpy(waiting->buffer + waiting->end, octets, size);
    }
    waiting->end += size;
    return size;
}
