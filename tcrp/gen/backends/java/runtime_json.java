package tcrp;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

final class Runtime {
    /** The members of a JSON object that have a meaning, and the offset of the object; -1 in encoding. */
    private record Members(Map<String, Object> all, String field, int offset) {
        String text(boolean isRequired, boolean blankIsAbsent, long minimum, long maximum, String... keys)
            throws TcrpException {
            return (String) member(String.class, isRequired, blankIsAbsent, minimum, maximum, keys);
        }

        @SuppressWarnings("unchecked") // JsonReader makes no other maps, and JsonWriter refuses them
        Map<String, Object> object(boolean isRequired, boolean blankIsAbsent, String... keys) throws TcrpException {
            return (Map<String, Object>) member(Map.class, isRequired, blankIsAbsent, 0, UNBOUNDED, keys);
        }

        /** The value under the name or a synonym; null if it is absent. */
        private Object member(Class<?> type, boolean isRequired, boolean blankIsAbsent, long minimum, long maximum,
            String... keys) throws TcrpException {
            boolean isThere = false;
            Object found = null;
            for (String key : keys) {
                Object value = all.get(key);
                isThere = isThere || all.containsKey(key);
                if (!all.containsKey(key) || blankIsAbsent && (value == null || value.equals(""))) {
                    continue;
                }
                if (!type.isInstance(value)) {
                    throw fault(ErrorCode.BAD_JSON, key + " is of the wrong type");
                }
                long size = value instanceof String text ? text.getBytes(StandardCharsets.UTF_8).length : minimum;
                if (size < minimum || size > maximum) {
                    throw fault(ErrorCode.OUT_OF_RANGE,
                        key + " of " + size + " octets is not in " + bounds(minimum, maximum));
                }
                found = found == null ? value : found;
            }
            if (isRequired && !isThere) {
                throw fault(ErrorCode.BAD_JSON, "has no " + keys[0]);
            }
            return found;
        }

        private TcrpException fault(ErrorCode code, String message) {
            return new TcrpException(code, field, offset, false, message);
        }
    }

    private static final class JsonFault extends Exception {
        private static final long serialVersionUID = 1;

        JsonFault(String message) {
            super(message);
        }
    }

    private static void wantDepth(int depth) throws JsonFault {
        if (depth > Limits.JSON_DEPTH) {
            throw new JsonFault("nested deeper than " + Limits.JSON_DEPTH + " levels");
        }
    }

    /** Parses JSON: RFC 8259 without its ambiguities. */
    private static final class JsonReader {
        private static final Pattern SPACE = Pattern.compile("[ \\t\\n\\r]*+");
        private static final Pattern NUMBER =
            Pattern.compile("-?(?:0|[1-9][0-9]*+)((?:\\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)");
        private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{4}");

        private final String text;
        private int at;

        JsonReader(String text) {
            this.text = text;
        }

        @SuppressWarnings("unchecked") // a map comes from object() below
        Map<String, Object> whole() throws JsonFault {
            Object value = value(1);
            skip("");
            if (at < text.length() || !(value instanceof Map)) {
                throw new JsonFault("not one JSON object and nothing else");
            }
            return (Map<String, Object>) value;
        }

        private Matcher match(Pattern pattern) {
            Matcher matcher = pattern.matcher(text).region(at, text.length());
            at = matcher.lookingAt() ? matcher.end() : at;
            return matcher;
        }

        /** Consumes the token if it comes next, after white space; whether it did. */
        private boolean skip(String token) {
            match(SPACE);
            boolean isNext = text.startsWith(token, at);
            at += isNext ? token.length() : 0;
            return isNext;
        }

        private void want(String token) throws JsonFault {
            if (!skip(token)) {
                throw new JsonFault("no " + token + " where one must stand");
            }
        }

        private Object value(int depth) throws JsonFault {
            if (skip("{")) {
                return object(depth);
            } else if (skip("[")) {
                return list(depth);
            } else if (skip("\"")) {
                return string();
            } else if (skip("true")) {
                return true;
            } else if (skip("false")) {
                return false;
            }
            return skip("null") ? null : number();
        }

        private Map<String, Object> object(int depth) throws JsonFault {
            wantDepth(depth);
            Map<String, Object> object = new LinkedHashMap<>();
            boolean isMore = !skip("}");
            while (isMore) {
                want("\"");
                String key = string();
                want(":");
                if (object.containsKey(key)) {
                    throw new JsonFault("a key occurs twice in one object");
                }
                object.put(key, value(depth + 1));
                isMore = !skip("}");
                if (isMore) {
                    want(",");
                }
            }
            return object;
        }

        private List<Object> list(int depth) throws JsonFault {
            wantDepth(depth);
            List<Object> list = new ArrayList<>();
            boolean isMore = !skip("]");
            while (isMore) {
                list.add(value(depth + 1));
                isMore = !skip("]");
                if (isMore) {
                    want(",");
                }
            }
            return list;
        }

        /** The part of a string after the opening quote. */
        private String string() throws JsonFault {
            StringBuilder out = new StringBuilder();
            while (at < text.length() && text.charAt(at) >= 0x20) {
                char next = text.charAt(at++);
                if (next == '"') {
                    String string = out.toString();
                    if (hasLoneSurrogate(string)) {
                        throw new JsonFault("a string holds a lone surrogate");
                    }
                    return string;
                }
                out.append(next == '\\' ? escape() : next);
            }
            throw new JsonFault("a string without an end, or with a control character");
        }

        private char escape() throws JsonFault {
            int letter = at < text.length() ? "\"\\/bfnrtu".indexOf(text.charAt(at++)) : -1;
            if (letter >= 0 && letter < 8) {
                return "\"\\/\b\f\n\r\t".charAt(letter);
            }
            int start = at;
            Matcher digits = match(HEX);
            if (letter < 0 || at == start) {
                throw new JsonFault("an escape that JSON does not have");
            }
            return (char) Integer.parseInt(digits.group(), 16);
        }

        private Object number() throws JsonFault {
            int start = at;
            Matcher number = match(NUMBER);
            if (at == start) {
                throw new JsonFault("not a value of JSON");
            }
            double value = Double.parseDouble(number.group());
            if (Double.isInfinite(value)) {
                throw new JsonFault("a number is beyond binary64");
            }
            if (!number.group(1).isEmpty()) {
                return value;
            }
            BigInteger whole = new BigInteger(number.group());
            return whole.bitLength() < Long.SIZE ? (Object) whole.longValue() : whole;
        }
    }

    /** Writes null, Boolean, String, Integer, Long, BigInteger, Double, Map and List; maps in iteration order. */
    private static final class JsonWriter {
        private final StringBuilder out;

        JsonWriter(StringBuilder out) {
            this.out = out;
        }

        void value(Object value, int depth) throws JsonFault {
            if (value instanceof String text) {
                string(text);
            } else if (value instanceof Map<?, ?> map) {
                object(map, depth);
            } else if (value instanceof List<?> list) {
                list(list, depth);
            } else if (value instanceof Number number && !isFinite(number)) {
                throw new JsonFault("a number is beyond binary64");
            } else if (value == null || value instanceof Boolean || value instanceof Number) {
                out.append(value);
            } else {
                throw new JsonFault("not expressible in JSON: " + value.getClass().getSimpleName());
            }
        }

        private static boolean isFinite(Number number) {
            boolean isKnown = number instanceof Integer || number instanceof Long || number instanceof BigInteger;
            return (isKnown || number instanceof Double) && Double.isFinite(number.doubleValue());
        }

        private void object(Map<?, ?> map, int depth) throws JsonFault {
            wantDepth(depth);
            String separator = "{";
            for (Map.Entry<?, ?> member : map.entrySet()) {
                if (!(member.getKey() instanceof String key)) {
                    throw new JsonFault("a key that is no string");
                }
                out.append(separator);
                string(key);
                out.append(':');
                value(member.getValue(), depth + 1);
                separator = ",";
            }
            out.append(map.isEmpty() ? "{}" : "}");
        }

        private void list(List<?> list, int depth) throws JsonFault {
            wantDepth(depth);
            String separator = "[";
            for (Object item : list) {
                out.append(separator);
                value(item, depth + 1);
                separator = ",";
            }
            out.append(list.isEmpty() ? "[]" : "]");
        }

        private void string(String text) throws JsonFault {
            if (hasLoneSurrogate(text)) {
                throw new JsonFault("a string holds a lone surrogate");
            }
            out.append('"');
            for (char next : text.toCharArray()) {
                int escape = "\"\\\b\f\n\r\t".indexOf(next);
                if (escape >= 0) {
                    out.append('\\').append("\"\\bfnrt".charAt(escape));
                } else if (next < 0x20) {
                    out.append(String.format("\\u%04x", (int) next));
                } else {
                    out.append(next);
                }
            }
            out.append('"');
        }
    }
}
