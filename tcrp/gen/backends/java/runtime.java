package tcrp;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

final class Runtime {
    /** The octets before the first ill-formed sequence of UTF-8 (RFC 3629). */
    private static int wellFormed(byte[] octets) {
        int at = 0;
        while (at < octets.length) {
            int first = octets[at] & 0xFF;
            int more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
            if (first >= 0x80 && first < 0xC2 || first > 0xF4 || octets.length - at <= more) {
                return at;
            }
            for (int index = 1; index <= more; index++) {
                int next = octets[at + index] & 0xFF;
                boolean isSecond = index == 1;
                int least = isSecond && first == 0xE0 ? 0xA0 : isSecond && first == 0xF0 ? 0x90 : 0x80;
                int most = isSecond && first == 0xED ? 0x9F : isSecond && first == 0xF4 ? 0x8F : 0xBF;
                if (next < least || next > most) {
                    return at;
                }
            }
            at += more + 1;
        }
        return at;
    }

    private static boolean hasLoneSurrogate(String text) {
        for (int at = 0; at < text.length(); at++) {
            if (Character.isSurrogate(text.charAt(at))) {
                if (Character.charCount(text.codePointAt(at)) < 2) {
                    return true;
                }
                at++;
            }
        }
        return false;
    }

    private static int find(byte[] octets, int from, byte[] wanted) {
        for (int at = from; at + wanted.length <= octets.length; at++) {
            if (Arrays.equals(octets, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        return -1;
    }

    /** The characters of a constant are its octets. */
    private static byte[] latin1(String octets) {
        return octets.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String bounds(long minimum, long maximum) {
        return maximum == UNBOUNDED ? minimum + ".." : minimum + ".." + maximum;
    }

    private static final long UNBOUNDED = Long.MAX_VALUE;

    private static final class Reader {
        private final byte[] octets;
        private final boolean stream; // TRUNCATED means that more octets are needed
        private int at; // where the next field begins
        private int start; // where the octets taken last begin
        private String field; // the field of these octets

        Reader(byte[] octets, boolean stream) {
            this.octets = octets;
            this.stream = stream;
        }

        TcrpException fault(ErrorCode code, String field, int offset, String message) {
            return new TcrpException(code, field, offset, stream && code == ErrorCode.TRUNCATED, message);
        }

        int left() {
            return octets.length - at;
        }

        /** The next octet, not consumed; -1 if there is none. */
        int peek() {
            return left() == 0 ? -1 : octets[at] & 0xFF;
        }

        byte[] take(String field, long size) throws TcrpException {
            if (left() < size) {
                throw fault(ErrorCode.TRUNCATED, field, at, "ends after " + left() + " of " + size + " octets");
            }
            this.start = at;
            this.field = field;
            at += (int) size;
            return Arrays.copyOfRange(octets, start, at);
        }

        void whole(String field, int maximum) throws TcrpException {
            if (octets.length > maximum) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, 0, octets.length + " octets, the limit is " + maximum);
            }
        }

        void end(String field) throws TcrpException {
            if (left() > 0) {
                throw fault(ErrorCode.TRAILING_OCTETS, field, at, "must end here");
            }
        }

        void skip() {
            at = octets.length;
        }

        void constant(String field, String constant) throws TcrpException {
            byte[] wanted = latin1(constant);
            if (left() < wanted.length || !Arrays.equals(octets, at, at + wanted.length, wanted, 0, wanted.length)) {
                throw fault(ErrorCode.WRONG_CONSTANT, field, -1, "is not the fixed value");
            }
            at += wanted.length;
        }

        BigInteger number(String field, int size) throws TcrpException {
            return new BigInteger(1, take(field, size));
        }

        long unsigned(String field, int size, long minimum, long maximum) throws TcrpException {
            BigInteger value = number(field, size);
            if (value.compareTo(BigInteger.valueOf(minimum)) < 0 || value.compareTo(BigInteger.valueOf(maximum)) > 0) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, start, value + " is not in " + bounds(minimum, maximum));
            }
            return value.longValue();
        }

        byte[] sized(String field, long size, long minimum, long maximum) throws TcrpException {
            byte[] run = take(field, size);
            if (size < minimum || size > maximum) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, start,
                    size + " octets are not in " + bounds(minimum, maximum));
            }
            return run;
        }

        byte[] upTo(String field, String delimiter, long minimum, long maximum) throws TcrpException {
            int end = find(octets, at, latin1(delimiter));
            if (end < 0) {
                throw fault(ErrorCode.MISSING_DELIMITER, field, at, "the octets that end it do not follow");
            }
            byte[] run = sized(field, end - at, minimum, maximum);
            at += delimiter.length();
            return run;
        }

        byte[] rest(String field, long minimum, long maximum) throws TcrpException {
            return sized(field, left(), minimum, maximum);
        }

        String text(byte[] run) throws TcrpException {
            int valid = wellFormed(run);
            if (valid < run.length) {
                throw fault(ErrorCode.BAD_UTF8, field, start + valid, "is not UTF-8");
            }
            return new String(run, StandardCharsets.UTF_8);
        }

        String ascii(byte[] run) throws TcrpException {
            for (int index = 0; index < run.length; index++) {
                if (run[index] < 0x21 || run[index] > 0x7E) {
                    throw fault(ErrorCode.BAD_ASCII, field, start + index, "an octet is not printable");
                }
            }
            return new String(run, StandardCharsets.US_ASCII);
        }

        Members object(String field) throws TcrpException {
            byte[] run = take(field, left());
            if (wellFormed(run) < run.length) {
                throw fault(ErrorCode.BAD_UTF8, field, start, "the JSON is not UTF-8");
            }
            try {
                return new Members(new JsonReader(new String(run, StandardCharsets.UTF_8)).whole(), field, start);
            } catch (JsonFault fault) {
                throw fault(ErrorCode.BAD_JSON, field, start, fault.getMessage());
            }
        }
    }

    private static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        static TcrpException fault(ErrorCode code, String field, String message) {
            return new TcrpException(code, field, -1, false, message);
        }

        /** Checks that {@code value} is not null. */
        static <T> T given(String field, T value) throws TcrpException {
            if (value == null) {
                throw fault(ErrorCode.BAD_TYPE, field, "wants a value, not null");
            }
            return value;
        }

        static byte[] utf8(String field, String text) throws TcrpException {
            if (hasLoneSurrogate(given(field, text))) {
                throw fault(ErrorCode.BAD_UTF8, field, "holds a lone surrogate");
            }
            return text.getBytes(StandardCharsets.UTF_8);
        }

        byte[] octets() {
            return out.toByteArray();
        }

        int size() {
            return out.size();
        }

        void whole(String field, int maximum) throws TcrpException {
            if (size() > maximum) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, size() + " octets, the limit is " + maximum);
            }
        }

        void constant(String octets) {
            out.writeBytes(latin1(octets));
        }

        void number(String field, int octets, BigInteger value) throws TcrpException {
            if (given(field, value).signum() < 0 || value.bitLength() > 8 * octets) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, "is not a number of " + octets + " octets");
            }
            byte[] digits = value.toByteArray(); // with a sign bit: one octet more than needed, or fewer
            for (int index = digits.length - octets; index < digits.length; index++) {
                out.write(index < 0 ? 0 : digits[index]);
            }
        }

        void unsigned(String field, int octets, long minimum, long maximum, long value) throws TcrpException {
            if (value < minimum || value > maximum) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, value + " is not in " + bounds(minimum, maximum));
            }
            number(field, octets, BigInteger.valueOf(value));
        }

        /** The size of a field that follows. */
        void sizeOf(String field, int octets, long minimum, long maximum, byte[] counted) throws TcrpException {
            unsigned(field, octets, minimum, maximum, given(field, counted).length);
        }

        void sizeOf(String field, int octets, long minimum, long maximum, String counted) throws TcrpException {
            unsigned(field, octets, minimum, maximum, utf8(field, counted).length);
        }

        void text(String field, long minimum, long maximum, String delimiter, String value) throws TcrpException {
            plain(field, minimum, maximum, delimiter, utf8(field, value));
        }

        void ascii(String field, long minimum, long maximum, String delimiter, String value) throws TcrpException {
            byte[] run = utf8(field, value);
            for (byte octet : run) {
                if (octet < 0x21 || octet > 0x7E) {
                    throw fault(ErrorCode.BAD_ASCII, field, "an octet is not printable");
                }
            }
            plain(field, minimum, maximum, delimiter, run);
        }

        /** A run of octets and, if there is one, the delimiter that ends it. */
        void plain(String field, long minimum, long maximum, String delimiter, byte[] run) throws TcrpException {
            int size = given(field, run).length;
            if (size < minimum || size > maximum) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, size + " octets are not in " + bounds(minimum, maximum));
            }
            if (!delimiter.isEmpty() && find(run, 0, latin1(delimiter)) >= 0) {
                throw fault(ErrorCode.BAD_NAME, field, "holds the octets that end it");
            }
            out.writeBytes(run);
            constant(delimiter);
        }

        /** Fails if the octets written since {@code start} are none or begin with one of {@code others}. */
        void misread(String field, int start, int... others) throws TcrpException {
            byte[] written = octets();
            boolean isOther = written.length == start;
            for (int other : others) {
                isOther = isOther || (written[start] & 0xFF) == other;
            }
            if (isOther) {
                throw fault(ErrorCode.OUT_OF_RANGE, field, "would be read as another form");
            }
        }

        void object(String field, Object object) throws TcrpException {
            try {
                StringBuilder text = new StringBuilder();
                new JsonWriter(text).value(given(field, object), 1);
                out.writeBytes(text.toString().getBytes(StandardCharsets.UTF_8));
            } catch (JsonFault fault) {
                throw fault(ErrorCode.BAD_JSON, field, fault.getMessage());
            }
        }
    }
}
