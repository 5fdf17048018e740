import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * JSON for tests. The parser is lenient: duplicate keys (the last counts), lone surrogates, NaN and Infinity, any
 * number. Whole numbers are BigInteger, others Double.
 */
final class LenientJson {
    private static final int DEEPEST = 980;
    private static final Pattern SPACE = Pattern.compile("[ \\t\\n\\r]*+");
    private static final Pattern NUMBER =
        Pattern.compile("-?(?:0|[1-9][0-9]*+)((?:\\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)|NaN|-?Infinity");
    private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{4}");

    private final String text;
    private int at;

    private LenientJson(String text) {
        this.text = text;
    }

    /** The value of the text. Throws IllegalArgumentException if it is not JSON. */
    static Object parse(String text) {
        LenientJson reader = new LenientJson(text);
        Object value = reader.value(1);
        reader.skip("");
        if (reader.at < text.length()) {
            throw new IllegalArgumentException("something follows");
        }
        return value;
    }

    private Matcher match(Pattern pattern) {
        Matcher matcher = pattern.matcher(text).region(at, text.length());
        at = matcher.lookingAt() ? matcher.end() : at;
        return matcher;
    }

    private boolean skip(String token) {
        match(SPACE);
        boolean isNext = text.startsWith(token, at);
        at += isNext ? token.length() : 0;
        return isNext;
    }

    private void want(boolean isThere) {
        if (!isThere) {
            throw new IllegalArgumentException("not JSON");
        }
    }

    private Object value(int depth) {
        want(depth <= DEEPEST);
        if (skip("{")) {
            Map<String, Object> object = new LinkedHashMap<>();
            for (boolean isMore = !skip("}"); isMore; isMore = isMore("}")) {
                want(skip("\""));
                String key = string();
                want(skip(":"));
                object.put(key, value(depth + 1));
            }
            return object;
        } else if (skip("[")) {
            List<Object> list = new ArrayList<>();
            for (boolean isMore = !skip("]"); isMore; isMore = isMore("]")) {
                list.add(value(depth + 1));
            }
            return list;
        } else if (skip("\"")) {
            return string();
        } else if (skip("true")) {
            return true;
        } else if (skip("false")) {
            return false;
        }
        return skip("null") ? null : number();
    }

    private boolean isMore(String end) {
        boolean isMore = !skip(end);
        want(!isMore || skip(","));
        return isMore;
    }

    private Object number() {
        int start = at;
        Matcher number = match(NUMBER);
        want(at > start);
        boolean isWhole = "".equals(number.group(1));
        return isWhole ? (Object) new BigInteger(number.group()) : Double.valueOf(number.group());
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        while (at < text.length() && text.charAt(at) >= 0x20) {
            char next = text.charAt(at++);
            if (next == '"') {
                return out.toString();
            }
            out.append(next == '\\' ? escape() : next);
        }
        throw new IllegalArgumentException("a string without an end");
    }

    private char escape() {
        want(at < text.length());
        int letter = "\"\\/bfnrtu".indexOf(text.charAt(at++));
        want(letter >= 0);
        if (letter < 8) {
            return "\"\\/\b\f\n\r\t".charAt(letter);
        }
        int start = at;
        Matcher digits = match(HEX);
        want(at > start);
        return (char) Integer.parseInt(digits.group(), 16);
    }

    /** JSON of a value, in ASCII. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        if (value instanceof String string) {
            out.append('"');
            for (char each : string.toCharArray()) {
                boolean isPlain = each >= 0x20 && each < 0x7F && each != '"' && each != '\\';
                out.append(isPlain ? String.valueOf(each) : String.format("\\u%04x", (int) each));
            }
            out.append('"');
        } else if (value instanceof Map<?, ?> map) {
            List<String> members = new ArrayList<>();
            map.forEach((key, item) -> members.add(write(key) + ": " + write(item)));
            out.append('{').append(String.join(", ", members)).append('}');
        } else if (value instanceof List<?> list) {
            out.append('[').append(String.join(", ", list.stream().map(LenientJson::write).toList())).append(']');
        } else {
            out.append(value);
        }
        return out.toString();
    }
}
