"""Go: spec/codecs/go/tcrp.go, package tcrp, and the fields of its runner."""
from __future__ import annotations

from tcrp.gen.backends.backend import Backend, Check, Example, Program, Tool
from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.backends.go import render, runner_fields

_GO = Tool("go", "golang-go", "1.19", ("go", "version"))
_GOFMT = Tool("gofmt", "golang-go", "1.19")

BACKEND = Backend(
    name="go",
    title="Go",
    requires="Go 1.19",
    outputs={"spec/codecs/go/tcrp.go": render.render, "spec/codecs/go/runner/fields.go": runner_fields.render},
    toolchain=(_GO,),
    runner=Program("spec/codecs/go", ("{out}/runner.exe",), (("go", "build", "-o", "{out}/runner.exe", "./runner"),)),
    example=Example(
        Program("spec/examples/go", ("{out}/chat.exe",), (("go", "build", "-o", "{out}/chat.exe", "."),)),
        "go/chat.go", "Go 1.19", "cd go && go run ."),
    checks=(Check(("gofmt", "-l", "{codecs}/go", "{examples}/go"), (_GOFMT,)),
            Check(("go", "vet", "./..."), (_GO,), "spec/codecs/go"),
            Check(("go", "vet", "./..."), (_GO,), "spec/examples/go")),
    # Nothing is downloaded, and no other version of Go is looked for.
    environment={"GO111MODULE": "on", "GOFLAGS": "", "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
    capabilities=ALL - {Feature.LONG_BOUNDED, Feature.LONG_OPTIONAL},
)
