import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import tcrp.Tcrp;

/**
 * The runner of the Java codec: hex in, JSON out, and back, as spec/vectors/README.md describes it.
 *
 * <pre>
 * java Runner decode MESSAGE    hex on standard input -> JSON of the fields
 * java Runner encode MESSAGE    JSON of the fields on standard input -> hex
 * java Runner lines             one request per line -> one line "EXIT RESULT" each
 * </pre>
 *
 * Exit codes: 0 valid, 1 invalid, 2 incomplete, 64 wrong usage, 127 no such verb or message here.
 */
final class Runner {
    private static final int VALID = 0;
    private static final int INVALID = 1;
    private static final int INCOMPLETE = 2;
    private static final int USAGE = 64;
    private static final int NOT_SUPPORTED = 127;

    private record Answer(int exit, String result) {
    }

    private Runner() {
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 1 && arguments[0].equals("lines")) {
            lines();
            return;
        }
        if (arguments.length > 0 && !arguments[0].equals("decode") && !arguments[0].equals("encode")) {
            fail(NOT_SUPPORTED, "no verb is called that");
        } else if (arguments.length != 2) {
            fail(USAGE, "usage: java Runner decode|encode MESSAGE, or java Runner lines");
        }
        String input;
        try {
            byte[] octets = System.in.readAllBytes();
            input = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets)).toString();
        } catch (CharacterCodingException error) {
            input = "not UTF-8";
        }
        Answer answer = single(arguments[0], arguments[1], input.strip());
        if (answer.exit == USAGE || answer.exit == NOT_SUPPORTED) {
            fail(answer.exit, answer.result);
        }
        System.out.println(answer.result);
        System.exit(answer.exit);
    }

    private static void fail(int exit, String text) {
        System.err.println("runner: " + text);
        System.exit(exit);
    }

    private static void lines() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", 4);
            Answer answer = new Answer(NOT_SUPPORTED, "no such verb");
            if (line.matches("stream \\d{1,18} [01] .*")) {
                int accept = (int) Math.min(Long.parseLong(words[1]), Integer.MAX_VALUE);
                answer = stream(accept, words[2].equals("1"), words[3]);
            } else if (words[0].equals("stream")) {
                answer = new Answer(USAGE, "stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex");
            } else if (words.length > 1 && (words[0].equals("decode") || words[0].equals("encode"))) {
                int rest = words[0].length() + words[1].length() + 2;
                answer = single(words[0], words[1], rest < line.length() ? line.substring(rest) : "");
            }
            out.print(answer.exit + " " + answer.result + "\n");
            if (!in.ready()) {
                out.flush();
            }
        }
        out.flush();
    }

    private static Answer single(String verb, String message, String input) {
        if (verb.equals("encode")) {
            return encode(message, input);
        }
        byte[] octets = input.equals("-") ? new byte[0] : Given.unhex(input);
        if (octets == null) {
            return new Answer(USAGE, "the input is not hex (two digits for an octet)");
        }
        try {
            Object fields = Fields.decode(message, octets);
            return fields == null ? unknown() : new Answer(VALID, LenientJson.write(fields));
        } catch (Tcrp.TcrpException error) {
            return wrong(error.isIncomplete ? INCOMPLETE : INVALID, error.code, error.field, error.offset, error.text);
        }
    }

    private static Answer encode(String message, String input) {
        Object fields;
        try {
            fields = LenientJson.parse(input);
        } catch (IllegalArgumentException error) {
            return wrong(INVALID, Tcrp.ErrorCode.BAD_JSON, message, -1, "is not JSON in UTF-8");
        }
        Given given = new Given();
        byte[] octets = new byte[0];
        Tcrp.TcrpException thrown = null;
        try {
            octets = Fields.encode(message, given, fields);
        } catch (Tcrp.TcrpException error) {
            thrown = error;
        }
        if (octets == null) {
            return unknown();
        }
        Given.Fault fault = given.first(thrown);
        if (fault != null) {
            return wrong(INVALID, fault.code(), fault.field(), -1, fault.text());
        }
        return new Answer(VALID, Given.hexadecimal(octets));
    }

    private static Answer unknown() {
        return new Answer(NOT_SUPPORTED, "no message is called that");
    }

    private static Answer wrong(int exit, Tcrp.ErrorCode code, String field, int offset, String text) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("error", code.value);
        result.put("field", field);
        result.put("offset", offset < 0 ? null : offset);
        result.put("message", text);
        return new Answer(exit, LenientJson.write(result));
    }

    private static Answer stream(int accept, boolean isClosed, String chunks) {
        Tcrp.FrameReader reader = new Tcrp.FrameReader(accept);
        List<Object> events = new ArrayList<>();
        int at = 0;
        try {
            for (String chunk : chunks.equals("-") ? new String[0] : chunks.split(",", -1)) {
                byte[] octets = Given.unhex(chunk);
                if (octets == null) {
                    return new Answer(USAGE, "a chunk is not hex");
                }
                reader.feed(octets, octets.length);
                at += octets.length;
                for (Optional<Tcrp.ControlFrame> frame = reader.next(); frame.isPresent(); frame = reader.next()) {
                    events.add(Map.of("at", at, "frame", Fields.plain(frame.get())));
                }
            }
        } catch (Tcrp.TcrpException error) {
            events.add(Map.of("at", at, "error", error.code.value));
            return new Answer(INVALID, LenientJson.write(events));
        }
        return new Answer(isClosed && reader.waiting() > 0 ? INCOMPLETE : VALID, LenientJson.write(events));
    }
}
