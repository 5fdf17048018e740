"""spec/codecs/java/tcrp/Tcrp.java: one class for Java 17, without dependencies.

The methods come from the IR and call the Reader and the Writer of runtime.java, which follow them in the file. Each
value type is a record with the wire's names; a choice is a sealed interface of the records of its forms.
"""
from __future__ import annotations

import re
from pathlib import Path

from tcrp.gen.backends.java.decode import read_function
from tcrp.gen.backends.java.encode import write_function
from tcrp.gen.backends.java.types import declarations, numbers
from tcrp.gen.model import NOTICE, Model

_RUNTIME = [Path(__file__).with_name(name) for name in ("runtime_stream.java", "runtime.java", "runtime_json.java")]
_DOC = """\
/**
 * Messages of the TCRP chat-room protocol to octets and back.
 *
 * <p>A decode method fails unless the octets are exactly one such message, an encode method if the value cannot be
 * encoded; both throw a {@link TcrpException} with the first fault in the order of the fields. {@link FrameReader}
 * finds control frames in a stream. Decoded values share no memory with the octets. JSON payloads consist of Map, List,
 * String, Boolean, Double, null and, for whole numbers, Long or BigInteger.
 */
public final class Tcrp {
    private Tcrp() {
    }
"""


def render(model: Model) -> str:
    """The text of Tcrp.java. Raises SchemaError for what Java cannot express."""
    runtime = [file.read_text(encoding="utf-8") for file in _RUNTIME]
    own = {"java.math.BigInteger", "java.time.Duration", "java.util.LinkedHashMap", "java.util.Map"}
    imports = sorted({name for text in runtime for name in re.findall(r"^import (.*);$", text, re.M)} | own)
    parts = [_DOC, *numbers(model), *declarations(model)]
    for message in model.messages:
        parts += [read_function(message), write_function(message)]
    # The part of a runtime file inside its class.
    parts += [text.partition("final class Runtime {\n")[2].rpartition("}\n")[0] for text in runtime]
    head = [f"// {NOTICE}\n", "package tcrp;\n", "".join(f"import {name};\n" for name in imports)]
    return "\n".join([*head, *parts]) + "}\n"
