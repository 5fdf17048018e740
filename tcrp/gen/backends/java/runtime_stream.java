package tcrp;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Optional;

final class Runtime {
    /** A fault of octets (decode) or of a value (encode): the first in the order of the fields. */
    public static final class TcrpException extends Exception {
        private static final long serialVersionUID = 1;

        /** What is wrong. */
        public final ErrorCode code;
        /** Dotted path of the field, with the names of the specification: {@code chat_datagram.token}. */
        public final String field;
        /** Octets from the start of the message; -1 where there are no octets. */
        public final int offset;
        /** Whether more octets of the stream may make the message whole. */
        public final boolean isIncomplete;
        /** The fault in words, without field and offset. Never quotes names, messages, passwords or tokens. */
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
     * Finds whole control frames in a stream, however it is split.
     *
     * <pre>
     * reader.feed(octets, size);                // what a read returned
     * Optional&lt;ControlFrame> frame = reader.next(); // until it is empty
     * </pre>
     */
    public static final class FrameReader {
        private final int accept;
        private byte[] buffer = new byte[0];

        /** A reader that accepts payloads of at most {@code accept} octets. */
        public FrameReader(int accept) {
            this.accept = accept;
        }

        /** Appends a copy of the first {@code size} of {@code octets} to the stream. */
        public void feed(byte[] octets, int size) {
            int before = buffer.length;
            buffer = Arrays.copyOf(buffer, before + size);
            System.arraycopy(octets, 0, buffer, before, size);
        }

        /** The number of octets after the last frame returned. Where the stream ends, it must be 0. */
        public int waiting() {
            return buffer.length;
        }

        /** Removes and returns all octets after the last frame returned. */
        public byte[] takeRest() {
            byte[] rest = buffer;
            buffer = new byte[0];
            return rest;
        }

        /**
         * Removes and returns the next frame; empty if more octets are needed. Sizes are checked as soon as the
         * header is complete: OUT_OF_RANGE if a size is never valid, TOO_LARGE if it exceeds what is accepted.
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
