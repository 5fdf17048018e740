//! A complete TCRP chat client over ../../codecs/rust/tcrp.rs, with the standard library only.
//!
//! ```text
//! rustc --edition 2021 chat.rs
//! ./chat [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM
//! ```
//!
//! Each line of standard input is sent to the room; its end leaves. Standard output has lines
//! `user: text`, and standard error the events. Exit 0: left, or the room was closed; 2: wrong
//! usage; 3: refused; 4: no valid answer; 5: no datagrams get through; 6: removed. An interrupt
//! ends it without a LEAVE: the standard library has no signals. Numbers such as (5.5) refer to
//! sections of spec/tcrp.md.

use std::env;
use std::fmt::Display;
use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::process::{exit, Command, Stdio};
use std::sync::mpsc::{channel, sync_channel, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

#[path = "../../codecs/rust/tcrp.rs"]
mod tcrp;

use tcrp::{limits, timers, ChatDatagramMessage, ControlKind, NoticeKind, RelayDatagram, Status};

const USAGE: i32 = 2;
const REFUSED: i32 = 3;
const NO_ANSWER: i32 = 4;
const NO_DATAGRAMS: i32 = 5;
const REMOVED: i32 = 6;

// ---- display (8.5): text from peers is one line and cannot control the terminal ----

fn is_mark(each: char) -> bool {
    matches!(each, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// Ignorable characters that emoji and scripts other than Latin need.
fn is_joining(each: char) -> bool {
    matches!(each, '\u{180B}'..='\u{180F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}')
}

/// Default_Ignorable_Code_Point (8.1).
fn is_ignorable(each: char) -> bool {
    matches!(each, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

fn safe(text: &str) -> String {
    let mut shown = String::new();
    let (mut before, mut marks) = (' ', 0);
    for each in text.chars() {
        marks = if is_mark(each) { marks + 1 } else { 0 };
        let is_hidden = is_ignorable(each) && !(is_joining(each) && before >= '\u{2E0}');
        let is_line_end = matches!(each, '\u{2028}' | '\u{2029}');
        if each == '\t' {
            shown.push(' ');
        } else if each.is_control() || is_line_end || is_hidden {
            shown.push(char::REPLACEMENT_CHARACTER);
        } else if marks <= 8 {
            shown.push(each);
        }
        before = each;
    }
    shown
}

/// A note. Dim in a terminal, so that no chat line can look like one.
fn note(text: impl Display) {
    let is_terminal = Command::new("test").args(["-t", "2"]).status();
    let (start, stop) = match is_terminal {
        Ok(status) if status.success() => ("\x1b[2m", "\x1b[0m"),
        _ => ("", ""),
    };
    // Perhaps nobody reads it.
    let _ = writeln!(io::stderr(), "{start}* {}{stop}", safe(&text.to_string()));
}

fn end(code: i32, text: impl Display) -> ! {
    note(text);
    exit(code)
}

fn must<T, E: Display>(code: i32, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| end(code, error))
}

/// Reads a line from the terminal without echo; None if standard input is not a terminal. The
/// shell turns the echo on again, also after an interrupt.
fn ask_secret(question: &str) -> Option<String> {
    let script = "stty -echo 2>/dev/null || exit 1; trap '' TTOU; trap 'exit 130' INT TERM; \
                  trap 'stty echo; echo >&2' EXIT; printf %s \"$1\" >&2; IFS= read -r line; \
                  printf %s \"$line\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh", question]);
    let answer = shell
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output();
    let answer = answer.ok().filter(|answer| answer.status.success())?;
    String::from_utf8(answer.stdout).ok()
}

// ---- the control connection (5): one request, its RESPONSE, and a COMPLETE if that is OK ----

struct Request {
    server: String,
    operation: tcrp::Operation,
    room: String,
    user: String,
    password: Option<String>,
}

fn left(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        end(NO_ANSWER, "the server does not answer");
    }
    left
}

fn connect(server: &str, deadline: Instant) -> TcpStream {
    let mut failure = format!("{server}: no such host");
    for address in must(NO_ANSWER, server.to_socket_addrs()) {
        match TcpStream::connect_timeout(&address, left(deadline)) {
            Ok(connection) => return connection,
            Err(error) => failure = format!("{server}: {error}"),
        }
    }
    end(NO_ANSWER, failure)
}

/// The payload of the next frame, whose state must be `state`.
fn reply(
    connection: &mut TcpStream,
    reader: &mut tcrp::ControlFrameReader,
    state: tcrp::State,
    deadline: Instant,
) -> Vec<u8> {
    let mut octets = [0; 4096];
    loop {
        match must(NO_ANSWER, reader.take()) {
            Some(frame) if frame.state == state.value() => return frame.operation_payload,
            Some(_) => end(NO_ANSWER, "unexpected answer from the server"),
            None => {}
        }
        must(NO_ANSWER, connection.set_read_timeout(Some(left(deadline))));
        match must(NO_ANSWER, connection.read(&mut octets)) {
            0 => end(NO_ANSWER, "the server has closed the connection"),
            size => reader.feed(&octets[..size]),
        }
    }
}

impl Request {
    /// The status of the answer, the token if it is OK, and the addresses of both ends.
    fn enter(&self) -> (u8, String, SocketAddr, SocketAddr) {
        let deadline = Instant::now() + timers::ANSWER_TIMEOUT;
        let payload = tcrp::encode_request_payload(&tcrp::RequestPayload {
            username: self.user.clone(),
            password: self.password.clone(),
            tcrp: None,
        });
        let frame = tcrp::encode_control_frame(&tcrp::ControlFrame {
            room_name: self.room.clone(),
            operation: self.operation.value(),
            state: tcrp::State::Request.value(),
            operation_payload: must(USAGE, payload),
        });
        let frame = must(USAGE, frame);
        let mut connection = connect(&self.server, deadline);
        let here = must(NO_ANSWER, connection.local_addr());
        let there = must(NO_ANSWER, connection.peer_addr());
        must(
            NO_ANSWER,
            connection.set_write_timeout(Some(left(deadline))),
        );
        must(NO_ANSWER, connection.write_all(&frame));
        let mut reader = tcrp::ControlFrameReader::new(limits::REPLY_ACCEPT as u64);
        let mut next = |state| reply(&mut connection, &mut reader, state, deadline);
        let response = tcrp::decode_response_payload(&next(tcrp::State::Response));
        let status = must(NO_ANSWER, response).status;
        if status != Status::Ok.value() {
            return (status, String::new(), here, there);
        }
        let complete = tcrp::decode_complete_payload(&next(tcrp::State::Complete));
        (status, must(NO_ANSWER, complete).token, here, there)
    }
}

// ---- the membership (6, 7, 9.5) ----

/// The texts of a line: without control characters, and split where it is too long, before a
/// character that no mark is attached to (8.4).
fn split(line: &str, limit: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let (mut text, mut from) = (String::new(), 0);
    for each in line.chars() {
        if each.is_control() && each != '\t' {
            continue;
        }
        if !is_mark(each) && !is_ignorable(each) && !text.ends_with('\u{200D}') {
            from = text.len();
        }
        if text.len() + each.len_utf8() > limit {
            let rest = text.split_off(if from > 0 { from } else { text.len() });
            texts.push(text);
            text = rest;
            from = 0;
        }
        text.push(each);
    }
    texts.push(text);
    texts.retain(|text| !text.is_empty()); // an empty text would be a keepalive
    texts
}

/// The lines of standard input; the channel closes at its end.
fn read_lines() -> Receiver<String> {
    let (sender, lines) = sync_channel(1);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while matches!(input.read_until(b'\n', &mut line), Ok(1..)) {
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
            line.clear();
        }
    });
    lines
}

fn read_datagrams(socket: UdpSocket) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, datagrams) = channel();
    thread::spawn(move || loop {
        let mut octets = [0; limits::RELAY_DATAGRAM_SIZE + 1];
        let received = socket.recv(&mut octets);
        if sender
            .send(received.map(|size| octets[..size].to_vec()))
            .is_err()
        {
            break;
        }
    });
    datagrams
}

struct Membership {
    room: String,
    user: String,
    token: String,
    socket: UdpSocket,
    sent: Instant,
}

impl Membership {
    fn send(&mut self, message: ChatDatagramMessage) {
        let datagram = tcrp::ChatDatagram {
            room_name: self.room.clone(),
            token: self.token.clone(),
            message,
        };
        let octets = must(USAGE, tcrp::encode_chat_datagram(&datagram));
        // A lost datagram is not sent again; an error is about an earlier one.
        let _ = self.socket.send(&octets);
        self.sent = Instant::now();
    }

    fn ask(&mut self, kind: ControlKind) {
        self.send(ChatDatagramMessage::ControlMessage { kind: kind.value() });
    }

    /// Runs until the membership ends; returns the exit code.
    fn chat(&mut self) -> i32 {
        let to_server = limits::CHAT_DATAGRAM_SIZE - 2 - self.room.len() - self.token.len();
        let limit = to_server.min(limits::RELAY_DATAGRAM_SIZE - 2 - self.user.len()); // (6.6)
        let lines = read_lines();
        let datagrams = read_datagrams(must(NO_ANSWER, self.socket.try_clone()));
        let mut waiting: Vec<String> = Vec::new(); // texts not sent yet
        let (mut is_member, mut is_ended) = (false, false);
        let (mut asked, mut left, mut refused) = (0, 0, 0); // WHO, LEAVE, "port unreachable"
        let mut heard = Instant::now();
        let (mut next, mut counted) = (heard, heard); // to send WHO or LEAVE
        let mut allowance = limits::MESSAGE_BURST as f64; // of texts and WHO (LIM-08)
        loop {
            let now = Instant::now();
            allowance += (now - counted).as_secs_f64() * limits::MESSAGE_RATE as f64;
            allowance = allowance.min(limits::MESSAGE_BURST as f64);
            counted = now;
            // One message of the allowance is kept for WHO.
            while is_member && left == 0 && allowance >= 2.0 {
                if !waiting.is_empty() {
                    let text = waiting.remove(0);
                    self.send(ChatDatagramMessage::TextMessage { text });
                    allowance -= 1.0;
                    continue;
                }
                match lines.try_recv() {
                    Ok(line) if !is_ended => waiting = split(&line, limit),
                    Err(TryRecvError::Empty) => break,
                    _ => {
                        is_ended = true;
                        break;
                    }
                }
            }
            if is_ended && is_member && left == 0 && waiting.is_empty() {
                (left, next) = (1, now);
            }
            let is_silent = now - heard >= timers::SILENCE_INTERVAL;
            if left > 0 && now >= next {
                if left > limits::LEAVE_TRIES {
                    return 0;
                }
                self.ask(ControlKind::Leave);
                (left, next) = (left + 1, now + timers::LEAVE_INTERVAL);
            } else if left == 0 && (!is_member || asked > 0 || is_silent) && now >= next {
                if asked == limits::REGISTER_TRIES {
                    note("no datagrams get through between the server and this computer");
                    return NO_DATAGRAMS;
                }
                self.ask(ControlKind::Who);
                (asked, next) = (asked + 1, now + timers::REGISTER_INTERVAL);
                allowance -= 1.0;
            } else if now - self.sent >= timers::KEEPALIVE_INTERVAL {
                self.send(ChatDatagramMessage::Keepalive);
            }
            // All timers are checked above.
            let octets = match datagrams.recv_timeout(Duration::from_millis(50)) {
                Ok(Ok(octets)) => octets,
                Ok(Err(_)) if refused < 2 => {
                    refused += 1;
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => continue,
                _ => {
                    note("the server is gone");
                    return if left > 0 { 0 } else { NO_DATAGRAMS };
                }
            };
            (heard, refused) = (Instant::now(), 0);
            asked = if is_member { 0 } else { asked };
            let (kind, subject) = match tcrp::decode_relay_datagram(&octets) {
                Err(_) => continue, // an invalid datagram is ignored (RLY-08)
                Ok(RelayDatagram::ChatLine { username, text }) => {
                    let shown = format!("{}: {}\n", safe(&username), safe(&text));
                    let mut output = io::stdout();
                    let written = output.write_all(shown.as_bytes());
                    is_ended |= written.and_then(|_| output.flush()).is_err(); // nobody reads
                    continue;
                }
                Ok(RelayDatagram::Notice {
                    kind,
                    subject,
                    text,
                }) => {
                    note(text);
                    (NoticeKind::from_value(kind), subject)
                }
            };
            match kind {
                Some(NoticeKind::Members) => (is_member, asked) = (true, 0),
                Some(NoticeKind::Left) if left > 0 && subject == self.user => return 0,
                Some(NoticeKind::RoomClosed | NoticeKind::Removed) => {
                    if left == 0 && !waiting.is_empty() {
                        note("not all lines were sent");
                    }
                    let is_removed = kind == Some(NoticeKind::Removed) && left == 0;
                    return if is_removed { REMOVED } else { 0 };
                }
                _ => {}
            }
        }
    }
}

// ---- the command line ----

fn usage() -> ! {
    let options = "[--server HOST:PORT] --user NAME [--password-file FILE]";
    end(USAGE, format!("usage: chat {options} create|join ROOM"))
}

/// With a port, and brackets around an IPv6 address.
fn with_port(server: &str) -> String {
    let is_bare = !server.starts_with('[') && server.matches(':').count() > 1;
    let server = if is_bare {
        format!("[{server}]")
    } else {
        server.to_string()
    };
    let host_end = server.rfind(']').unwrap_or(0);
    if server[host_end..].contains(':') {
        return server;
    }
    format!("{server}:{}", tcrp::PORT)
}

fn main() {
    let mut arguments = env::args().skip(1).peekable();
    let (mut server, mut user, mut file) = ("localhost".to_string(), None, None);
    while matches!(arguments.peek(), Some(word) if word.starts_with("--")) {
        match (arguments.next().as_deref(), arguments.next()) {
            (Some("--server"), Some(value)) => server = value,
            (Some("--user"), Some(value)) => user = Some(value),
            (Some("--password-file"), Some(value)) => file = Some(value),
            _ => usage(),
        }
    }
    let words: Vec<String> = arguments.collect();
    let (operation, user) = match (words.first().map(String::as_str), user) {
        (Some("create"), Some(user)) if words.len() == 2 => (tcrp::Operation::Create, user),
        (Some("join"), Some(user)) if words.len() == 2 => (tcrp::Operation::Join, user),
        _ => usage(),
    };
    let mut request = Request {
        server: with_port(&server),
        operation,
        room: words[1].clone(),
        user,
        password: None,
    };
    if let Some(file) = &file {
        let text = must(USAGE, fs::read_to_string(file));
        request.password = text.lines().next().map(str::to_string);
    } else if operation == tcrp::Operation::Create {
        request.password = ask_secret("Password for the room (empty: none): ");
    }
    let (mut status, mut token, mut here, mut there) = request.enter();
    if status == Status::WrongPassword.value() && file.is_none() {
        request.password = ask_secret("Password of the room: ");
        if request.password.is_some() {
            (status, token, here, there) = request.enter();
        }
    }
    if status != Status::Ok.value() {
        match Status::from_value(status) {
            Some(known) => end(REFUSED, format!("refused: {known:?} (status {status})")),
            None => end(REFUSED, format!("refused: status {status}")),
        }
    }
    // Connected to the server's address, so that datagrams from others are dropped.
    here.set_port(0);
    let socket = must(NO_ANSWER, UdpSocket::bind(here));
    must(NO_ANSWER, socket.connect(there));
    let mut membership = Membership {
        room: request.room,
        user: request.user,
        token,
        socket,
        sent: Instant::now(),
    };
    exit(membership.chat());
}
