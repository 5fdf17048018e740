"""JavaScript: spec/codecs/javascript/tcrp.mjs, an ES module for Node and browsers, with types for TypeScript."""
from __future__ import annotations

from tcrp.gen.backends.backend import Backend, Check, Example, Program, Tool
from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.backends.javascript import render

_NODE = Tool("node", "nodejs", "18.3", ("node", "--version"))
_TYPESCRIPT = (
    _NODE,
    Tool("typescript", "typescript@5", "5", ("node", "{modules}/typescript/bin/tsc", "--version"), from_npm=True),
    Tool("@types/node", "@types/node@18", "18", from_npm=True),
)
_TSC = ("node", "{modules}/typescript/bin/tsc", "--noEmit", "--strict", "--allowJs", "--checkJs", "--target", "es2022",
        "--module", "nodenext", "--moduleResolution", "nodenext", "--typeRoots", "{modules}/@types", "--types", "node")

BACKEND = Backend(
    name="javascript",
    title="JavaScript",
    requires="Node 18, ES2022",
    outputs={"spec/codecs/javascript/tcrp.mjs": render.render},
    toolchain=(_NODE,),
    runner=Program("spec/codecs/javascript", ("node", "{codecs}/javascript/runner.mjs")),
    example=Example(
        Program("spec/examples/javascript", ("node", "{examples}/javascript/chat.mjs")),
        "javascript/chat.mjs", "Node 18.3", "node javascript/chat.mjs"),
    checks=(Check((*_TSC, "{codecs}/javascript/tcrp.mjs", "{codecs}/javascript/runner.mjs",
                   "{examples}/javascript/chat.mjs"), _TYPESCRIPT),),
    capabilities=ALL - {Feature.FORM_ATTRIBUTE},
)
