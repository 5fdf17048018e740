"""Questions for codecs in any language, as lines of the verb `lines`: what the IR allows, and what it does not.

The same seed gives the same questions. tcrp.cli.runner says what is right. Left out is what only JSON
can hold, and languages read in different ways: of the fields to encode no key twice, no lone surrogate, no NaN.
"""

from __future__ import annotations

import json
import random
from typing import Any

from tcrp.cli import runner
from tcrp.gen import model
from tcrp.gen.introspect import protocol

PROTOCOL = protocol()
MESSAGES = {message.name: message for message in PROTOCOL.messages}
REGISTRIES = {registry.name: registry for registry in PROTOCOL.registries}
WITH_JSON = ("request_payload", "response_payload")

_LETTERS = [
    "abcdefgh XYZ019", "\u00e9\u00df", "\u3042\u8336", "\U0001f375\U0001f600", "e\u0301", "\0\x01\x1b\x1f\x7f\x85",
    "\t\r\n", '"\\/{}[]:, ', "\u2028\u2029\u200d\ufeff\ufffd\uffff\ue000\U0010ffff", ": ",
    "\ud7ff\u0800\u07ff\U00010000",
]
_KEYS = ["a", "b", "username", "user_name", "password", "tcrp", "", "1", "0", "__proto__", "constructor", "toString",
         "hasOwnProperty", "\u3042", "a b", "\U0001f600", "form"]
_NUMBERS = ["0", "1", "-1", "42", "-0", "0.5", "1e5", "1E+2", "2.50", "1e-7", "1e21", "-1e-400", "4294967296",
            "9007199254740991", "9007199254740993", "100000000000000000000000", "1.7976931348623157e308", "5e-324"]
_BAD_NUMBERS = ["1e309", "-1e400", "1" + "0" * 309, "01", "-", "+1", ".5", "1.", "1e", "0x10", "NaN", "Infinity",
                "-Infinity", "1_000", "--1", "1e+", "00", "-01", "\u0661"]
_BAD_STRINGS = ['"\\ud800"', '"\\udc00x"', '"\\ud800\\u0041"', '"\\ud83c\\ud83c\\udf75"', '"\\x41"', '"\\u12"', '"\\"',
                '"\\u00g0"', '"a', "'a'", '"\x01"', '"\t"', '"\n"', '"\\U00000041"', '"\\u 041"', '"\\u+041"']
_BAD_VALUES = ["nul", "True", "undefined", "", "{", "[", "}", "[1,]", '{"a":1,}', '{"a"}', "{1:2}", "[1 2]", "//",
               '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"x":{"b":1,"b":1}}', "\ufeff1", "1 1", "\u00a01", "\x0b1",
               "/**/1"]
_ODD_OCTETS = (0, 1, 9, 0x0A, 0x20, 0x22, 0x3A, 0x5C, 0x7B, 0x7D, 0x7F, 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xED, 0xF0,
               0xF4, 0xFF)


class Inputs:
    """A source of questions."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def line(self) -> bytes:
        """One question."""
        kind = self._random.choices(["valid", "octets", "fields", "json", "stream"], [4, 6, 4, 5, 1])[0]
        if kind == "stream":
            return self._stream()
        if kind == "json":
            return self._json_payload()
        name = self._random.choice(list(MESSAGES))
        value = self._message(MESSAGES[name])
        if kind == "fields":
            return self._encode(name, self._wrong_fields(value))
        if kind == "valid" and self._random.random() < 0.5:
            return self._encode(name, value)
        octets = self._octets(name, value)
        return _decode(name, self._mutated(octets) if kind == "octets" else octets)

    # ---- values ----

    def _message(self, message: model.Message) -> Any:
        if isinstance(message.body, model.Choice):
            return self._choice(message.body)
        assert message.value
        return self._body(message.body, message.value)

    def _choice(self, choice: model.Choice) -> Any:
        form = self._random.choice([form for form in choice.forms if form.written])
        value = self._body(form.body, form.value)
        return {"form": form.name, **value} if len({each.value.name for each in choice.forms}) > 1 else value

    def _body(self, body: model.Struct | model.JsonObject, value: model.Value) -> dict[str, Any]:
        if isinstance(body, model.JsonObject):
            members = {member.name: self._member(member) for member in body.members}
            return {name: item for name, item in members.items() if item is not None or self._random.random() < 0.5}
        found = {}
        for name in value.fields:
            field = body.find(name)
            assert field
            if field.optional and field.absent is None and self._random.random() < 0.5:
                found[name] = None
            else:
                found[name] = self._value(field.type)
        return found

    def _member(self, member: model.JsonMember) -> Any:
        if not member.required and self._random.random() < 0.4:
            return None
        return self._object(3) if member.kind == "object" else self._text(member.minimum, member.maximum)

    def _value(self, kind: model.Type) -> Any:
        if isinstance(kind, model.Unsigned):
            return self._number(kind)
        if isinstance(kind, model.Run):
            return self._run(kind)
        if isinstance(kind, model.Choice):
            return self._choice(kind)
        assert isinstance(kind, model.JsonObject), kind
        return self._object(4)

    def _number(self, kind: model.Unsigned) -> int:
        some = [kind.minimum, kind.maximum, self._random.randint(kind.minimum, kind.maximum),
                self._random.randint(kind.minimum, min(kind.maximum, 1 << self._random.randint(1, 300)))]
        if kind.registry:
            some += [entry.value for entry in REGISTRIES[kind.registry].entries if isinstance(entry.value, int)]
        return self._random.choice(some)

    def _run(self, kind: model.Run) -> str:
        maximum = 255 if isinstance(kind.extent, model.SizedBy) and kind.encoding else kind.maximum
        if not kind.encoding:
            sizes = [kind.minimum] * 9 + [0, 20] if isinstance(kind.extent, model.Exactly) else [0, 1, 20, 300]
            return self._random.randbytes(self._random.choice(sizes)).hex()
        if kind.encoding == "ascii":
            sizes = [kind.minimum] if isinstance(kind.extent, model.Exactly) else [1, 22, 22, 22, maximum or 40]
            size = self._random.choice(sizes)
            return "".join(chr(self._random.randint(0x21, 0x7E)) for _ in range(size))
        text = self._text(kind.minimum, maximum)
        if isinstance(kind.extent, model.UpTo) and self._random.random() < 0.9:
            text = text.replace(kind.extent.delimiter.decode(), "") or "x"
        return text

    def _text(self, minimum: int, maximum: int | None) -> str:
        """Text of about the sizes that are allowed, in octets; one in twenty is one octet too long or empty."""
        letters = self._random.choice(_LETTERS)
        if self._random.random() < 0.3:
            letters += self._random.choice(_LETTERS)
        text = "".join(self._random.choices(letters, k=self._random.choice([1, 2, 3, 8, 20])))
        size = self._random.choices([0, maximum or 4090, (maximum or 4090) + 1], [18, 1, 1])[0]
        if size:
            text = (text * size).encode()[:size].decode("utf-8", "ignore")
            text += "x" * (size - len(text.encode()))
        elif maximum and len(text.encode()) > maximum:
            text = text.encode()[:maximum].decode("utf-8", "ignore")
        return "" if minimum and self._random.random() < 0.02 else text

    def _object(self, levels: int) -> dict[str, Any]:
        keys = self._random.sample(_KEYS, self._random.randint(0, 3))
        return {key: self._item(levels - 1) for key in keys}

    def _item(self, levels: int) -> Any:
        kind = self._random.random()
        if levels > 0 and kind < 0.3:
            return self._object(levels)
        if levels > 0 and kind < 0.45:
            return [self._item(levels - 1) for _ in range(self._random.randint(0, 3))]
        return self._random.choice([None, True, False, json.loads(self._random.choice(_NUMBERS)), self._text(0, 20)])

    # ---- octets ----

    def _octets(self, name: str, value: Any) -> bytes:
        """What the reference makes of `value`, or of another if it has no octets."""
        while True:
            code, text = runner.encode(name, json.dumps(value).encode(), True)
            if code == runner.VALID:
                return bytes.fromhex(text)
            value = self._message(MESSAGES[name])

    def _mutated(self, octets: bytes) -> bytes:
        found = bytearray(octets)
        for _ in range(self._random.choice([1, 1, 1, 2, 3])):
            at = self._random.randint(0, max(len(found) - 1, 0))
            if self._random.random() < 0.5:
                at = min(at, self._random.randint(0, 40))  # what is short is where most rules are
            how = self._random.choice(["flip", "set", "cut", "drop", "insert", "twice", "huge", "more"])
            if how == "flip" and found:
                found[at] ^= 1 << self._random.randint(0, 7)
            elif how == "set" and found:
                found[at] = self._random.choice(_ODD_OCTETS)
            elif how == "cut":
                del found[at:]
            elif how == "drop":
                del found[at:at + self._random.randint(1, 4)]
            elif how == "insert":
                found[at:at] = bytes(self._random.choices(_ODD_OCTETS, k=self._random.randint(1, 3)))
            elif how == "twice":
                found[at:at] = found[at:at + self._random.randint(1, 40)]
            elif how == "huge":
                found[at:at + 4] = b"\xff" * 4
            else:
                found += self._random.randbytes(self._random.randint(1, 3))
        return bytes(found)

    # ---- fields that are wrong ----

    def _encode(self, name: str, value: Any) -> bytes:
        text = json.dumps(value, ensure_ascii=self._random.random() < 0.5)
        if self._random.random() < 0.02:
            text = self._random.choice([text[:-1], "", "[]", "null", text + "x", f"[{text}]", '"x"', "{", text + "}"])
        return f"encode {name} {text}".encode()

    def _wrong_fields(self, value: dict[str, Any]) -> Any:
        """`value` with one thing changed, at any depth."""
        value = json.loads(json.dumps(value))
        place = value
        while self._random.random() < 0.5:
            inside = [item for item in place.values() if isinstance(item, dict)]
            if not inside:
                break
            place = self._random.choice(inside)
        name = self._random.choice([*place, self._random.choice(_KEYS)])
        if self._random.random() < 0.2:
            place.pop(name, None)
        else:
            place[name] = self._odd(place.get(name))
        return value

    def _odd(self, value: Any) -> Any:
        if isinstance(value, str) and self._random.random() < 0.6:
            return self._random.choice([value + " ", value.upper(), value[:-1], value + "0", "\0" + value, value + "\t",
                                        value + ": ", "{" + value, (value * 100)[:9000], value + "\u3042", "",
                                        value + "\x7f"])
        if isinstance(value, int) and self._random.random() < 0.6:
            return self._random.choice([value + 1, -value, -1, value + 256, 1 << 29, (1 << 29) + 1, 1 << 231, 1 << 232,
                                        1 << 300, value + 0.5, str(value), value + 0.0, 65535, 65536, 255, 256])
        return self._random.choice([None, True, False, 0, 1, -1, 1.5, "", "x", [], ["x"], {}, {"a": 1}, {"form": "x"},
                                    {"a": {"b": {"c": {"d": {}}}}}, {"a": {"b": {"c": {"d": 1}}}}, "\u3042" * 50])

    # ---- JSON on the wire ----

    def _json_payload(self) -> bytes:
        name = self._random.choice(WITH_JSON)
        text = self._json_text(self._random.choice([3, 4, 4, 5]), is_object=True)
        if name == "request_payload" and self._random.random() < 0.8:
            members = [f'{self._space()}"username"{self._space()}:{self._json_string()}']
            members += [self._json_member(3) for _ in range(self._random.randint(0, 3))]
            self._random.shuffle(members)
            text = "{" + ",".join(members) + "}"
        octets = (text + self._space()).encode("utf-8", "surrogatepass")
        if self._random.random() < 0.25:
            octets = self._mutated(octets)
        if name == "response_payload":
            octets = bytes([self._random.randint(0, 12)]) + self._space().encode() + octets
        return _decode(name, octets)

    def _json_member(self, levels: int) -> str:
        key = json.dumps(self._random.choice(_KEYS), ensure_ascii=self._random.random() < 0.5)
        if self._random.random() < 0.1:
            key = key.replace("u", "\\u0075").replace("a", "\\u0061")
        return f"{self._space()}{key}{self._space()}:{self._json_text(levels)}"

    def _json_text(self, levels: int, is_object: bool = False) -> str:
        """A JSON value as text that nests at most `levels` deep; one in a hundred is broken."""
        kind = self._random.random()
        if is_object or (levels > 0 and kind < 0.25):
            text = "{" + ",".join(self._json_member(levels - 1) for _ in range(self._random.randint(0, 3))) + "}"
        elif levels > 0 and kind < 0.4:
            text = "[" + ",".join(self._json_text(levels - 1) for _ in range(self._random.randint(0, 3))) + "]"
        elif kind < 0.41:
            text = self._random.choice(_BAD_VALUES + _BAD_NUMBERS + _BAD_STRINGS)
        elif kind < 0.55:
            text = self._random.choice(_NUMBERS)
        elif kind < 0.85:
            text = self._json_string()
        else:
            text = self._random.choice(["null", "true", "false", "{}", "[]", '""'])
        return self._space() + text + self._space()

    def _json_string(self) -> str:
        if self._random.random() < 0.02:
            return self._random.choice([*_BAD_STRINGS, "null", "1", "{}"])
        text = self._text(0, 64)
        plain = json.dumps(text, ensure_ascii=self._random.random() < 0.5)
        if self._random.random() < 0.2:
            units = memoryview(text.encode("utf-16-le")).cast("H")
            plain = '"' + "".join(f"\\u{unit:04{self._random.choice('xX')}}" for unit in units) + '"'
        return plain.replace("/", "\\/") if self._random.random() < 0.1 else plain

    def _space(self) -> str:
        if self._random.random() < 0.9:
            return ""
        return "".join(self._random.choices(" \t\r\n", k=self._random.choice([1, 2])))

    # ---- streams ----

    def _stream(self) -> bytes:
        octets = b""
        for _ in range(self._random.randint(1, 4)):
            frame = self._octets("control_frame", self._message(MESSAGES["control_frame"]))
            octets += self._mutated(frame) if self._random.random() < 0.2 else frame
        if self._random.random() < 0.3:
            octets = octets[:self._random.randint(0, len(octets))]
        chunks, at = [], 0
        size = self._random.choice([1, 7, 32, 100, 10_000])
        while at < len(octets):
            step = self._random.randint(1, 2 * size)
            chunks.append(octets[at:at + step].hex())
            at += step
        accept = self._random.choice([0, 20, 299, 300, 8192, 65536, (1 << 29) + 1])
        return f"stream {accept} {self._random.randint(0, 1)} {','.join(chunks) or '-'}".encode()


def _decode(name: str, octets: bytes) -> bytes:
    return f"decode {name} {octets.hex() or '-'}".encode()


def lines(count: int, seed: int = 1) -> list[bytes]:
    """So many questions, and the same each time."""
    source = Inputs(seed)
    return [source.line() for _ in range(count)]
