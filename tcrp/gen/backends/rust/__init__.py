"""Rust: spec/codecs/rust/tcrp.rs, one module for Rust 1.63, edition 2021."""
from __future__ import annotations

from tcrp.gen.backends.backend import Backend, Check, Example, Program, Tool
from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.backends.rust import render

_RUSTFMT = Tool("rustfmt", "rustfmt", version=("rustfmt", "--version"))
_RUSTC = ("rustc", "--edition", "2021", "-D", "warnings")  # a debug build: overflow is a panic

BACKEND = Backend(
    name="rust",
    title="Rust",
    requires="Rust 1.63",
    outputs={"spec/codecs/rust/tcrp.rs": render.render},
    toolchain=(Tool("rustc", "rustc", "1.63", ("rustc", "--version")),),
    runner=Program("spec/codecs/rust", ("{out}/runner.exe",), ((*_RUSTC, "-o", "{out}/runner.exe", "runner.rs"),)),
    example=Example(
        Program("spec/examples/rust", ("{out}/chat.exe",), ((*_RUSTC, "-o", "{out}/chat.exe", "chat.rs"),)),
        "rust/chat.rs", "Rust 1.63", "rustc --edition 2021 -O -o chat-rust rust/chat.rs && ./chat-rust"),
    checks=(Check(("rustfmt", "--check", "--edition", "2021", "{codecs}/rust/tcrp.rs", "{codecs}/rust/runner.rs",
                   "{examples}/rust/chat.rs"), (_RUSTFMT,)),),
    capabilities=ALL - {Feature.BOUNDED_ABOVE_U64},
)
