"""The fuzz targets: what once failed stays mended, a short run of each finds nothing, and each can fail."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fuzz import corpus, run, targets
from fuzz.targets import TARGETS

pytestmark = pytest.mark.uncounted

REGRESSIONS = sorted(path for path in (run.HERE / "regressions").glob("*/*") if path.is_file())
INPUTS = 300  # of each target, after its seeds


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_regressions(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_and_mutations(target: str) -> None:
    pool, random = run.seeds(target), Random(target)
    assert len(pool) > 20
    for octets in pool[:1_000]:
        TARGETS[target](octets)
    for _ in range(INPUTS):
        TARGETS[target](run.mutated(random.choice(pool), pool, random))


def test_the_readme_lists_the_targets() -> None:
    rows = [f"| `{name}` | {(function.__doc__ or '').splitlines()[0]} |" for name, function in TARGETS.items()]
    assert "\n".join(rows) + "\n\n" in (run.HERE / "README.md").read_text(encoding="utf-8")


# ---- the corpus ----

def test_a_corpus_survives_packing() -> None:
    inputs = [b"", b"\0\r\n", bytes(range(256)), b"\0\r\n"]
    text = corpus.pack(inputs)
    assert corpus.unpack(text) == corpus.unpack(text.replace("\n", "\r\n")) == [b"", b"\0\r\n", bytes(range(256))]
    assert corpus.pack(corpus.unpack(text)) == text
    with pytest.raises(ValueError, match="base64"):
        corpus.unpack("AA==\nA*==\n")


def test_every_file_of_the_corpus_is_of_a_target_and_in_order() -> None:
    files = sorted((run.HERE / "corpus").iterdir())
    assert {path.stem for path in files} <= {*TARGETS}
    for path in files:
        assert path.read_text(encoding="ascii") == corpus.pack(corpus.read(path.stem)), path


def test_a_minimised_corpus_reaches_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "given", lambda target: [b"{}"])
    inputs = [b"[1]", b"[2]", b"{}", b'{"a":1}', b'{"b":2}', b'{"a":"\\u0041"}', b"[" * 2_000]
    kept = corpus.minimised("json", inputs)

    def reached_by(octets: list[bytes]) -> set[corpus.Feature]:
        return set().union(*(corpus.reached("json", item) for item in octets))

    assert reached_by([b"{}", *kept]) == reached_by(inputs)
    assert 1 < len(kept) < len(inputs)
    assert b"{}" not in kept
    assert corpus.minimised("json", kept) == kept


def test_unpack_merge_and_minimise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(corpus, "HERE", tmp_path)
    monkeypatch.setattr(corpus, "FOLDERS", tmp_path / "folders")
    monkeypatch.setattr(corpus, "given", lambda target: [])
    corpus.write("text", [b"abc", b"abd"])
    assert corpus.main(["unpack", "text"]) == 0
    folder = tmp_path / "folders" / "text"
    assert sorted(path.read_bytes() for path in folder.iterdir()) == [b"abc", b"abd"]
    (folder / "found").write_bytes("\u30a2".encode())
    assert corpus.main(["merge", "text"]) == 0
    assert corpus.read("text") == [b"abc", "\u30a2".encode()]
    assert corpus.main(["minimise", "text"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["text: 2 of 5 inputs kept", "text: 2 of 2 inputs kept"]
    corpus.write("text", [])
    assert corpus.read("text") == []
    assert not corpus.path_of("text").exists()
    with pytest.raises(SystemExit):
        corpus.main(["unpack", "no-such-target"])


# ---- that targets can fail ----

def _broken(original: Any, change: Any) -> Any:
    return lambda *arguments, **named: change(original(*arguments, **named), *arguments)


# A fault for each target: what is replaced, and what becomes of its result.
FAULTS: dict[str, tuple[Any, str, Any]] = {
    "chat": (targets.fastcodec, "chat_datagram_envelope", lambda head, octets: head[:-1]),
    "client": (targets, "Printer", lambda printer, chat, notes, **named: chat.write("\x1b") and printer),
    "control": (targets.fastcodec, "decode_endpoint_announcement", lambda value, octets: None),
    "encode": (targets.fastcodec, "encode_control_frame", lambda octets, message: octets + b"\0"),
    "json": (targets, "parse_object", lambda value, octets: {**value, "more": 1}),
    "relay": (targets.fastcodec, "decode_relay_datagram", lambda value, octets: None),
    "rooms": (targets.Rooms, "create", lambda member, rooms, *rest: rooms.by_envelope.pop(member.envelope)),
    "server": (targets.Relay, "datagram", lambda nothing, relay, *rest: relay.rooms.by_envelope.clear()),
    "stream": (targets.FrameReader, "receive_data",
               lambda nothing, reader, octets: len(octets) == 1 and reader.take_rest()),
    "text": (targets, "displayable", lambda text, *rest: text + "\x07"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_finds_a_fault(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    owner, name, change = FAULTS[target]
    monkeypatch.setattr(owner, name, _broken(getattr(owner, name), change))
    seeds = run.seeds(target)
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "seeds", lambda target: seeds)
    count, found = run.fuzz(target, Random(1), time.monotonic() + 60, most=1)
    assert count
    assert len(found) == 1
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, the file alone brings it back
        TARGETS[target](found[0].read_bytes())
    assert f"{target}: {found[0]}" in capsys.readouterr().err


def test_command(capsys: Any) -> None:
    assert run.main(["chat", "--replay"]) == 0
    assert capsys.readouterr().out == f"chat: {len(run.seeds('chat')):,} inputs replayed\n"
    assert run.main(["chat", "--replay", str(REGRESSIONS[0])]) == 0
    assert capsys.readouterr().out == "chat: 1 inputs replayed\n"
    assert run.main(["json", "--time", "0.1"]) == 0
    assert "json: " in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run.main(["no-such-target"])
