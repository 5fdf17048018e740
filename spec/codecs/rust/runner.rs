//! The Rust codec as a program for running the vectors; the contract is in
//! ../../vectors/README.md.
//!
//! ```text
//! runner decode MESSAGE    hex on standard input -> JSON of the fields
//! runner encode MESSAGE    JSON of the fields on standard input -> hex
//! runner lines             many requests, one per line
//! ```
//!
//! Exit code 0: valid; 1: invalid; 2: incomplete; 64: wrong usage; 127: no such message here.
//! Built by: rustc --edition 2021 -o runner runner.rs

use std::io::{self, BufRead, Read, Write};
use std::process::exit;

mod tcrp;

use tcrp::{ChatDatagramMessage, ErrorCode, Json, JsonObject, RelayDatagram};

const VALID: i32 = 0;
const INVALID: i32 = 1;
const INCOMPLETE: i32 = 2;
const USAGE: i32 = 64;
const NOT_SUPPORTED: i32 = 127;
const DEEPEST: usize = 900;

type Answer = (i32, String);
type Encode = fn(&Value) -> tcrp::Result<Vec<u8>>;

// ---- JSON of the fields: any, with lone surrogates, NaN and duplicate keys ----

enum Value {
    Null,
    Bool(bool),
    Number(String),
    /// Whether it is valid text: false if it has a lone surrogate.
    Text(String, bool),
    Array(Vec<Value>),
    Object(Vec<(String, bool, Value)>),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.text[self.at..].starts_with(word);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn skip_space(&mut self) {
        while self.takes(" ") || self.takes("\t") || self.takes("\n") || self.takes("\r") {}
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_space();
        if depth > DEEPEST {
            None
        } else if self.takes("null") {
            Some(Value::Null)
        } else if self.takes("true") {
            Some(Value::Bool(true))
        } else if self.takes("false") {
            Some(Value::Bool(false))
        } else if self.takes("\"") {
            self.string()
                .map(|(text, is_text)| Value::Text(text, is_text))
        } else if self.takes("[") {
            self.items(depth).map(Value::Array)
        } else if self.takes("{") {
            self.members(depth).map(Value::Object)
        } else {
            self.number().map(Value::Number)
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        self.skip_space();
        if self.takes("]") {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.takes("]") {
                return Some(items);
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    /// The last value of a duplicate key counts, at the place of the first.
    fn members(&mut self, depth: usize) -> Option<Vec<(String, bool, Value)>> {
        let mut members: Vec<(String, bool, Value)> = Vec::new();
        self.skip_space();
        if self.takes("}") {
            return Some(members);
        }
        loop {
            self.skip_space();
            let (key, is_text) = if self.takes("\"") {
                self.string()?
            } else {
                return None;
            };
            self.skip_space();
            if !self.takes(":") {
                return None;
            }
            let value = self.value(depth + 1)?;
            match members.iter_mut().find(|(name, _, _)| *name == key) {
                Some(member) => member.2 = value,
                None => members.push((key, is_text, value)),
            }
            self.skip_space();
            if self.takes("}") {
                return Some(members);
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<(String, bool)> {
        let mut units: Vec<u16> = Vec::new();
        loop {
            let character = self.text[self.at..].chars().next()?;
            self.at += character.len_utf8();
            match character {
                '"' => break,
                '\0'..='\u{1f}' => return None,
                '\\' => units.push(self.escape()?),
                _ => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
            }
        }
        match String::from_utf16(&units) {
            Ok(text) => Some((text, true)),
            Err(_) => Some((String::from_utf16_lossy(&units), false)),
        }
    }

    fn escape(&mut self) -> Option<u16> {
        let letter = self.text[self.at..].chars().next()?;
        self.at += letter.len_utf8();
        Some(match letter {
            '"' | '\\' | '/' => letter as u16,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'u' => {
                let digits = self.text.get(self.at..self.at + 4)?;
                self.at += 4;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                u16::from_str_radix(digits, 16).ok()?
            }
            _ => return None,
        })
    }

    fn number(&mut self) -> Option<String> {
        let start = self.at;
        if !(self.takes("NaN") || self.takes("Infinity") || self.takes("-Infinity")) {
            self.takes("-");
            if !self.takes("0") && !self.digits() {
                return None;
            }
            if self.takes(".") && !self.digits() {
                return None;
            }
            if self.takes("e") || self.takes("E") {
                let _ = self.takes("+") || self.takes("-");
                if !self.digits() {
                    return None;
                }
            }
        }
        Some(self.text[start..self.at].to_string())
    }

    fn digits(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let size = rest.len()
            - rest
                .trim_start_matches(|digit: char| digit.is_ascii_digit())
                .len();
        self.at += size;
        size > 0
    }
}

fn parse(text: &[u8]) -> Option<Value> {
    let mut parser = Parser {
        text: std::str::from_utf8(text).ok()?,
        at: 0,
    };
    let value = parser.value(1)?;
    parser.skip_space();
    Some(value).filter(|_| parser.at == text.len())
}

/// The value for the codec; None if it has a lone surrogate.
fn built(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Text(text, true) => Json::String(text.clone()),
        Value::Text(_, false) => return None,
        Value::Array(items) => Json::Array(items.iter().map(built).collect::<Option<Vec<Json>>>()?),
        Value::Object(members) => Json::Object(
            members
                .iter()
                .map(|(key, is_text, value)| {
                    Some((Some(key.clone()).filter(|_| *is_text)?, built(value)?))
                })
                .collect::<Option<JsonObject>>()?,
        ),
    })
}

// ---- from JSON to values ----

/// Rust cannot hold a value of the wrong type. Such a field gets a valid value, and `wrong` the
/// fault to report, unless the codec finds one in an earlier field.
struct Fields<'a> {
    members: &'a [(String, bool, Value)],
    wrong: Option<tcrp::Error>,
}

const ORDER: [&str; 29] = [
    "control_header.room_name_size",
    "control_header.operation",
    "control_header.state",
    "control_header.operation_payload_size",
    "control_frame.room_name_size",
    "control_frame.operation",
    "control_frame.state",
    "control_frame.operation_payload_size",
    "control_frame.room_name",
    "control_frame.operation_payload",
    "request_payload.json_request",
    "response_payload.status",
    "response_payload.detail",
    "complete_payload.token",
    "endpoint_announcement.port",
    "chat_datagram.room_name_size",
    "chat_datagram.token_size",
    "chat_datagram.room_name",
    "chat_datagram.token",
    "chat_datagram.message.control_message.kind",
    "chat_datagram.message.text_message.text",
    "chat_datagram.message",
    "chat_datagram",
    "relay_datagram.notice.kind",
    "relay_datagram.notice.subject",
    "relay_datagram.notice.text",
    "relay_datagram.chat_line.username",
    "relay_datagram.chat_line.text",
    "relay_datagram",
];

fn fault(code: ErrorCode, field: &'static str) -> tcrp::Error {
    tcrp::Error {
        code,
        field,
        offset: None,
        is_incomplete: false,
    }
}

fn place(error: &tcrp::Error) -> Option<usize> {
    ORDER.iter().position(|field| *field == error.field)
}

/// Of two faults, the one whose field comes first.
fn first(one: Option<tcrp::Error>, other: tcrp::Error) -> tcrp::Error {
    match one {
        Some(error) if place(&error) <= place(&other) => error,
        _ => other,
    }
}

impl<'a> Fields<'a> {
    /// The members of an object that has all of `names` and no others; a name behind "?" may be
    /// missing. Any other value is a fault of `field`.
    fn new(value: &'a Value, field: &'static str, names: &[&str]) -> tcrp::Result<Self> {
        let wrong = fault(ErrorCode::BadType, field);
        let members = match value {
            Value::Object(members) => members,
            _ => return Err(wrong),
        };
        let fields = Fields {
            members,
            wrong: None,
        };
        let is_missing = |name: &&str| fields.member(name).is_none();
        let is_known = |key: &String| names.iter().any(|name| name.trim_start_matches('?') == key);
        if names.iter().any(is_missing) || !members.iter().all(|(key, _, _)| is_known(key)) {
            return Err(wrong);
        }
        Ok(fields)
    }

    /// A missing optional member is null.
    fn member(&self, name: &str) -> Option<&'a Value> {
        let found = self
            .members
            .iter()
            .find(|(key, _, _)| key == name.trim_start_matches('?'));
        match found {
            Some((_, _, value)) => Some(value),
            None if name.starts_with('?') => Some(&Value::Null),
            None => None,
        }
    }

    fn wrong(&mut self, code: ErrorCode, field: &'static str) {
        self.wrong = Some(first(self.wrong, fault(code, field)));
    }

    fn text(&mut self, name: &str, field: &'static str) -> String {
        match self.member(name) {
            Some(Value::Text(text, true)) => return text.clone(),
            Some(Value::Text(_, false)) => self.wrong(ErrorCode::BadUtf8, field),
            _ => self.wrong(ErrorCode::BadType, field),
        }
        "x".to_string()
    }

    /// A number as big-endian octets, as many as the field has.
    fn octets<const SIZE: usize>(&mut self, name: &str, field: &'static str) -> [u8; SIZE] {
        let mut octets = [0; SIZE];
        let number = match self.member(name) {
            Some(Value::Number(number)) => number,
            _ => "",
        };
        let digits = number.trim_start_matches('-');
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            self.wrong(ErrorCode::BadType, field);
            return octets;
        }
        let is_negative = digits != number && digits != "0";
        let mut is_too_large = false;
        for digit in digits.bytes() {
            let mut carry = u32::from(digit - b'0');
            for octet in octets.iter_mut().rev() {
                carry += u32::from(*octet) * 10;
                *octet = carry as u8;
                carry >>= 8;
            }
            is_too_large |= carry > 0;
        }
        if is_negative || is_too_large {
            self.wrong(ErrorCode::OutOfRange, field);
        }
        octets
    }

    fn u8(&mut self, name: &str, field: &'static str) -> u8 {
        self.octets::<1>(name, field)[0]
    }

    /// The result of the codec, and the fault found before it was called.
    fn result(&self, encoded: tcrp::Result<Vec<u8>>) -> tcrp::Result<Vec<u8>> {
        match encoded {
            Ok(octets) => self.wrong.map_or(Ok(octets), Err),
            Err(error) => Err(first(self.wrong, error)),
        }
    }
}

fn encode_control_header(value: &Value) -> tcrp::Result<Vec<u8>> {
    let names = [
        "room_name_size",
        "operation",
        "state",
        "operation_payload_size",
    ];
    let mut fields = Fields::new(value, "control_header", &names)?;
    let message = tcrp::ControlHeader {
        room_name_size: fields.u8("room_name_size", "control_header.room_name_size"),
        operation: fields.u8("operation", "control_header.operation"),
        state: fields.u8("state", "control_header.state"),
        operation_payload_size: fields.octets(
            "operation_payload_size",
            "control_header.operation_payload_size",
        ),
    };
    fields.result(tcrp::encode_control_header(&message))
}

fn encode_control_frame(value: &Value) -> tcrp::Result<Vec<u8>> {
    let names = ["room_name", "operation", "state", "?operation_payload"];
    let mut fields = Fields::new(value, "control_frame", &names)?;
    let payload = fields
        .members
        .iter()
        .find(|(key, _, _)| key == "operation_payload");
    let operation_payload = match payload.map(|(_, _, value)| value) {
        None => Some(Vec::new()),
        Some(Value::Text(text, true)) => unhex(text.as_bytes()),
        Some(_) => None,
    };
    let message = tcrp::ControlFrame {
        operation_payload: operation_payload
            .ok_or_else(|| fault(ErrorCode::BadType, "control_frame.operation_payload"))?,
        room_name: fields.text("room_name", "control_frame.room_name_size"),
        operation: fields.u8("operation", "control_frame.operation"),
        state: fields.u8("state", "control_frame.state"),
    };
    fields.result(tcrp::encode_control_frame(&message))
}

fn encode_request_payload(value: &Value) -> tcrp::Result<Vec<u8>> {
    let bad_json = fault(ErrorCode::BadJson, "request_payload.json_request");
    let fields = Fields::new(
        value,
        "request_payload",
        &["username", "?password", "?tcrp"],
    )?;
    let mut members = Vec::new();
    for name in ["username", "?password", "?tcrp"] {
        // JSON is built before types are checked: what cannot be built comes first.
        let member = built(fields.member(name).unwrap_or(&Value::Null));
        members.push(member.filter(|json| json.is_valid(2)).ok_or(bad_json)?);
    }
    let username = match &members[0] {
        Json::String(username) => username.clone(),
        _ => return Err(bad_json),
    };
    let password = match &members[1] {
        Json::String(password) => Some(password.clone()),
        _ => None,
    };
    let tcrp = match &members[2] {
        Json::Object(object) => Some(object.clone()),
        _ => None,
    };
    let is_wrong = |member: &Json, is_there: bool| !is_there && !matches!(member, Json::Null);
    let any_wrong =
        is_wrong(&members[1], password.is_some()) || is_wrong(&members[2], tcrp.is_some());
    let octets = tcrp::encode_request_payload(&tcrp::RequestPayload {
        username,
        password,
        tcrp,
    })?;
    Some(octets).filter(|_| !any_wrong).ok_or(bad_json)
}

fn encode_response_payload(value: &Value) -> tcrp::Result<Vec<u8>> {
    let mut fields = Fields::new(value, "response_payload", &["status", "?detail"])?;
    let detail = match fields.member("?detail") {
        Some(Value::Null) | None => None,
        Some(value @ Value::Object(_)) => match built(value) {
            Some(Json::Object(members)) => Some(members),
            _ => {
                fields.wrong(ErrorCode::BadJson, "response_payload.detail");
                None
            }
        },
        Some(_) => {
            fields.wrong(ErrorCode::BadType, "response_payload.detail");
            None
        }
    };
    let message = tcrp::ResponsePayload {
        status: fields.u8("status", "response_payload.status"),
        detail,
    };
    fields.result(tcrp::encode_response_payload(&message))
}

fn encode_complete_payload(value: &Value) -> tcrp::Result<Vec<u8>> {
    let mut fields = Fields::new(value, "complete_payload", &["token"])?;
    let token = fields.text("token", "complete_payload.token");
    fields.result(tcrp::encode_complete_payload(&tcrp::CompletePayload {
        token,
    }))
}

fn encode_endpoint_announcement(value: &Value) -> tcrp::Result<Vec<u8>> {
    let mut fields = Fields::new(value, "endpoint_announcement", &["port"])?;
    let port = u16::from_be_bytes(fields.octets("port", "endpoint_announcement.port"));
    fields.result(tcrp::encode_endpoint_announcement(
        &tcrp::EndpointAnnouncement { port },
    ))
}

fn form_of(value: &Value) -> &str {
    if let Value::Object(members) = value {
        for (key, _, member) in members {
            if let (true, Value::Text(form, true)) = (key == "form", member) {
                return form;
            }
        }
    }
    ""
}

fn encode_chat_datagram(value: &Value) -> tcrp::Result<Vec<u8>> {
    let mut fields = Fields::new(value, "chat_datagram", &["room_name", "token", "?message"])?;
    let mut inside = None;
    let message = match fields.members.iter().find(|(key, _, _)| key == "message") {
        None => ChatDatagramMessage::Keepalive,
        Some((_, _, value)) => match form_of(value) {
            "keepalive" => {
                Fields::new(value, "chat_datagram.message.keepalive", &["form"])?;
                ChatDatagramMessage::Keepalive
            }
            "control_message" => {
                let path = "chat_datagram.message.control_message";
                let mut members = Fields::new(value, path, &["form", "kind"])?;
                let kind = members.u8("kind", "chat_datagram.message.control_message.kind");
                inside = members.wrong;
                ChatDatagramMessage::ControlMessage { kind }
            }
            "text_message" => {
                let path = "chat_datagram.message.text_message";
                let mut members = Fields::new(value, path, &["form", "text"])?;
                let text = members.text("text", "chat_datagram.message.text_message.text");
                inside = members.wrong;
                ChatDatagramMessage::TextMessage { text }
            }
            _ => return Err(fault(ErrorCode::BadType, "chat_datagram.message")),
        },
    };
    fields.wrong = inside;
    let message = tcrp::ChatDatagram {
        room_name: fields.text("room_name", "chat_datagram.room_name_size"),
        token: fields.text("token", "chat_datagram.token_size"),
        message,
    };
    fields.result(tcrp::encode_chat_datagram(&message))
}

fn encode_relay_datagram(value: &Value) -> tcrp::Result<Vec<u8>> {
    match form_of(value) {
        "notice" => {
            let names = ["form", "kind", "subject", "text"];
            let mut fields = Fields::new(value, "relay_datagram.notice", &names)?;
            let message = RelayDatagram::Notice {
                kind: fields.u8("kind", "relay_datagram.notice.kind"),
                subject: fields.text("subject", "relay_datagram.notice.subject"),
                text: fields.text("text", "relay_datagram.notice.text"),
            };
            fields.result(tcrp::encode_relay_datagram(&message))
        }
        "chat_line" => {
            let names = ["form", "username", "text"];
            let mut fields = Fields::new(value, "relay_datagram.chat_line", &names)?;
            let message = RelayDatagram::ChatLine {
                username: fields.text("username", "relay_datagram.chat_line.username"),
                text: fields.text("text", "relay_datagram.chat_line.text"),
            };
            fields.result(tcrp::encode_relay_datagram(&message))
        }
        _ => Err(fault(ErrorCode::BadType, "relay_datagram")),
    }
}

// ---- from values to JSON ----

fn quoted(text: &str) -> Json {
    Json::String(text.to_string())
}

fn number(value: impl ToString) -> Json {
    Json::Number(value.to_string())
}

fn object<const SIZE: usize>(members: [(&str, Json); SIZE]) -> Json {
    let named = members
        .into_iter()
        .map(|(name, value)| (name.to_string(), value));
    Json::Object(named.collect())
}

fn optional<T>(value: Option<T>, json: fn(T) -> Json) -> Json {
    value.map_or(Json::Null, json)
}

/// A big-endian integer in decimal.
fn decimal(octets: &[u8]) -> String {
    let mut digits = vec![0u32];
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in digits.iter_mut() {
            carry += *digit << 8;
            *digit = carry % 10;
            carry /= 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(u32::to_string).collect()
}

fn frame(message: &tcrp::ControlFrame) -> Json {
    object([
        ("room_name", quoted(&message.room_name)),
        ("operation", number(message.operation)),
        ("state", number(message.state)),
        (
            "operation_payload",
            quoted(&hex(&message.operation_payload)),
        ),
    ])
}

fn decode(name: &str, octets: &[u8]) -> Option<tcrp::Result<Json>> {
    Some(match name {
        "control_header" => tcrp::decode_control_header(octets).map(|message| {
            let size = decimal(&message.operation_payload_size);
            object([
                ("room_name_size", number(message.room_name_size)),
                ("operation", number(message.operation)),
                ("state", number(message.state)),
                ("operation_payload_size", number(size)),
            ])
        }),
        "control_frame" => tcrp::decode_control_frame(octets).map(|message| frame(&message)),
        "request_payload" => tcrp::decode_request_payload(octets).map(|message| {
            object([
                ("username", Json::String(message.username)),
                ("password", optional(message.password, Json::String)),
                ("tcrp", optional(message.tcrp, Json::Object)),
            ])
        }),
        "response_payload" => tcrp::decode_response_payload(octets).map(|message| {
            let detail = optional(message.detail, Json::Object);
            object([("status", number(message.status)), ("detail", detail)])
        }),
        "complete_payload" => tcrp::decode_complete_payload(octets)
            .map(|message| object([("token", Json::String(message.token))])),
        "endpoint_announcement" => tcrp::decode_endpoint_announcement(octets)
            .map(|message| object([("port", number(message.port))])),
        "chat_datagram" => tcrp::decode_chat_datagram(octets).map(|message| {
            let inside = match message.message {
                ChatDatagramMessage::Keepalive => object([("form", quoted("keepalive"))]),
                ChatDatagramMessage::ControlMessage { kind } => {
                    object([("form", quoted("control_message")), ("kind", number(kind))])
                }
                ChatDatagramMessage::TextMessage { text } => object([
                    ("form", quoted("text_message")),
                    ("text", Json::String(text)),
                ]),
            };
            object([
                ("room_name", Json::String(message.room_name)),
                ("token", Json::String(message.token)),
                ("message", inside),
            ])
        }),
        "relay_datagram" => tcrp::decode_relay_datagram(octets).map(|message| match message {
            RelayDatagram::Notice {
                kind,
                subject,
                text,
            } => object([
                ("form", quoted("notice")),
                ("kind", number(kind)),
                ("subject", Json::String(subject)),
                ("text", Json::String(text)),
            ]),
            RelayDatagram::ChatLine { username, text } => object([
                ("form", quoted("chat_line")),
                ("username", Json::String(username)),
                ("text", Json::String(text)),
            ]),
        }),
        _ => return None,
    })
}

fn encode(name: &str, text: &[u8]) -> Option<tcrp::Result<Vec<u8>>> {
    let (name, function): (&str, Encode) = match name {
        "control_header" => ("control_header", encode_control_header),
        "control_frame" => ("control_frame", encode_control_frame),
        "request_payload" => ("request_payload", encode_request_payload),
        "response_payload" => ("response_payload", encode_response_payload),
        "complete_payload" => ("complete_payload", encode_complete_payload),
        "endpoint_announcement" => ("endpoint_announcement", encode_endpoint_announcement),
        "chat_datagram" => ("chat_datagram", encode_chat_datagram),
        "relay_datagram" => ("relay_datagram", encode_relay_datagram),
        _ => return None,
    };
    Some(match parse(text) {
        Some(value) => function(&value),
        None => Err(fault(ErrorCode::BadJson, name)),
    })
}

// ---- requests ----

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Octets written as hex, with white space between them.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at].is_ascii_whitespace() || text[at] == 0x0B {
            at += 1;
            continue;
        }
        let digit = |index: usize| char::from(*text.get(index)?).to_digit(16);
        octets.push((digit(at)? * 16 + digit(at + 1)?) as u8);
        at += 2;
    }
    Some(octets)
}

/// Hex of a request; "-" means no octets.
fn request_octets(text: &[u8]) -> Result<Vec<u8>, Answer> {
    if text == b"-" {
        return Ok(Vec::new());
    }
    unhex(text).ok_or_else(|| {
        (
            USAGE,
            "the input is not hex (two digits for an octet)".to_string(),
        )
    })
}

fn refusal(error: &tcrp::Error) -> Answer {
    let json = object([
        ("error", quoted(error.code.name())),
        ("field", quoted(error.field)),
        ("offset", optional(error.offset, number)),
        ("message", quoted(&error.to_string())),
    ]);
    (
        if error.is_incomplete {
            INCOMPLETE
        } else {
            INVALID
        },
        json.to_string(),
    )
}

fn answer(verb: &str, name: &str, text: &[u8]) -> Answer {
    let result = match verb {
        "decode" => match request_octets(text) {
            Err(answer) => return answer,
            Ok(octets) => decode(name, &octets).map(|result| result.map(|json| json.to_string())),
        },
        "encode" => encode(name, text).map(|result| result.map(|octets| hex(&octets))),
        _ => return (NOT_SUPPORTED, "no such verb".to_string()),
    };
    match result {
        None => (NOT_SUPPORTED, "no such message".to_string()),
        Some(Ok(text)) => (VALID, text),
        Some(Err(error)) => refusal(&error),
    }
}

fn stream(accept: &str, closed: &str, chunks: &str) -> Answer {
    let usage = "stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex";
    let is_number = !accept.is_empty() && accept.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number || !(closed == "0" || closed == "1") {
        return (USAGE, usage.to_string());
    }
    let mut reader = tcrp::ControlFrameReader::new(accept.parse().unwrap_or(u64::MAX));
    let mut events = Vec::new();
    let mut at = 0;
    let mut code = VALID;
    for chunk in chunks.split(',') {
        match request_octets(chunk.as_bytes()) {
            Err(answer) => return answer,
            Ok(octets) => {
                at += octets.len();
                reader.feed(&octets);
            }
        }
        let fault = loop {
            match reader.take() {
                Ok(Some(message)) => {
                    events.push(object([("at", number(at)), ("frame", frame(&message))]));
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        if let Some(error) = fault {
            events.push(object([
                ("at", number(at)),
                ("error", quoted(error.code.name())),
            ]));
            code = INVALID;
            break;
        }
    }
    if code == VALID && closed == "1" && reader.waiting() > 0 {
        code = INCOMPLETE;
    }
    (code, Json::Array(events).to_string())
}

fn answer_line(line: &[u8]) -> Answer {
    let mut words = line.splitn(3, |octet| *octet == b' ');
    let mut word = || words.next().unwrap_or(b"");
    let (verb, name, rest) = (word(), word(), word());
    let verb = String::from_utf8_lossy(verb);
    let name = String::from_utf8_lossy(name);
    if verb == "stream" {
        let rest = String::from_utf8_lossy(rest);
        let (closed, chunks) = rest.split_once(' ').unwrap_or((&rest, ""));
        return stream(&name, closed, chunks);
    }
    answer(&verb, &name, rest)
}

fn lines() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        while line.ends_with(b"\n") || line.ends_with(b"\r") {
            line.pop();
        }
        let (code, text) = answer_line(&line);
        writeln!(output, "{code} {text}")?;
        output.flush()?;
        line.clear();
    }
    Ok(())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (code, text) = match words[..] {
        ["lines"] => exit(if lines().is_ok() { VALID } else { USAGE }),
        ["decode" | "encode", name] => {
            let mut input = Vec::new();
            match io::stdin().read_to_end(&mut input) {
                Ok(_) => answer(words[0], name, input.strip_suffix(b"\n").unwrap_or(&input)),
                Err(error) => (USAGE, error.to_string()),
            }
        }
        [] | ["decode" | "encode", ..] => (
            USAGE,
            "usage: runner decode|encode MESSAGE | runner lines".to_string(),
        ),
        _ => (NOT_SUPPORTED, "no such verb".to_string()),
    };
    if code == USAGE || code == NOT_SUPPORTED {
        eprintln!("{text}");
    } else {
        println!("{text}");
    }
    exit(code);
}
