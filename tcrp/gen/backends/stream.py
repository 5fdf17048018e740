"""The head of a frame, for generated frame readers: where its sizes are."""
from __future__ import annotations

from dataclasses import dataclass

from tcrp.gen.model import Message, SchemaError, Struct, Unsigned


@dataclass(frozen=True)
class Head:
    """The fixed head of `frame`, of `octets` octets: its numbers, and the names of those that count octets."""

    frame: Message
    octets: int
    numbers: tuple[tuple[str, Unsigned], ...]
    sizes: tuple[str, ...]


def heads(messages: tuple[Message, ...]) -> list[Head]:
    """The heads of all frames. Raises SchemaError if a head does not determine the size of its frame."""
    by_name = {message.name: message for message in messages}
    found = []
    for message in messages:
        if not message.starts:
            continue
        frame = by_name[message.starts]
        assert isinstance(message.body, Struct)
        assert isinstance(frame.body, Struct)
        numbers = tuple((field.name, field.type) for field in frame.body.fields[:len(message.body.fields)]
                        if isinstance(field.type, Unsigned))
        sizes = tuple(name for name, kind in numbers if kind.counts)
        if not sizes:
            raise SchemaError(message.name, f"does not say where {frame.name} ends")
        found.append(Head(frame, sum(kind.octets for _, kind in numbers), numbers, sizes))
    return found
