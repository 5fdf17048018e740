import java.math.BigInteger;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import tcrp.Tcrp;
import tcrp.Tcrp.ErrorCode;

/**
 * Makes values of the codec's types from JSON. What a type cannot hold (a string for a number, 256 for an octet) is a
 * fault; the value is then replaced by a valid one, and so are all that would be checked after it. An error of the
 * encoder is therefore about something before the fault.
 */
final class Given {
    /** A fault: an error without an offset. */
    record Fault(ErrorCode code, String field, String text) {
    }

    private Fault shape; // a wrong object, whatever its values are
    private Fault fault; // the first wrong value
    String form = ""; // what the member of that name said

    /** The first fault, null if there is none. A fault of a whole, from the encoder, comes after those of its parts. */
    Fault first(Tcrp.TcrpException encoder) {
        if (shape != null) {
            return shape;
        }
        if (encoder != null && (fault == null || !fault.field.startsWith(encoder.field + "."))) {
            return new Fault(encoder.code, encoder.field, encoder.text);
        }
        return fault;
    }

    void misshapen(String path, String text) {
        shape = shape == null ? new Fault(ErrorCode.BAD_TYPE, path, text) : shape;
    }

    private void wrong(ErrorCode code, String path, String text) {
        fault = fault == null ? new Fault(code, path, text) : fault;
    }

    private static String harmless(int octets) {
        return "x".repeat(Math.max(octets, 1));
    }

    @SuppressWarnings("unchecked") // LenientJson makes no other maps
    private static Map<String, Object> asObject(Object value) {
        return value instanceof Map ? (Map<String, Object>) value : null;
    }

    // ---- objects ----

    Map<String, Object> members(Object fields, String path, List<String> required, List<String> optional) {
        Map<String, Object> members = asObject(fields);
        if (members == null) {
            misshapen(path, "wants an object");
            return Map.of();
        }
        for (String name : required) {
            if (!members.containsKey(name)) {
                misshapen(path, "the member " + name + " is missing");
            }
        }
        for (String name : members.keySet()) {
            if (!required.contains(name) && !optional.contains(name)) {
                misshapen(path, "has a member that it must not have");
            }
        }
        return members;
    }

    /** The members except "form". */
    Map<String, Object> form(Object fields, String path) {
        Map<String, Object> members = asObject(fields);
        if (members == null) {
            misshapen(path, "wants an object");
            return Map.of();
        }
        Map<String, Object> others = new LinkedHashMap<>(members);
        form = others.remove("form") instanceof String name ? name : "";
        return others;
    }

    // ---- fields ----

    String text(Object value, String path, int fewest) {
        if (!(value instanceof String)) {
            wrong(ErrorCode.BAD_TYPE, path, "wants text");
        }
        return fault != null ? harmless(fewest) : (String) value;
    }

    byte[] octets(Map<String, Object> members, String name, String path, int fewest) {
        byte[] octets = new byte[0];
        if (members.containsKey(name)) {
            octets = members.get(name) instanceof String text ? unhex(text) : null;
        }
        if (octets == null) {
            misshapen(path, "wants octets as hex");
        }
        return fault != null || octets == null ? new byte[fewest] : octets;
    }

    Map<String, Object> object(Object value, String path, boolean mayBeAbsent) {
        if (value == null && mayBeAbsent) {
            return null;
        }
        if (asObject(value) == null) {
            wrong(ErrorCode.BAD_TYPE, path, "wants an object");
        }
        return fault != null ? Map.of() : asObject(value);
    }

    BigInteger integer(Object value, String path) {
        if (!(value instanceof BigInteger)) {
            wrong(ErrorCode.BAD_TYPE, path, "wants an integer");
        }
        return fault != null ? BigInteger.ZERO : (BigInteger) value;
    }

    BigInteger integer(Object value, String path, long minimum, long maximum) {
        BigInteger whole = integer(value, path);
        boolean isLess = whole.compareTo(BigInteger.valueOf(minimum)) < 0;
        if (isLess || whole.compareTo(BigInteger.valueOf(maximum)) > 0) {
            wrong(ErrorCode.OUT_OF_RANGE, path, "is not in its range");
        }
        return fault != null ? BigInteger.valueOf(minimum) : whole;
    }

    // ---- members of a JSON payload ----

    /** What JSON payloads cannot express is reported before all other faults. */
    void wantExpressible(String path, Map<String, Object> members) {
        for (Object value : members.values()) {
            try {
                // A nested object is at the depth of a member of the request.
                Map<String, Object> detail = new LinkedHashMap<>();
                detail.put("member", value);
                Tcrp.encodeResponsePayload(new Tcrp.ResponsePayload(0, detail));
            } catch (Tcrp.TcrpException error) {
                wrong(error.code, path, error.text);
            }
        }
    }

    String textMember(Map<String, Object> members, String name, String path, int fewest) {
        Object value = members.get(name);
        if (value != null && !(value instanceof String)) {
            wrong(ErrorCode.BAD_JSON, path, name + " is not a JSON string");
        }
        return fault != null ? harmless(fewest) : (String) value;
    }

    Map<String, Object> objectMember(Map<String, Object> members, String name, String path) {
        Object value = members.get(name);
        if (value != null && asObject(value) == null) {
            wrong(ErrorCode.BAD_JSON, path, name + " is not a JSON object");
        }
        return fault != null ? null : asObject(value);
    }

    // ---- hex ----

    static String hexadecimal(byte[] octets) {
        return HexFormat.of().formatHex(octets);
    }

    /** Hex in words of whole octets, separated by white space; null if it is not hex. */
    static byte[] unhex(String text) {
        StringBuilder digits = new StringBuilder();
        for (String word : text.split("[ \\t\\n\\x0B\\f\\r]+")) {
            if (word.length() % 2 != 0) {
                return null;
            }
            digits.append(word);
        }
        try {
            return HexFormat.of().parseHex(digits);
        } catch (IllegalArgumentException error) {
            return null;
        }
    }
}
