"""The Japanese specification against the English one: the same structure, requirements and facts, and links that work.

What the sentences mean is for a reader to compare. What is compared here is all that does not depend on the language.
"""
from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from wcwidth import wcswidth

SPEC = Path(__file__).resolve().parents[2] / "spec"
PAIRS = [("tcrp.md", "tcrp.ja.md"), ("README.md", "README.ja.md"), ("conformance.md", "conformance.ja.md")]

GENERATED = re.compile(r"^<!-- begin generated: (.+?) -->\n(.*?)^<!-- end generated: \1 -->$", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"<!-- (?:begin|end) generated: .+? -->")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
REQUIREMENT = re.compile(r"^- \*\*([A-Z]{3}-\d\d)\*\* (.+)$", re.MULTILINE)
KEYWORD = re.compile(r"\b(?:MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b", re.ASCII)

# How a requirement with each keyword ends its main clause in Japanese.
FORMS = {
    "MUST": "なければならない (MUST)",
    "MUST NOT": "てはならない (MUST NOT)",
    "SHOULD": "べきである (SHOULD)",
    "SHOULD NOT": "べきではない (SHOULD NOT)",
    "MAY": "てもよい (MAY)",
}


class Facts(NamedTuple):
    """What of a paragraph, list item or table row is the same in every language."""

    spans: set[str]  # code
    ids: set[str]  # of requirements
    sections: list[str]  # linked to, by number
    numbers: set[str]
    names: set[str]  # in capitals: NOT_FOUND, UDP


def read(name: str) -> str:
    return (SPEC / name).read_text(encoding="utf-8")


def by_hand(text: str) -> str:
    """Without what is generated; the markers stay."""
    return GENERATED.sub(lambda found: f"<!-- generated: {found[1]} -->", text)


def anchors(text: str) -> list[str]:
    """Of all headings, as GitHub makes them: lower case, punctuation dropped, a hyphen for each space."""
    titles = [re.sub(r"[`*]", "", title) for _, title in HEADING.findall(CODE.sub("", text))]
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def broken_links(name: str, text: str) -> list[str]:
    """Links of the file `name` of spec/ to a file or heading that does not exist."""
    broken = []
    for _, target in LINK.findall(CODE.sub("", text)):
        file, _, anchor = target.partition("#")
        if re.match("https?:", target):
            continue
        if not (SPEC / file).exists() or (anchor and anchor not in anchors(read(file) if file else text)):
            broken.append(f"{name}: {target}")
    return broken


def body(text: str) -> str:
    """From the first table or second-level heading on: before it a translation says whose translation it is."""
    return text[re.search(r"^(?:## |\|)", text, re.MULTILINE).start():]  # type: ignore[union-attr]


def blocks(text: str) -> list[tuple[str, list[str]]]:
    """Kind and items of every block of Markdown."""
    found = []
    for block in re.split(r"\n{2,}", CODE.sub("<!-- code -->", by_hand(text)).strip()):
        mark = re.match(r"#+|<!-- .* -->|\||-|\d+\.", block)
        kind = "text" if not mark else "1." if mark[0][0].isdigit() else mark[0]
        lines = block.split("\n")
        if kind == "|":
            kind, items = f"table of {lines[1].count('-|')} columns", [lines[0], *lines[2:]]
        elif kind in ("-", "1."):
            items = re.split(r"\n(?= *(?:-|\d+\.) )", block)
        else:
            items = [block]
        found.append((kind, items))
    return found


def shape(text: str) -> list[tuple[str, int]]:
    """Kind and number of items of every block of the body."""
    return [(kind, len(items)) for kind, items in blocks(body(text))]


def facts(item: str) -> Facts:
    """Numbers may also be words in one language, so they are compared as sets, one within the other."""
    sections = sorted(re.findall(r"\]\([^)\s]*#(\d*)", item))
    item = LINK.sub(r"\1", item)
    prose = re.sub(r"`[^`]*`", " ", item)
    return Facts(
        spans=set(re.findall(r"`[^`]*`", item)),
        ids=set(re.findall(r"\b[A-Z]{3}-\d\d\b", prose, re.ASCII)),
        sections=sections,
        numbers={number.rstrip(",.") for number in re.findall(r"\d[\d,.]*", prose)},
        names=set(re.findall(r"\b[A-Z][A-Z_]+\b", prose, re.ASCII)),
    )


def differing(english: str, japanese: str) -> list[str]:
    """The Japanese items that lack a fact of the English one in the same place, or have another."""
    found = []
    for (_, theirs), (_, ours) in zip(blocks(body(english)), blocks(body(japanese))):
        for before, after in zip(theirs, ours):
            e, j = facts(before), facts(after)
            if e[:3] != j[:3] or not (e.numbers <= j.numbers and e.names <= j.names):
                found.append(f"{after}\n{e}\n{j}")
    return found


def ill_formed(japanese: str) -> list[str]:
    """Requirements that are not one sentence on one line with one keyword in its form."""
    return [name for name, sentence in REQUIREMENT.findall(japanese)
            if [sentence.count(FORMS[word]) for word in KEYWORD.findall(sentence)] != [1] or not sentence.endswith("。")
            ] + re.findall(r"^- \*\*([A-Z]{3}-\d\d)\*\* .+\n .", japanese, re.MULTILINE)


def badly_broken(japanese: str) -> list[str]:
    """Lines of prose that are too wide, or end where a renderer's space would be seen."""
    items = [item for kind, items in blocks(japanese) if kind in ("text", "-", "1.") for item in items]
    items = [item for item in items if not REQUIREMENT.match(item)]
    return [line for item in items for line in item.split("\n") if wcswidth(line) > 120] + [
        line for item in items for line in item.split("\n")[:-1] if line[-1] not in "。、"]


def bold_that_stays_asterisks(text: str) -> list[str]:
    """`**` after punctuation and before a letter ends no emphasis: in Japanese no space comes to its help."""
    found = []
    for _, items in blocks(text):
        for item in items:
            parts = item.split("**")
            found += [inside for inside, after in zip(parts[1::2], parts[2::2])
                      if re.search(r"\W$", inside) and re.match(r"\w", after)]
            found += [item] if len(parts) % 2 == 0 else []
    return found


# -- the files


@pytest.mark.parametrize(("english", "japanese"), PAIRS)
def test_the_same_blocks_in_the_same_order(english: str, japanese: str) -> None:
    assert shape(read(japanese)) == shape(read(english))


@pytest.mark.parametrize(("english", "japanese"), PAIRS)
def test_headings_have_the_same_levels_and_numbers(english: str, japanese: str) -> None:
    def numbered(text: str) -> list[tuple[str, str]]:
        found = HEADING.findall(CODE.sub("", by_hand(text)))
        return [(level, "".join(re.findall(r"\d[\d.]*|\b[A-Z]\.\d?", title, re.ASCII)[:1])) for level, title in found]

    assert numbered(read(japanese)) == numbered(read(english))


@pytest.mark.parametrize(("english", "japanese"), PAIRS)
def test_code_names_numbers_and_ids_are_the_same_everywhere(english: str, japanese: str) -> None:
    assert not differing(read(english), read(japanese))


@pytest.mark.parametrize(("english", "japanese"), PAIRS)
def test_code_by_hand_is_the_same(english: str, japanese: str) -> None:
    expected = CODE.findall(by_hand(read(english)))
    assert expected
    assert CODE.findall(by_hand(read(japanese))) == expected


def test_what_is_generated_is_the_same() -> None:
    english, japanese = read("tcrp.md"), read("tcrp.ja.md")
    assert GENERATED.findall(english)
    assert GENERATED.findall(japanese) == GENERATED.findall(english)
    assert MARKER.findall(japanese) == MARKER.findall(english)


def test_requirements_have_the_same_ids_and_keywords() -> None:
    english, japanese = (REQUIREMENT.findall(read(name)) for name in ("tcrp.md", "tcrp.ja.md"))
    assert english
    assert [name for name, _ in japanese] == [name for name, _ in english]
    assert [KEYWORD.findall(sentence) for _, sentence in japanese] == [KEYWORD.findall(text) for _, text in english]
    assert not ill_formed(read("tcrp.ja.md"))


def test_keywords_stand_in_requirements_and_section_2_1_only() -> None:
    text = REQUIREMENT.sub("", by_hand(read("tcrp.ja.md")))
    section = re.search(r"^### 2\.1 .*?(?=^### )", text, re.MULTILINE | re.DOTALL)
    assert section
    assert KEYWORD.search(section[0])
    assert not KEYWORD.findall(text.replace(section[0], ""))


@pytest.mark.parametrize("name", [japanese for _, japanese in PAIRS])
def test_links_resolve_and_markdown_is_read_as_meant(name: str) -> None:
    text = read(name)
    assert LINK.findall(text)
    assert not broken_links(name, text)
    assert len(set(anchors(text))) == len(anchors(text))
    assert not badly_broken(text)
    assert not bold_that_stays_asterisks(text)


def test_the_contents_are_the_headings() -> None:
    text = CODE.sub("", read("tcrp.ja.md"))
    contents = re.findall(r"^ *- \[(.+)\]\(#(.+)\)$", text, re.MULTILINE)
    headings = [title for level, title in HEADING.findall(text) if level in ("##", "###")]
    assert contents == [(title, anchors(f"## {title}")[0]) for title, _ in contents]
    assert [title for title, _ in contents] == [title for title in headings if title in dict(contents)]
    assert len(contents) == len(re.findall(r"^ *- \[.+\]\(#.+\)$", read("tcrp.md"), re.MULTILINE))


# -- the helpers can fail

ENGLISH = """# Toy

## 1. One

- **ABC-01** A sender MUST write `size` in 2 octets, at most 1,024 (UDP).
- **ABC-02** A receiver MAY stop (ABC-01).

| a | b |
|---|---|
| `x` | 1 |

Text, see [one](#1-one), in **bold**.
"""
JAPANESE = """# おもちゃ

## 1. 一

- **ABC-01** 送信側は、`size` を 2 オクテット、最大 1,024 で書かなければならない (MUST)。UDP でもそうである。
- **ABC-02** 受信側は、止めてもよい (MAY)。（ABC-01）。

| a | b |
|---|---|
| `x` | 1 |

[一](#1-一)を参照。文は、
**太字**である。
"""


def test_a_good_translation_passes() -> None:
    assert [kind for kind, _ in blocks(JAPANESE)] == ["#", "##", "-", "table of 2 columns", "text"]
    assert blocks(ENGLISH)[2][1][1] == "- **ABC-02** A receiver MAY stop (ABC-01)."
    assert differing(ENGLISH, JAPANESE) == ill_formed(JAPANESE) == badly_broken(JAPANESE) == []
    assert broken_links("toy", JAPANESE) == bold_that_stays_asterisks(JAPANESE) == []
    assert anchors("# 5.5 OK ペイロード\n```\n# no\n```\n## A. `a_b`、「c」") == ["55-ok-ペイロード", "a-a_bc"]


@pytest.mark.parametrize(("good", "bad"), [
    ("`size`", "`sise`"), ("1,024", "1,025"), ("（ABC-01）", "（ABC-02）"), ("UDP", "TCP"),
    ("| `x` | 1 |", "| `x` | 2 |"), ("(#1-一)", "(#11-一)"),
])
def test_a_changed_fact_is_found(good: str, bad: str) -> None:
    assert len(differing(ENGLISH, JAPANESE.replace(good, bad))) == 1


@pytest.mark.parametrize(("good", "bad"), [
    (" (MUST)", ""), ("なければならない (MUST)", "てはならない (MUST)"), (" (MUST)", " (MUST NOT)"),
    ("(MUST)", "(MUST) (MAY)"), ("である。\n- ", "である\n- "), ("UDP", "\n  UDP"),
])
def test_an_ill_formed_requirement_is_found(good: str, bad: str) -> None:
    assert set(ill_formed(JAPANESE.replace(good, bad))) == {"ABC-01"}


@pytest.mark.parametrize("bad", ["- もう一つ\n\n| a", "| x | y |\n| a", "1. 番号\n\n| a", "### 節\n\n| a"])
def test_another_shape_is_found(bad: str) -> None:
    assert shape(JAPANESE) == shape(ENGLISH)
    assert shape(JAPANESE.replace("| a", bad)) != shape(ENGLISH)


def test_bad_markdown_is_found() -> None:
    assert broken_links("toy", JAPANESE.replace("#1-一", "#1-二")) == ["toy: #1-二"]
    assert broken_links("toy", "[a](tcrp.md) [b](no.md) [c](README.md#no)") == ["toy: no.md", "toy: README.md#no"]
    assert badly_broken(JAPANESE.replace("文は、", "文は")) == ["[一](#1-一)を参照。文は"]
    assert len(badly_broken(JAPANESE.replace("文は", "文" * 51))) == 1
    assert bold_that_stays_asterisks(JAPANESE.replace("太字", "「太字」")) == ["「太字」"]
    assert bold_that_stays_asterisks(JAPANESE.replace("太字**", "太字")) != []
