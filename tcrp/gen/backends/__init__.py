"""The renderers of spec/codecs: one dependency-free codec file a language, each a function `render(model) -> str`.

What is the same whatever the layouts are (the UTF-8 check, the JSON, the frame reader) is a real source file beside
the renderer, `runtime.*`, and becomes part of the output as it is. What depends on a layout comes from the IR.
"""
