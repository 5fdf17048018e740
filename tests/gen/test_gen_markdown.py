"""Blocks between markers: filled, kept, refused; tables and diagrams on toy values."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tcrp.gen.artefacts import DOCUMENTS
from tcrp.gen.documents import diagrams, markdown, mermaid, tables
from tcrp.gen.introspect import protocol
from tcrp.gen.model import (
    Assigned,
    Choice,
    Constant,
    Field,
    Form,
    Message,
    Registry,
    Rest,
    Run,
    SchemaError,
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
    Value,
)
from tcrp.state import MACHINES, Machine, Transition

ROOT = Path(__file__).resolve().parents[2]

TOY = Message("toy", "A toy.", Struct((
    Field("name_size", "Octets of name.", Unsigned(1, 1, 255, counts="name")),
    Field("name", "Who.", Run("utf-8", SizedBy("name_size"))),
    Field("body", "What.", Choice(
        ((0, Form("order", "An order.", Struct((Field("marker", "Zero.", Constant(b"\0")),
                                                Field("kind", "Which.", Unsigned(1, 0, 9, "Kind"), True, 1)), False),
                  Value("Order", ("kind",)))),),
        Form("line", "A line.", Struct((Field("head", "Before.", Run("ascii", UpTo(b": "), 1, 8)),
                                        Field("text", "After | all.", Run("utf-8", Rest())))),
             Value("Line", ("head", "text"))))),
)), None, maximum=1_000)


def test_the_diagram_of_a_toy() -> None:
    assert diagrams.diagram(TOY) == """\
+-----------+-----------+------------+
| name_size | name      | body       |
| u8        | name_size | to the end |
+-----------+-----------+------------+

body, if its first octet is 0x00: order
+--------+--------+
| marker | [kind] |
| 0x00   | u8     |
+--------+--------+

body, if it begins with any other octet: line
+------+-----------+------------+
| head |           | text       |
|      | 0x3A 0x20 | to the end |
+------+-----------+------------+"""


def test_the_table_of_a_toy() -> None:
    assert tables.fields(TOY) == """\
`toy`: A toy. At most 1,000 octets in all.

| field | octets | type | values | meaning |
| --- | --- | --- | --- | --- |
| `name_size` | 1 | u8 | 1 to 255, octets of `name` | Octets of name. |
| `name` | `name_size` | UTF-8 |  | Who. |
| `body` | to the end | one of the forms below |  | What. |

`order`, the form of `body` if its first octet is 0x00: An order.

| field | octets | type | values | meaning |
| --- | --- | --- | --- | --- |
| `marker` | 1 | constant | 0x00 | Zero. |
| `kind` | 1 | u8 | 0 to 9, Kind, may be missing: then 1 | Which. |

`line`, the form of `body` if it begins with any other octet: A line.

| field | octets | type | values | meaning |
| --- | --- | --- | --- | --- |
| `head` | to 0x3A 0x20 | printable ASCII | 1 to 8 octets | Before. |
| `text` | to the end | UTF-8 |  | After \\| all. |"""


def test_a_registry_with_its_ranges() -> None:
    kinds = Registry("Kind", "Kinds.", (Assigned("A", 1, "First.", 1),), ((0, 0), (2, 9)), (), ((10, 255),))
    assert tables.registry(kinds) == """\
| Kind | name | meaning | since |
| --- | --- | --- | --- |
| 1 | `A` | First. | 1 |
| 0, 2-9 |  | reserved for later versions |  |
| 10-255 |  | never assigned |  |"""


def test_a_machine_as_table_and_diagram() -> None:
    door = Machine("door", "A door.", "OPEN", ("GONE",), (
        Transition("OPEN", "push", "SHUT", "It shuts."), Transition("SHUT", "pull", "OPEN", "It opens."),
        Transition("OPEN", "burn", "GONE", "Fire."), Transition("OPEN", "rot", "GONE", "Time.")))
    assert tables.machine(door).splitlines()[2:7] == [
        "| state | `push` | `pull` | `burn` | `rot` |",
        "| --- | --- | --- | --- | --- |",
        "| **OPEN** (initial) | SHUT |  | GONE | GONE |",
        "| **SHUT** |  | OPEN |  |  |",
        "| **GONE** (final) |  |  |  |  |"]
    assert mermaid.state_diagram(door).splitlines() == [
        "stateDiagram-v2", "    [*] --> OPEN", "    OPEN --> SHUT: push", "    SHUT --> OPEN: pull",
        "    OPEN --> GONE: burn / rot", "    GONE --> [*]"]


def test_splicing_fills_blocks_and_keeps_the_rest() -> None:
    text = "a\n<!-- begin generated: x -->\nold\n<!-- end generated: x -->\nb\n"
    filled = "a\n<!-- begin generated: x -->\nnew\n<!-- end generated: x -->\nb\n"
    assert markdown.splice("t", text, {"x": "new"}) == filled
    assert markdown.splice("t", filled, {"x": "new"}) == filled


@pytest.mark.parametrize("text", [
    "<!-- begin generated: nobody -->\n<!-- end generated: nobody -->",
    "<!-- begin generated: x -->\n<!-- end generated: y -->",
    "<!-- begin generated: x -->\n",
    "<!-- end generated: x -->\n",
    "<!-- begin generated: x -->\n<!-- begin generated: x -->\n<!-- end generated: x -->",
])
def test_wrong_markers_are_refused(text: str) -> None:
    with pytest.raises(SchemaError, match=r"^t: "):
        markdown.splice("t", text, {"x": "new", "y": "new"})


def test_a_japanese_document_has_the_japanese_form() -> None:
    text = "<!-- begin generated: x -->\n<!-- end generated: x -->"
    found = {"x": "English", "x ja": "\u65e5\u672c\u8a9e"}
    assert "\nEnglish\n" in markdown.splice("t.md", text, found)
    assert "\n\u65e5\u672c\u8a9e\n" in markdown.splice("t.ja.md", text, found)


def test_every_block_is_printed_in_the_specification() -> None:
    text = (ROOT / "spec/tcrp.md").read_text(encoding="utf-8")
    printed = set(re.findall(r"<!-- begin generated: (.+?) -->", text))
    elsewhere = {"codecs", "codecs ja", "examples"}  # in the READMEs of spec/
    assert printed | elsewhere == set(markdown.blocks(protocol())) - {"diagram control_header", "fields control_header"}


def test_every_machine_has_a_diagram() -> None:
    assert set(mermaid.FILES) == {machine.name for machine in MACHINES} | {"session"}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_no_document_has_an_empty_block(path: str) -> None:
    assert "-->\n<!-- end generated" not in (ROOT / path).read_text(encoding="utf-8")
