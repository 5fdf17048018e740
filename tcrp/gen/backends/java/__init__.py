"""Java: spec/codecs/java/tcrp/Tcrp.java, one class for Java 17, and the fields of its runner."""
from __future__ import annotations

from tcrp.gen.backends.backend import Backend, Example, Program, Tool
from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.backends.java import render, runner_fields

_JAVA = ("java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "{out}")
_JAVAC = ("javac", "-Xlint:all", "-Werror", "-encoding", "UTF-8", "-d", "{out}")

BACKEND = Backend(
    name="java",
    title="Java",
    requires="JDK 17",
    outputs={"spec/codecs/java/tcrp/Tcrp.java": render.render, "spec/codecs/java/Fields.java": runner_fields.render},
    toolchain=(Tool("javac", "openjdk-17-jdk-headless", "17", ("javac", "-version")),
               Tool("java", "openjdk-17-jdk-headless", "17")),
    runner=Program("spec/codecs/java", (*_JAVA, "Runner"), ((*_JAVAC, "tcrp/Tcrp.java", "Runner.java"),)),
    example=Example(
        Program("spec/examples/java", (*_JAVA, "Chat"), ((*_JAVAC, "{codecs}/java/tcrp/Tcrp.java", "Chat.java"),)),
        "java/Chat.java", "JDK 17",
        "javac -d build ../codecs/java/tcrp/Tcrp.java java/Chat.java && java -cp build Chat"),
    capabilities=ALL - {Feature.BOUNDED_U64, Feature.LONG_BOUNDED},
)
