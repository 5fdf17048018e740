"""Documentation in the outputs: descriptions of messages, and text folded into comments."""
from __future__ import annotations

import textwrap
from collections.abc import Iterable

from tcrp.gen.documents import words
from tcrp.gen.model import Message, Registry


def fold(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` characters; no word is cut."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def lines(paragraphs: Iterable[str], prefix: str, width: int) -> list[str]:
    """Each paragraph after `prefix` ("// ", "/// ", " * "), folded to `width` in all; "" is an empty line.

    Two paragraphs in a row stay lines that follow each other: put "" where a blank line is wanted.
    """
    folded = []
    for paragraph in paragraphs:
        folded += [prefix + line for line in fold(paragraph, width - len(prefix))] or [prefix.rstrip()]
    return folded


def block(paragraphs: Iterable[str], indent: str, width: int) -> list[str]:
    """The same as one /** ... */ comment: on one line if it fits, else with a " * " before each line."""
    texts = [paragraph.replace("*/", "* /") for paragraph in paragraphs]
    if len(texts) == 1 and len(f"{indent}/** {texts[0]} */") <= width:
        return [f"{indent}/** {texts[0]} */"]
    return [f"{indent}/**", *lines(texts, f"{indent} * ", width), f"{indent} */"]


def about(message: Message) -> list[str]:
    """The paragraphs about a message: what it is, "", its layout, its size in all if that is bounded."""
    paragraphs = [message.doc, "", *words.layout(message)]
    if message.maximum is not None:
        paragraphs.append(f"At most {message.maximum:,} octets in all.")
    return paragraphs


def ranges(registry: Registry) -> list[str]:
    """A paragraph for each kind of value that `registry` does not assign: "Reserved: 0, 4-127."."""
    kinds = ("Reserved", registry.reserved), ("Private use", registry.private), ("Never assigned", registry.never)
    return [f"{kind}: {', '.join(str(first) if first == last else f'{first}-{last}' for first, last in found)}."
            for kind, found in kinds if found]
