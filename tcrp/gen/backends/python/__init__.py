"""Python: tcrp/fastcodec.py for this library, and spec/codecs/python/tcrp_codec.py, the same as one file to copy."""
from __future__ import annotations

from tcrp.gen.backends.backend import Backend, Check, Program
from tcrp.gen.backends.python import fastcodec, standalone

BACKEND = Backend(
    name="python",
    title="Python",
    requires="Python 3.9",
    outputs={"spec/codecs/python/tcrp_codec.py": standalone.render, "tcrp/fastcodec.py": fastcodec.render},
    # Without site-packages: the codec must work without this repository and its dependencies.
    runner=Program("spec/codecs/python", ("{python}", "-S", "-E", "-B", "{codecs}/python/runner.py")),
    checks=(Check(("{python}", "-m", "ruff", "check", "--quiet", "{codecs}/python")),),
)
