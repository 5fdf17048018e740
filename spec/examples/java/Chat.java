import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import tcrp.Tcrp;

/**
 * A complete TCRP chat client over ../../codecs/java/tcrp/Tcrp.java, with the standard library only.
 *
 * <pre>
 * javac -cp ../../codecs/java -d out Chat.java
 * java -cp out Chat [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM
 * </pre>
 *
 * Each line of standard input is sent to the room; its end leaves. Standard output has lines {@code user: text}, and
 * standard error the events. Exit 0: left, or the room was closed; 2: wrong usage; 3: refused; 4: no valid answer;
 * 5: no datagrams get through; 6: removed; 130: interrupted. Numbers such as (5.5) refer to spec/tcrp.md.
 */
final class Chat {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private static final PrintStream ERR = new PrintStream(System.err, true, StandardCharsets.UTF_8);

    /** The program ends with this exit code. */
    private static final class End extends Exception {
        private static final long serialVersionUID = 1;
        private final int exit;

        End(int exit, String text) {
            super(text);
            this.exit = exit;
        }
    }

    // ---- display (8.5): text from peers is one line and cannot control the terminal ----

    // Except joiners and variation selectors, which emoji and scripts other than Latin need.
    private static final Pattern UNSHOWN = Pattern.compile("[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\u034F\\u115F\\u1160\\u17B4"
        + "\\u17B5\\u3164\\uFFA0[\\p{Cf}&&[^\\u200C\\u200D]]]|(?<![^\\x00-\\u02E0])[\\u200C\\u200D\\uFE00-\\uFE0F]");

    private static String safe(String text) {
        String shown = UNSHOWN.matcher(text.replace('\t', ' ')).replaceAll("\uFFFD");
        return shown.replaceAll("(\\p{M}{8})\\p{M}+", "$1");
    }

    /** A note. Dim in a terminal, so that no chat line can look like one. */
    private static void note(String text) {
        ERR.println(System.console() == null ? "* " + safe(text) : "\033[2m* " + safe(text) + "\033[0m");
    }

    // ---- the control connection (5): one request, its RESPONSE, and a COMPLETE if that is OK ----

    /** The server's decision; if the status is OK, with the token and the addresses of both ends. */
    private record Answer(int status, String token, InetSocketAddress here, SocketAddress there) {
    }

    private static Answer request(InetSocketAddress server, Tcrp.ControlFrame frame) throws Tcrp.TcrpException, End {
        byte[] octets = Tcrp.encodeControlFrame(frame);
        try (Socket socket = new Socket()) {
            long deadline = System.nanoTime() + Tcrp.Timers.ANSWER_TIMEOUT.toNanos();
            socket.connect(server, (int) Tcrp.Timers.ANSWER_TIMEOUT.toMillis());
            socket.getOutputStream().write(octets);
            Tcrp.FrameReader reader = new Tcrp.FrameReader(Tcrp.Limits.REPLY_ACCEPT);
            byte[] reply = reply(socket, reader, Tcrp.State.RESPONSE, deadline);
            int status = Tcrp.decodeResponsePayload(reply).status();
            String token = "";
            if (status == Tcrp.Status.OK) {
                reply = reply(socket, reader, Tcrp.State.COMPLETE, deadline);
                token = Tcrp.decodeCompletePayload(reply).token();
            }
            InetSocketAddress here = new InetSocketAddress(socket.getLocalAddress(), 0);
            return new Answer(status, token, here, socket.getRemoteSocketAddress());
        } catch (IOException | Tcrp.TcrpException error) {
            throw new End(4, "no valid answer: " + error.getMessage());
        }
    }

    /** The payload of the next frame. */
    private static byte[] reply(Socket socket, Tcrp.FrameReader reader, int state, long deadline)
        throws IOException, Tcrp.TcrpException {
        byte[] buffer = new byte[4096];
        for (;;) {
            Optional<Tcrp.ControlFrame> frame = reader.next();
            if (frame.isPresent() && frame.get().state() == state) {
                return frame.get().operationPayload();
            }
            long left = (deadline - System.nanoTime()) / 1_000_000;
            socket.setSoTimeout((int) Math.max(left, 1));
            int size = frame.isPresent() || left <= 0 ? -1 : socket.getInputStream().read(buffer);
            if (size < 0) {
                throw new IOException("the server closes, is late or answers out of order");
            }
            reader.feed(buffer, size);
        }
    }

    // ---- the membership (6, 7, 9.5) ----

    private static int octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** The texts of a line: without control characters, and split between graphemes where it is too long (8.4). */
    private static List<String> split(String line, int limit) {
        List<String> texts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        Matcher clusters = Pattern.compile("\\X").matcher(line.replaceAll("[\\p{Cc}\\p{Cs}&&[^\t]]", ""));
        while (clusters.find()) {
            String cluster = clusters.group();
            List<String> characters = cluster.codePoints().mapToObj(Character::toString).toList();
            for (String part : octets(cluster) <= limit ? List.of(cluster) : characters) {
                if (octets(text + part) > limit) {
                    texts.add(text.toString());
                    text.setLength(0);
                }
                text.append(part);
            }
        }
        if (!text.isEmpty()) {
            texts.add(text.toString());
        }
        return texts;
    }

    private static final String END_OF_INPUT = "\n"; // no line is equal to this
    private final SynchronousQueue<String> lines = new SynchronousQueue<>();
    private final LinkedBlockingQueue<Optional<byte[]>> datagrams = new LinkedBlockingQueue<>(); // empty: unreachable
    private volatile boolean isInterrupted;

    private void readLines() {
        try {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.put(line);
            }
        } catch (IOException | InterruptedException error) {
            note("standard input: " + error.getMessage());
        }
        try {
            lines.put(END_OF_INPUT);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    private void receive(DatagramSocket socket) {
        DatagramPacket packet = new DatagramPacket(new byte[Tcrp.Limits.RELAY_DATAGRAM_SIZE + 1],
            Tcrp.Limits.RELAY_DATAGRAM_SIZE + 1);
        while (!socket.isClosed()) {
            try {
                socket.receive(packet);
                datagrams.add(Optional.of(Arrays.copyOf(packet.getData(), packet.getLength())));
                packet.setLength(packet.getData().length);
            } catch (PortUnreachableException error) {
                datagrams.add(Optional.empty());
            } catch (IOException error) {
                return; // closed
            }
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
    }

    /** From the token to the end of the membership; returns the exit code. */
    private int chat(String room, String user, Answer answer) throws IOException, InterruptedException, End {
        int limit = Math.min(Tcrp.Limits.CHAT_DATAGRAM_SIZE - 2 - octets(room) - octets(answer.token),
            Tcrp.Limits.RELAY_DATAGRAM_SIZE - 2 - octets(user)); // (6.6)
        try (DatagramSocket socket = new DatagramSocket(answer.here)) {
            socket.connect(answer.there); // so that datagrams from others are dropped
            daemon(() -> receive(socket));
            daemon(this::readLines);
            return new Membership(room, user, answer.token, socket).run(limit);
        }
    }

    private final class Membership {
        private final String room;
        private final String user;
        private final String token;
        private final DatagramSocket socket;
        private final Queue<String> waiting = new ArrayDeque<>(); // texts not sent yet
        private boolean isMember;
        private boolean isEnded; // no more lines
        private int asked; // WHO without an answer
        private int left; // LEAVE
        private int unreachable; // "port unreachable" without a datagram between
        private long sent = System.nanoTime(); // the last datagram
        private long heard = sent; // the last datagram of the server
        private long next = sent; // to send WHO or LEAVE again
        private double allowance = Tcrp.Limits.MESSAGE_BURST; // texts and WHO that may be sent (LIM-08)
        private long counted = sent;

        Membership(String room, String user, String token, DatagramSocket socket) {
            this.room = room;
            this.user = user;
            this.token = token;
            this.socket = socket;
        }

        private void send(Tcrp.ChatDatagramMessage message) {
            try {
                byte[] octets = Tcrp.encodeChatDatagram(new Tcrp.ChatDatagram(room, token, message));
                socket.send(new DatagramPacket(octets, octets.length));
            } catch (IOException error) {
                // it was about an earlier datagram, which is not sent again
            } catch (Tcrp.TcrpException error) {
                note("not sent: " + error.getMessage());
            }
            sent = System.nanoTime();
        }

        private static boolean isOver(long since, Duration time) {
            return System.nanoTime() - since >= time.toNanos();
        }

        int run(int limit) throws InterruptedException, End {
            int exit = -1;
            while (exit < 0) {
                say();
                exit = repeat();
                String line = isEnded || !waiting.isEmpty() ? null : lines.poll();
                if (END_OF_INPUT.equals(line) || isInterrupted) {
                    isEnded = true;
                } else if (line != null) {
                    waiting.addAll(split(line, limit));
                }
                // All times are checked again after at most 50 ms.
                boolean isIdle = line == null && exit < 0;
                Optional<byte[]> datagram = isIdle ? datagrams.poll(50, TimeUnit.MILLISECONDS) : datagrams.poll();
                if (datagram != null && exit < 0) {
                    exit = datagram.isPresent() ? take(datagram.get()) : refuse();
                }
            }
            if (!waiting.isEmpty()) {
                note("not sent: " + waiting.size() + " lines");
            }
            return isInterrupted ? 130 : exit;
        }

        /** Sends as many texts as the allowance permits; one is kept for WHO. */
        private void say() {
            long now = System.nanoTime();
            allowance += (now - counted) / 1e9 * Tcrp.Limits.MESSAGE_RATE;
            allowance = Math.min(allowance, Tcrp.Limits.MESSAGE_BURST);
            counted = now;
            for (; isMember && left == 0 && !waiting.isEmpty() && allowance >= 2; allowance--) {
                send(new Tcrp.TextMessage(waiting.remove()));
            }
        }

        /** Sends LEAVE, WHO or a keepalive if one is due; the exit code if too many went unanswered. */
        private int repeat() throws End {
            boolean isDue = System.nanoTime() - next >= 0;
            if (isEnded && left == 0 && (isMember && waiting.isEmpty() || isInterrupted) || left > 0 && isDue) {
                if (left++ == Tcrp.Limits.LEAVE_TRIES) {
                    return 0; // the server's timeout applies
                }
                send(new Tcrp.ControlMessage(Tcrp.ControlKind.LEAVE));
                next = System.nanoTime() + Tcrp.Timers.LEAVE_INTERVAL.toNanos();
            } else if (left == 0 && isDue && (!isMember || asked > 0 || isOver(heard, Tcrp.Timers.SILENCE_INTERVAL))) {
                if (asked++ == Tcrp.Limits.REGISTER_TRIES) {
                    throw new End(5, "no datagrams get through; not sent: " + waiting.size() + " lines");
                }
                send(new Tcrp.ControlMessage(Tcrp.ControlKind.WHO));
                allowance--;
                next = System.nanoTime() + Tcrp.Timers.REGISTER_INTERVAL.toNanos();
            } else if (isOver(sent, Tcrp.Timers.KEEPALIVE_INTERVAL)) {
                send(new Tcrp.Keepalive());
            }
            return -1;
        }

        private int refuse() throws End {
            if (++unreachable == 3 && left == 0) {
                throw new End(5, "the server is gone; not sent: " + waiting.size() + " lines");
            }
            return unreachable >= 3 ? 0 : -1;
        }

        /** Shows a datagram; the exit code if it ends the membership. */
        private int take(byte[] octets) {
            heard = System.nanoTime();
            unreachable = 0;
            asked = isMember ? 0 : asked;
            Tcrp.RelayDatagram relayed;
            try {
                relayed = Tcrp.decodeRelayDatagram(octets);
            } catch (Tcrp.TcrpException error) {
                return -1; // an invalid datagram is ignored (RLY-08)
            }
            if (relayed instanceof Tcrp.ChatLine line) {
                OUT.println(safe(line.username()) + ": " + safe(line.text()));
                if (OUT.checkError()) { // nobody reads any more
                    isEnded = true;
                    waiting.clear();
                }
            } else if (relayed instanceof Tcrp.Notice notice) {
                note(notice.text());
                boolean isOurs = notice.subject().equals(user);
                switch (notice.kind()) {
                    case Tcrp.NoticeKind.MEMBERS -> {
                        isMember = true;
                        asked = 0;
                    }
                    case Tcrp.NoticeKind.LEFT -> {
                        return left > 0 && isOurs ? 0 : -1;
                    }
                    case Tcrp.NoticeKind.ROOM_CLOSED -> {
                        return 0;
                    }
                    case Tcrp.NoticeKind.REMOVED -> {
                        return left > 0 ? 0 : 6;
                    }
                    default -> { } // shown, nothing else to do
                }
            }
            return -1;
        }
    }

    // ---- the command line ----

    private static final String USAGE =
        "usage: Chat [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM";

    private static String askSecret(String question) {
        char[] secret = System.console() == null ? null : System.console().readPassword("%s", question);
        return secret == null ? "" : new String(secret);
    }

    private static String firstLine(String file) throws End {
        try {
            return Files.readString(Path.of(file)).split("\r?\n", 2)[0];
        } catch (IOException error) {
            throw new End(2, "cannot read " + file);
        }
    }

    private int run(List<String> arguments) throws IOException, InterruptedException, End, Tcrp.TcrpException {
        String address = "localhost";
        String user = "";
        String file = "";
        int at = 0;
        for (; at + 1 < arguments.size() && arguments.get(at).startsWith("--"); at += 2) {
            String given = arguments.get(at + 1);
            switch (arguments.get(at)) {
                case "--server" -> address = given;
                case "--user" -> user = given;
                case "--password-file" -> file = given;
                default -> throw new End(2, USAGE);
            }
        }
        Matcher where = Pattern.compile("(?:\\[(.+)\\]|([^:]+))(?::(\\d{1,5}))?").matcher(address);
        String verb = arguments.size() - at == 2 ? arguments.get(at) : "";
        if (user.isEmpty() || !where.matches() || !verb.equals("create") && !verb.equals("join")) {
            throw new End(2, USAGE);
        }
        String room = arguments.get(at + 1);
        String host = where.group(1) == null ? where.group(2) : where.group(1);
        int port = where.group(3) == null ? Tcrp.PORT : Integer.parseInt(where.group(3));
        int operation = verb.equals("create") ? Tcrp.Operation.CREATE : Tcrp.Operation.JOIN;
        String password = file.isEmpty() ? "" : firstLine(file);
        if (file.isEmpty() && operation == Tcrp.Operation.CREATE) {
            password = askSecret("Password for the room (empty: none): ");
        }
        for (;;) {
            byte[] payload = Tcrp.encodeRequestPayload(new Tcrp.RequestPayload(user, password, null));
            Tcrp.ControlFrame frame = new Tcrp.ControlFrame(room, operation, Tcrp.State.REQUEST, payload);
            Answer answer = request(new InetSocketAddress(host, port), frame);
            if (answer.status == Tcrp.Status.OK) {
                return chat(room, user, answer);
            }
            boolean mayTry = answer.status == Tcrp.Status.WRONG_PASSWORD && file.isEmpty() && password.isEmpty();
            password = mayTry ? askSecret("Password of the room: ") : "";
            if (password.isEmpty()) {
                throw new End(3, "refused: " + Tcrp.Status.name(answer.status).toLowerCase().replace('_', ' '));
            }
        }
    }

    public static void main(String[] arguments) {
        Chat chat = new Chat();
        CountDownLatch done = new CountDownLatch(1);
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { // SIGINT, SIGTERM: leave first
            chat.isInterrupted = main.isAlive();
            try {
                done.await(2, TimeUnit.SECONDS);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        }));
        int exit = 2;
        try {
            exit = chat.run(List.of(arguments));
        } catch (End end) {
            note(end.getMessage());
            exit = end.exit;
        } catch (IOException | Tcrp.TcrpException | IllegalArgumentException error) {
            note(error.getMessage()); // the arguments: an invalid name, port 65536
        } catch (InterruptedException error) {
            exit = 130;
        }
        done.countDown();
        System.exit(exit);
    }
}
