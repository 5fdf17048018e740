"""The declarations of the C codec: numbers and names of the protocol, and the struct of every value."""
from __future__ import annotations

from tcrp.gen.backends import names, prose, values
from tcrp.gen.backends.c.source import Source, constant, identifier, member, type_name
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.values import Attribute, ValueType, form_name, forms, several, value_types
from tcrp.gen.model import Choice, Form, Message, Model, Registry, SchemaError, Unsigned


def numbers(model: Model) -> list[str]:
    """Macros and enumerations."""
    source = Source()
    source.line(f"#define TCRP_VERSION {model.version}")
    source.line(f"#define TCRP_PORT {model.port} /* the default, for TCP and UDP */")
    for title, prefix, quantities in (("limits", "LIMIT", model.limits), ("timers", "TIMER", model.timers)):
        source.line()
        source.line(f"/* ---- {title} ---- */")
        source.line()
        for quantity in quantities:
            source.line(f"/* {quantity.unit}: {quantity.doc} */")
            source.line(f"#define {constant(prefix, quantity.name)} {quantity.value}")
    source.line()
    source.line("/* ---- registries ---- */")
    for registry in model.registries:
        _registry(source, registry)
    source.line()
    source.line("/* ---- error codes ---- */")
    source.line()
    with source.block("typedef enum tcrp_error_code", "} tcrp_error_code;"):
        source.line("TCRP_OK = 0,")
        for code in model.error_codes:
            source.doc([code.doc])
            source.line(f"{constant('ERROR', code.name)},")
        source.doc(["A buffer of the caller is too small; only in this codec, not a fault of a message."])
        source.line("TCRP_ERROR_NO_SPACE")
    source.line()
    source.doc(["The name of a code, the same in all implementations."])
    source.line("static inline const char *tcrp_error_name(tcrp_error_code code)")
    with source.block(""):
        with source.block("switch (code)"):
            for code in model.error_codes:
                source.line(f"case {constant('ERROR', code.name)}:")
                source.line(f"    return {quoted(str(code.value))};")
            source.line("case TCRP_ERROR_NO_SPACE:")
            source.line('    return "no_space";')
            source.line("case TCRP_OK:")
            source.line("    break;")
        source.line('return "ok";')
    return source.lines


def _registry(source: Source, registry: Registry) -> None:
    source.line()
    source.doc([registry.doc, *prose.ranges(registry)])
    name = type_name(registry.name)
    with source.block(f"typedef enum {name}", f"}} {name};"):
        for index, entry in enumerate(registry.entries):
            source.doc([entry.doc])
            comma = "," if index < len(registry.entries) - 1 else ""
            source.line(f"{constant(registry.name, entry.name)} = {entry.value}{comma}")


def declarations(model: Model) -> list[str]:
    """The structs. A form without attributes has none."""
    source = Source()
    declared: set[str] = set()
    types = {value.name: value for value in value_types(model)}
    # A struct is declared before the one that contains it.
    for message in model.messages:
        found = forms(message)
        for name in dict.fromkeys(form.value.name for form in found):
            _struct(source, types[name], message.name, None, declared)
        if isinstance(message.body, Choice):
            if several(found):
                _union(source, type_name(message.name), message.name, [message.doc], found, types, declared)
        elif message.value:
            if found:
                field = next(field for field in message.body.fields if isinstance(field.type, Choice))
                name = f"{type_name(message.value.name)}_{field.name}"
                if several(found):
                    _union(source, name, f"{message.name}.{field.name}", [field.doc], found, types, declared)
            _struct(source, types[message.value.name], message.name, message, declared)
    return source.lines


def holder(message: Message, field_name: str) -> str:
    """The type of a field of `message` that is a choice of `found`."""
    found = forms(message)
    assert message.value is not None
    return f"{type_name(message.value.name)}_{field_name}" if several(found) else type_name(found[0].value.name)


def value_type(message: Message) -> str:
    """The type of the values of a message."""
    return type_name(values.type_name(message, names.snake))


def selector(path: str, form: Form, found: tuple[Form, ...]) -> str:
    """The enumerator of `form` in the choice at `path`."""
    return constant(*path.split("."), form_name(form, found))


def has_members(value: ValueType) -> bool:
    """Whether there is a struct for the value."""
    return bool(value.attributes)


def flag(attribute: Attribute) -> str:
    """The member that says whether a number is present; "" if it needs none."""
    return f"has_{attribute.name}" if attribute.may_be_absent and isinstance(attribute.type, Unsigned) else ""


def _declare(name: str, path: str, declared: set[str]) -> None:
    if name in declared:
        raise SchemaError(path, f"two types of the C codec are called {name}")
    declared.add(name)


def _struct(source: Source, value: ValueType, path: str, message: Message | None, declared: set[str]) -> None:
    if not has_members(value) and message is None:
        return
    name = type_name(value.name)
    _declare(name, path, declared)
    source.line()
    source.doc([value.doc])
    with source.block(f"typedef struct {name}", f"}} {name};"):
        if not has_members(value):
            source.doc(["Always 0: the message has no fields, and C has no empty struct."])
            source.line("uint8_t nothing;")
        for attribute in value.attributes:
            absent = ["May be absent."] if attribute.may_be_absent else []
            source.doc([" ".join([attribute.doc, *absent])])
            if flag(attribute):
                source.line(f"bool {flag(attribute)};")
            if isinstance(attribute.type, Choice) and message is not None:
                source.line(f"{holder(message, attribute.name)} {identifier(attribute.name)};")
            else:
                source.line(member(attribute.type, attribute.name, f"{path}.{attribute.name}"))


def _union(source: Source, name: str, path: str, doc: list[str], found: tuple[Form, ...],
           types: dict[str, ValueType], declared: set[str]) -> None:
    _declare(name, path, declared)
    distinct = {form_name(form, found): form for form in found if form.written}
    source.line()
    with source.block(f"typedef enum {name}_form", f"}} {name}_form;"):
        for index, form in enumerate(distinct.values()):
            source.doc([form.doc])
            source.line(selector(path, form, found) + ("," if index < len(distinct) - 1 else ""))
    source.line()
    source.doc([*doc, "`form` selects the member of `as`; a form without fields has none."])
    with source.block(f"typedef struct {name}", f"}} {name};"):
        source.line(f"{name}_form form;")
        inside = [form for form in distinct.values() if has_members(types[form.value.name])]
        if inside:
            with source.block("union", "} as;"):
                for form in inside:
                    source.line(f"{type_name(form.value.name)} {identifier(names.snake(form.name))};")
