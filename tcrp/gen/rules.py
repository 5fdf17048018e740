"""What fields must be to each other, so that every renderer can rely on it; a SchemaError says what is not."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcrp.gen.model import (
    Choice,
    Constant,
    Exactly,
    Field,
    Form,
    Ignored,
    JsonMember,
    JsonObject,
    Message,
    Run,
    SchemaError,
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
)

_BRACE = 0x7B  # what every JSON object written here begins with


def check(messages: tuple[Message, ...]) -> None:
    """Raise SchemaError for the first message that does not hold together."""
    by_name = {message.name: message for message in messages}
    _check_unique(_names(messages), "MESSAGES")
    for message in messages:
        if message.starts:
            _check_start(message, by_name.get(message.starts))
        elif isinstance(message.body, Choice):
            _check_choice(message.body, message.name)
        else:
            _check_struct(message.body, message.name)
            _check_end(message.body, message.name)
        if message.inside:
            _check_inside(message, by_name)


def _names(messages: tuple[Message, ...]) -> Iterator[str]:
    """The names of all messages and forms: one name, one body, one value type."""
    for message in messages:
        yield message.name
        fields = () if isinstance(message.body, Choice) else message.body.fields
        for body in (message.body, *(field.type for field in fields)):
            if isinstance(body, Choice):
                yield from (form.name for form in body.forms)


def _check_start(message: Message, whole: Message | None) -> None:
    """A message that is the start of another: the same fields, whose sizes count what follows in that one."""
    if whole is None or not isinstance(whole.body, Struct) or not isinstance(message.body, Struct):
        raise SchemaError(message.name, f"starts {message.starts}, which is no message of fields")
    _check_end(message.body, message.name)
    for field, other in zip(message.body.fields, whole.body.fields):
        if field.name != other.name or not isinstance(field.type, Unsigned) or not isinstance(other.type, Unsigned) \
                or field.type.octets != other.type.octets:
            raise SchemaError(f"{message.name}.{field.name}", f"is not the field at that place of {whole.name}")
        _check_unsigned(field.type, f"{message.name}.{field.name}")
    if len(message.body.fields) >= len(whole.body.fields):
        raise SchemaError(message.name, f"is not shorter than {whole.name}")


def _check_inside(message: Message, by_name: dict[str, Message]) -> None:
    holder, _, name = message.inside.partition(".")
    body = by_name[holder].body if holder in by_name else None
    field = body.find(name) if isinstance(body, Struct) else None
    if field is None or not isinstance(field.type, Run) or field.type.encoding:
        raise SchemaError(message.name, f"is inside {message.inside}, which is no field of octets")


# ---- bodies ----

def _check_struct(body: Struct, path: str) -> None:
    _check_unique((field.name for field in body.fields), path)
    for index, field in enumerate(body.fields):
        where = f"{path}.{field.name}"
        kind = field.type
        before, after = body.fields[:index], body.fields[index + 1:]
        if isinstance(kind, Unsigned):
            _check_unsigned(kind, where)
            if kind.counts and not any(_is_sized_by(other, field.name) for other in after if other.name == kind.counts):
                raise SchemaError(where, f"SizeOf counts {kind.counts}, which is no later field sized by it")
        elif isinstance(kind, Run):
            _check_run(kind, field.name, before, where)
        elif isinstance(kind, JsonObject) and kind.members:
            raise SchemaError(where, "JsonObject with members is described as a form only")
        elif isinstance(kind, Choice):
            _check_choice(kind, where)
        if field.takes_rest and after:
            raise SchemaError(f"{path}.{after[0].name}", f"follows {field.name}, which takes all that is left")
        if field.optional:
            _check_optional(field, after, where)


def _is_sized_by(field: Field, size: str) -> bool:
    return isinstance(field.type, Run) and field.type.extent == SizedBy(size)


def _check_unsigned(kind: Unsigned, path: str) -> None:
    if kind.octets > 32:
        raise SchemaError(path, "integers of more than 32 octets are not described")
    if kind.octets < 1 or not 0 <= kind.minimum <= kind.maximum < 256 ** kind.octets:
        raise SchemaError(path, f"{kind.minimum}..{kind.maximum} is no range of {kind.octets} octets")


def _check_run(kind: Run, name: str, before: tuple[Field, ...], path: str) -> None:
    if kind.minimum < 0 or (kind.maximum is not None and kind.maximum < kind.minimum):
        raise SchemaError(path, f"{kind.minimum}..{kind.maximum} is no range of sizes")
    if isinstance(kind.extent, Exactly):
        octets = kind.extent.octets
        if type(octets) is not int or octets < 1:
            raise SchemaError(path, f"Exactly {octets!r} is no number of octets")
        if not kind.minimum == kind.maximum == octets:
            raise SchemaError(path, f"Exactly {octets} has the bounds {kind.minimum}..{kind.maximum} besides")
    if isinstance(kind.extent, UpTo) and (type(kind.extent.delimiter) is not bytes or not kind.extent.delimiter):
        raise SchemaError(path, "UpTo has no delimiter")
    if isinstance(kind.extent, SizedBy):
        sizes = [field.type for field in before if field.name == kind.extent.size and not field.optional]
        if not sizes or not isinstance(sizes[0], Unsigned) or sizes[0].counts != name:
            raise SchemaError(path, f"SizedBy names {kind.extent.size}, which is no earlier field that counts it")


def _check_optional(field: Field, after: tuple[Field, ...], path: str) -> None:
    kind = field.type
    if not isinstance(kind, (Unsigned, JsonObject)) or (isinstance(kind, Unsigned) and kind.counts):
        raise SchemaError(path, f"IfLeft is not described for {type(kind).__name__}")
    if any(not isinstance(other.type, Ignored) for other in after):
        raise SchemaError(path, f"IfLeft is followed by {after[0].name}: what is left is its")
    if field.absent is not None and not (isinstance(kind, Unsigned) and isinstance(field.absent, int)
                                         and kind.minimum <= field.absent <= kind.maximum):
        raise SchemaError(path, f"IfLeft.absent {field.absent!r} is no value of the field")


def _check_end(body: Struct, path: str) -> None:
    if not body.closed and not any(field.takes_rest and not field.optional for field in body.fields[-1:]):
        raise SchemaError(path, "has no end: Terminated, or a last field that takes the rest")


# ---- choices ----

def _check_choice(choice: Choice, path: str) -> None:
    for form in choice.forms:
        where = f"{path}.{form.name}"
        if isinstance(form.body, JsonObject):
            _check_json(form.body, where)
            continue
        _check_struct(form.body, where)
        _check_end(form.body, where)
        for field in form.body.fields:
            if isinstance(field.type, Choice):
                raise SchemaError(f"{where}.{field.name}", "ByFirstOctet inside a form is not described")
    for form in choice.forms:
        if not any(other.written and other.value == form.value for other in choice.forms):
            raise SchemaError(f"{path}.{form.name}", f"no form here is the one that {form.value.name} is written as")
    _check_unique((f"case 0x{octet:02x}" for octet, _ in choice.cases), path)
    for octet, form in choice.cases:
        if _first_octet(form) != octet:
            raise SchemaError(f"{path}.{form.name}", f"is the case 0x{octet:02x}, but does not always begin with it")
    if _first_octet(choice.default) in [octet for octet, _ in choice.cases]:
        raise SchemaError(f"{path}.{choice.default.name}", "overlaps: it begins with the octet of a case")
    if choice.empty is not None and choice.empty.body != Struct(()):
        raise SchemaError(f"{path}.{choice.empty.name}", "is the form of no octets, but has fields")


def _first_octet(form: Form) -> int | None:
    """The octet that the form begins with whenever it is written, or None if it may differ."""
    if isinstance(form.body, JsonObject):
        return _BRACE
    first = form.body.fields[0].type if form.body.fields else None
    return first.octets[0] if isinstance(first, Constant) else None


def _check_json(body: JsonObject, path: str) -> None:
    if not body.members:
        raise SchemaError(path, "JsonObject as a form has no members")
    names = [name for member in body.members for name in (member.name, *member.synonyms)]
    _check_unique(names, path)
    for member in body.members:
        _check_member(member, f"{path}.{member.name}")


def _check_member(member: JsonMember, path: str) -> None:
    if member.kind != "string" and (member.minimum or member.maximum is not None or member.blank_is_absent):
        raise SchemaError(path, "bounds and blanks are described for strings only")
    if member.maximum is not None and member.maximum < member.minimum:
        raise SchemaError(path, f"{member.minimum}..{member.maximum} is no range of sizes")


def _check_unique(names: Iterable[str], path: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SchemaError(path, f"{name} occurs twice")
        seen.add(name)
