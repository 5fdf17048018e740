"""C: spec/codecs/c/tcrp.h, one header for C11 and C++11."""
from __future__ import annotations

import sys

from tcrp.gen.backends.backend import Backend, Example, Program, Tool
from tcrp.gen.backends.c import render
from tcrp.gen.backends.capabilities import ALL, Feature

# An overflow or an access outside a buffer ends the program with a report.
_SANITIZERS = () if sys.platform == "win32" else ("-fsanitize=address,undefined", "-fno-sanitize-recover")
_GCC = ("gcc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O1", "-g", *_SANITIZERS)

BACKEND = Backend(
    name="c",
    title="C",
    requires="C11, C++11",
    outputs={"spec/codecs/c/tcrp.h": render.render},
    toolchain=(Tool("gcc", "gcc libc6-dev", version=("gcc", "--version")),),  # gcc only recommends the headers
    runner=Program("spec/codecs/c", ("{out}/runner.exe",), ((*_GCC, "-o", "{out}/runner.exe", "runner.c"),)),
    example=Example(
        Program("spec/examples/c", ("{out}/chat.exe",),
                ((*_GCC, "-I", "{codecs}/c", "-o", "{out}/chat.exe", "chat.c"),)),
        "c/chat.c", "C11, POSIX", "cc -std=c11 -O2 -o chat-c c/chat.c && ./chat-c"),
    capabilities=ALL - {Feature.BOUNDED_ABOVE_U64},
)
