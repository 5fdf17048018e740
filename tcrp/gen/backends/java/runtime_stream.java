package tcrp;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Optional;

final class Runtime {
    /** What is wrong with octets (decode) or with a value (encode): the first fault in the order of the fields. */
    public static final class TcrpException extends Exception {
        private static final long serialVersionUID = 1;

        /** What is wrong. */
        public final ErrorCode code;
        /** Dotted path in the names of the specification: {@code chat_datagram.token}. */
        public final String field;
        /** Octets from the start of the message; -1 where there are no octets. */
        public final int offset;
        /** Whether more octets of the stream may make the message whole. */
        public final boolean isIncomplete;
        /** The fault in words, without its place. It never has a name, a text, a password or a token. */
        public final String text;

        private TcrpException(ErrorCode code, String field, int offset, boolean isIncomplete, String text) {
            super(field + (offset < 0 ? "" : " at octet " + offset) + ": " + text + " (" + code.value + ")");
            this.code = code;
            this.field = field;
            this.offset = offset;
            this.isIncomplete = isIncomplete;
            this.text = text;
        }
    }

    /**
     * Takes whole control frames out of a stream, however it is cut into pieces.
     *
     * <pre>
     * reader.feed(octets, size);                // what a read gave
     * Optional&lt;ControlFrame> frame = reader.next(); // until it is empty
     * </pre>
     */
    public static final class FrameReader {
        private final int accept;
        private byte[] buffer = new byte[0];

        /** A reader of frames whose payload has at most so many octets. */
        public FrameReader(int accept) {
            this.accept = accept;
        }

        /** Appends octets of the stream: the first {@code size} of {@code octets}, of which it makes a copy. */
        public void feed(byte[] octets, int size) {
            int before = buffer.length;
            buffer = Arrays.copyOf(buffer, before + size);
            System.arraycopy(octets, 0, buffer, before, size);
        }

        /** The octets that belong to no frame given out so far. If the stream ends, it must be 0. */
        public int waiting() {
            return buffer.length;
        }

        /** All octets after the last whole frame, which are removed. */
        public byte[] takeRest() {
            byte[] rest = buffer;
            buffer = new byte[0];
            return rest;
        }

        /**
         * The next whole frame, which is removed; empty if more octets are needed. A size is judged as soon as the
         * header is there: OUT_OF_RANGE if none may have it, TOO_LARGE if it is above what is accepted here.
         */
        public Optional<ControlFrame> next() throws TcrpException {
            if (buffer.length < Limits.CONTROL_HEADER_SIZE) {
                return Optional.empty();
            }
            ControlHeader header = decodeControlHeader(Arrays.copyOf(buffer, Limits.CONTROL_HEADER_SIZE));
            judge(header, ErrorCode.OUT_OF_RANGE, Limits.OPERATION_PAYLOAD_SIZE);
            judge(header, ErrorCode.TOO_LARGE, accept);
            int size = Limits.CONTROL_HEADER_SIZE + header.roomNameSize() + header.operationPayloadSize().intValue();
            if (buffer.length < size) {
                return Optional.empty();
            }
            byte[] frame = Arrays.copyOf(buffer, size);
            buffer = Arrays.copyOfRange(buffer, size, buffer.length);
            return Optional.of(decodeControlFrame(frame));
        }

        private static void judge(ControlHeader header, ErrorCode code, int limit) throws TcrpException {
            BigInteger size = header.operationPayloadSize();
            if (size.compareTo(BigInteger.valueOf(limit)) > 0) {
                throw new TcrpException(code, "control_frame.operation_payload_size", 3, false,
                    size + " octets, the limit is " + limit);
            }
        }
    }
}
