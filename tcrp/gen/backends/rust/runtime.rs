// ---- what all messages share ----

/// A fault of octets (decoding) or of a message (encoding).
///
/// It is the first fault in the order of the fields. `field` is the dotted path of the field
/// (`chat_datagram.token`), `offset` counts octets from the message's first; a message that is
/// written has none. With `is_incomplete`, more octets of the stream may make the message whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    pub code: ErrorCode,
    pub field: &'static str,
    pub offset: Option<usize>,
    pub is_incomplete: bool,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.field)?;
        if let Some(offset) = self.offset {
            write!(formatter, " at octet {offset}")?;
        }
        write!(formatter, ": {}", self.code.doc())
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

fn wrong(code: ErrorCode, field: &'static str, offset: Option<usize>) -> Error {
    Error {
        code,
        field,
        offset,
        is_incomplete: false,
    }
}

fn find(octets: &[u8], delimiter: &[u8]) -> Option<usize> {
    octets
        .windows(delimiter.len())
        .position(|window| window == delimiter)
}

// ---- JSON (RFC 8259, without its ambiguities) ----

/// A JSON value. A number is kept as text, since no Rust type holds them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(JsonObject),
}

/// The members of a JSON object, in order; no key occurs twice.
pub type JsonObject = Vec<(String, Json)>;

/// The value of the member `key` of `object`.
pub fn json_member<'a>(object: &'a [(String, Json)], key: &str) -> Option<&'a Json> {
    object
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value)
}

impl Json {
    /// Whether a value `depth` levels deep (1: by itself) is JSON that the protocol allows: keys
    /// are unique in an object, numbers are valid and within binary64, and nesting is bounded.
    pub fn is_valid(&self, depth: usize) -> bool {
        match self {
            Json::Null | Json::Bool(_) | Json::String(_) => true,
            Json::Number(number) => {
                let mut text = JsonText::new(number);
                text.number().is_some() && text.at == number.len()
            }
            Json::Array(items) => {
                depth <= limits::JSON_DEPTH && items.iter().all(|item| item.is_valid(depth + 1))
            }
            Json::Object(members) => {
                depth <= limits::JSON_DEPTH
                    && has_unique_keys(members)
                    && members.iter().all(|(_, value)| value.is_valid(depth + 1))
            }
        }
    }
}

impl fmt::Display for Json {
    /// The value as JSON text, without white space and with the fewest escapes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => formatter.write_str("null"),
            Json::Bool(value) => write!(formatter, "{value}"),
            Json::Number(number) => formatter.write_str(number),
            Json::String(text) => write_json_string(formatter, text),
            Json::Array(items) => {
                formatter.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    formatter.write_str(if index > 0 { "," } else { "" })?;
                    item.fmt(formatter)?;
                }
                formatter.write_str("]")
            }
            Json::Object(members) => {
                formatter.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    formatter.write_str(if index > 0 { "," } else { "" })?;
                    write_json_string(formatter, key)?;
                    formatter.write_str(":")?;
                    value.fmt(formatter)?;
                }
                formatter.write_str("}")
            }
        }
    }
}

fn write_json_string(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    formatter.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => formatter.write_str("\\\"")?,
            '\\' => formatter.write_str("\\\\")?,
            '\u{8}' => formatter.write_str("\\b")?,
            '\u{c}' => formatter.write_str("\\f")?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            '\0'..='\u{1f}' => write!(formatter, "\\u{:04x}", u32::from(character))?,
            _ => write!(formatter, "{character}")?,
        }
    }
    formatter.write_str("\"")
}

fn has_unique_keys(members: &[(String, Json)]) -> bool {
    let mut keys = BTreeSet::new();
    members.iter().all(|(key, _)| keys.insert(key))
}

/// A parser of JSON text. Its functions return None for JSON that the protocol does not allow.
struct JsonText<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonText<'a> {
    fn new(text: &'a str) -> Self {
        JsonText { text, at: 0 }
    }

    /// The whole text as one object.
    fn object(mut self) -> Option<JsonObject> {
        let value = self.value(1)?;
        self.skip_space();
        match value {
            Json::Object(members) if self.at == self.text.len() => Some(members),
            _ => None,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Consumes `word` if it follows; whether it did.
    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn takes_behind_space(&mut self, word: &str) -> bool {
        self.skip_space();
        self.takes(word)
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.skip_space();
        match self.peek()? {
            b'{' | b'[' if depth > limits::JSON_DEPTH => None,
            b'{' => self.members(depth).map(Json::Object),
            b'[' => self.items(depth).map(Json::Array),
            b'"' => self.string().map(Json::String),
            b'n' if self.takes("null") => Some(Json::Null),
            b't' if self.takes("true") => Some(Json::Bool(true)),
            b'f' if self.takes("false") => Some(Json::Bool(false)),
            _ => self.number().map(Json::Number),
        }
    }

    fn members(&mut self, depth: usize) -> Option<JsonObject> {
        let mut members = JsonObject::new();
        self.at += 1;
        if self.takes_behind_space("}") {
            return Some(members);
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            if !self.takes_behind_space(":") {
                return None;
            }
            members.push((key, self.value(depth + 1)?));
            if self.takes_behind_space("}") {
                return Some(members).filter(|members| has_unique_keys(members));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Json>> {
        let mut items = Vec::new();
        self.at += 1;
        if self.takes_behind_space("]") {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes_behind_space("]") {
                return Some(items);
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut string = String::new();
        if !self.takes("\"") {
            return None;
        }
        loop {
            let character = self.text[self.at..].chars().next()?;
            self.at += character.len_utf8();
            match character {
                '"' => return Some(string),
                '\\' => string.push(self.escape()?),
                '\0'..='\u{1f}' => return None,
                _ => string.push(character),
            }
        }
    }

    /// The character for the text after a backslash.
    fn escape(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' => Some(char::from(letter)),
            b'b' => Some('\u{8}'),
            b'f' => Some('\u{c}'),
            b'n' => Some('\n'),
            b'r' => Some('\r'),
            b't' => Some('\t'),
            b'u' => {
                let code = self.hexadecimal()?;
                if !(0xD800..0xDC00).contains(&code) {
                    return char::from_u32(code);
                }
                let low = Some(()).filter(|_| self.takes("\\u"));
                let low = low.and_then(|_| self.hexadecimal())?;
                if !(0xDC00..0xE000).contains(&low) {
                    return None;
                }
                char::from_u32(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
            }
            _ => None,
        }
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |value, digit| {
            Some(value * 16 + char::from(*digit).to_digit(16)?)
        })
    }

    /// The text of a number that is finite in binary64.
    fn number(&mut self) -> Option<String> {
        let start = self.at;
        self.takes("-");
        if !self.takes("0") {
            self.digits()?;
        }
        if self.takes(".") {
            self.digits()?;
        }
        if self.takes("e") || self.takes("E") {
            let _ = self.takes("+") || self.takes("-");
            self.digits()?;
        }
        let number = &self.text[start..self.at];
        let value: f64 = number.parse().ok()?;
        Some(number.to_string()).filter(|_| value.is_finite())
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Some(()).filter(|_| self.at > start)
    }
}

/// The members of a JSON object, and the place that errors about them name.
struct Members<'a> {
    members: &'a [(String, Json)],
    field: &'static str,
    offset: Option<usize>,
}

impl Members<'_> {
    fn wrong(&self, code: ErrorCode) -> Error {
        wrong(code, self.field, self.offset)
    }

    /// Checks that there is a member with one of these names.
    fn require(&self, keys: &[&str]) -> Result<()> {
        if keys
            .iter()
            .any(|key| json_member(self.members, key).is_some())
        {
            return Ok(());
        }
        Err(self.wrong(ErrorCode::BadJson))
    }

    /// The first member with one of these names that is not absent; `check` applies to them all.
    fn first<T>(
        &self,
        keys: &[&str],
        is_blank_absent: bool,
        check: impl Fn(&Json) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut first = None;
        for key in keys {
            if let Some(value) = json_member(self.members, key) {
                let is_blank = matches!(value, Json::Null)
                    || matches!(value, Json::String(text) if text.is_empty());
                if !(is_blank_absent && is_blank) {
                    let checked = check(value)?;
                    first = first.or(Some(checked));
                }
            }
        }
        Ok(first)
    }

    /// A string of `minimum` to `maximum` octets of UTF-8.
    fn text(
        &self,
        keys: &[&str],
        is_blank_absent: bool,
        minimum: usize,
        maximum: usize,
    ) -> Result<Option<String>> {
        self.first(keys, is_blank_absent, |value| match value {
            Json::String(text) if (minimum..=maximum).contains(&text.len()) => Ok(text.clone()),
            Json::String(_) => Err(self.wrong(ErrorCode::OutOfRange)),
            _ => Err(self.wrong(ErrorCode::BadJson)),
        })
    }

    fn object(&self, keys: &[&str], is_blank_absent: bool) -> Result<Option<JsonObject>> {
        self.first(keys, is_blank_absent, |value| match value {
            Json::Object(members) => Ok(members.clone()),
            _ => Err(self.wrong(ErrorCode::BadJson)),
        })
    }
}

// ---- reading ----

/// The state of reading octets.
struct Reading<'a> {
    octets: &'a [u8],
    at: usize,
    is_stream: bool,
}

/// A run of octets that begins at `start`.
#[derive(Clone, Copy)]
struct Run<'a> {
    octets: &'a [u8],
    start: usize,
    field: &'static str,
}

impl<'a> Run<'a> {
    fn within(self, minimum: usize, maximum: usize) -> Result<Self> {
        if (minimum..=maximum).contains(&self.octets.len()) {
            return Ok(self);
        }
        Err(wrong(ErrorCode::OutOfRange, self.field, Some(self.start)))
    }

    fn utf8(self) -> Result<String> {
        match std::str::from_utf8(self.octets) {
            Ok(text) => Ok(text.to_string()),
            Err(error) => Err(wrong(
                ErrorCode::BadUtf8,
                self.field,
                Some(self.start + error.valid_up_to()),
            )),
        }
    }

    /// Printable ASCII, 0x21-0x7E.
    fn ascii(self) -> Result<String> {
        match self
            .octets
            .iter()
            .position(|octet| !octet.is_ascii_graphic())
        {
            None => self.utf8(),
            Some(good) => Err(wrong(
                ErrorCode::BadAscii,
                self.field,
                Some(self.start + good),
            )),
        }
    }
}

impl<'a> Reading<'a> {
    fn new(octets: &'a [u8], is_stream: bool) -> Self {
        Reading {
            octets,
            at: 0,
            is_stream,
        }
    }

    fn wrong(&self, code: ErrorCode, field: &'static str) -> Error {
        Error {
            is_incomplete: self.is_stream && code == ErrorCode::Truncated,
            ..wrong(code, field, Some(self.at))
        }
    }

    /// Checks that the message has at most `maximum` octets.
    fn at_most(&self, field: &'static str, maximum: usize) -> Result<()> {
        if self.octets.len() <= maximum {
            return Ok(());
        }
        Err(self.wrong(ErrorCode::OutOfRange, field))
    }

    fn has_more(&self) -> bool {
        self.at < self.octets.len()
    }

    /// Whether the next octet is `octet`.
    fn begins(&self, octet: u8) -> bool {
        self.octets.get(self.at) == Some(&octet)
    }

    /// Checks that an octet is left.
    fn more(&self, field: &'static str) -> Result<()> {
        if self.has_more() {
            return Ok(());
        }
        Err(self.wrong(ErrorCode::Truncated, field))
    }

    /// Checks that no octet is left.
    fn end(&self, field: &'static str) -> Result<()> {
        if !self.has_more() {
            return Ok(());
        }
        Err(self.wrong(ErrorCode::TrailingOctets, field))
    }

    fn skip_rest(&mut self) {
        self.at = self.octets.len();
    }

    /// The next `size` octets.
    fn sized(&mut self, field: &'static str, size: u64) -> Result<Run<'a>> {
        let start = self.at;
        if ((self.octets.len() - start) as u64) < size {
            return Err(self.wrong(ErrorCode::Truncated, field));
        }
        self.at += size as usize;
        let octets = &self.octets[start..self.at];
        Ok(Run {
            octets,
            start,
            field,
        })
    }

    fn rest(&mut self, field: &'static str) -> Result<Run<'a>> {
        self.sized(field, (self.octets.len() - self.at) as u64)
    }

    /// The octets before the first `delimiter`, which is consumed.
    fn up_to(&mut self, field: &'static str, delimiter: &[u8]) -> Result<Run<'a>> {
        match find(&self.octets[self.at..], delimiter) {
            None => Err(self.wrong(ErrorCode::MissingDelimiter, field)),
            Some(size) => {
                let run = self.sized(field, size as u64)?;
                self.at += delimiter.len();
                Ok(run)
            }
        }
    }

    /// The next octets as they are, whatever they mean.
    fn array<const SIZE: usize>(&mut self, field: &'static str) -> Result<[u8; SIZE]> {
        let run = self.sized(field, SIZE as u64)?;
        let mut array = [0; SIZE];
        array.copy_from_slice(run.octets);
        Ok(array)
    }

    /// A big-endian integer of `size` octets; values above u64 become u64::MAX.
    fn number(
        &mut self,
        field: &'static str,
        size: u64,
        minimum: u64,
        maximum: u64,
    ) -> Result<u64> {
        let run = self.sized(field, size)?;
        let number = run.octets.iter().fold(0, |number: u64, octet| {
            if number >> 56 != 0 {
                u64::MAX
            } else {
                number << 8 | u64::from(*octet)
            }
        });
        if (minimum..=maximum).contains(&number) {
            return Ok(number);
        }
        Err(wrong(ErrorCode::OutOfRange, field, Some(run.start)))
    }

    fn constant(&mut self, field: &'static str, octets: &[u8]) -> Result<()> {
        if !self.octets[self.at..].starts_with(octets) {
            return Err(wrong(ErrorCode::WrongConstant, field, None));
        }
        self.at += octets.len();
        Ok(())
    }

    /// All remaining octets, as one JSON object.
    fn object(&mut self, field: &'static str) -> Result<JsonObject> {
        let text = std::str::from_utf8(&self.octets[self.at..])
            .map_err(|_| self.wrong(ErrorCode::BadUtf8, field))?;
        let members = JsonText::new(text)
            .object()
            .ok_or_else(|| self.wrong(ErrorCode::BadJson, field))?;
        self.skip_rest();
        Ok(members)
    }
}

// ---- writing ----

/// The octets written so far.
struct Writing {
    octets: Vec<u8>,
}

impl Writing {
    fn new() -> Self {
        Writing { octets: Vec::new() }
    }

    fn put(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    fn number(
        &mut self,
        field: &'static str,
        size: usize,
        minimum: u64,
        maximum: u64,
        value: u64,
    ) -> Result<()> {
        if !(minimum..=maximum).contains(&value) {
            return Err(wrong(ErrorCode::OutOfRange, field, None));
        }
        for place in (0..size).rev() {
            self.octets.push(if place < 8 {
                (value >> (8 * place)) as u8
            } else {
                0
            });
        }
        Ok(())
    }

    /// A run of `minimum` to `maximum` octets.
    fn run(
        &mut self,
        field: &'static str,
        octets: &[u8],
        minimum: usize,
        maximum: usize,
    ) -> Result<()> {
        if !(minimum..=maximum).contains(&octets.len()) {
            return Err(wrong(ErrorCode::OutOfRange, field, None));
        }
        self.put(octets);
        Ok(())
    }

    /// The octets that end the field written last.
    fn delimiter(&mut self, field: &'static str, octets: &[u8], delimiter: &[u8]) -> Result<()> {
        if find(octets, delimiter).is_some() {
            return Err(wrong(ErrorCode::BadName, field, None));
        }
        self.put(delimiter);
        Ok(())
    }

    fn object(&mut self, field: &'static str, members: &JsonObject) -> Result<()> {
        let object = Json::Object(members.clone());
        if !object.is_valid(1) {
            return Err(wrong(ErrorCode::BadJson, field, None));
        }
        self.put(object.to_string().as_bytes());
        Ok(())
    }

    /// That the form written from `mark` on would not be read as another: as one without octets, or
    /// as one that begins with one of `others`.
    fn differs(&self, field: &'static str, mark: usize, others: &[u8]) -> Result<()> {
        match self.octets.get(mark) {
            Some(octet) if !others.contains(octet) => Ok(()),
            _ => Err(wrong(ErrorCode::OutOfRange, field, None)),
        }
    }

    /// The message, which has at most `maximum` octets.
    fn at_most(self, field: &'static str, maximum: usize) -> Result<Vec<u8>> {
        if self.octets.len() <= maximum {
            return Ok(self.octets);
        }
        Err(wrong(ErrorCode::OutOfRange, field, None))
    }
}

/// Checks that text is printable ASCII, 0x21-0x7E.
fn check_ascii(field: &'static str, text: &str) -> Result<()> {
    if text.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Ok(());
    }
    Err(wrong(ErrorCode::BadAscii, field, None))
}
