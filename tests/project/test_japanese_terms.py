"""One term for one thing in the Japanese documents: the variants that have drifted in before."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.ja.md", "spec/README.ja.md", "spec/conformance.ja.md", "spec/tcrp.ja.md")
# The variant, and the term to use in its place.
BANNED = {
    "状態コード": "ステータス",
    "完了していないコネクション": "未完了のコネクション",
    "処理中の TCP": "未完了の TCP コネクション",
    "利用者": "ユーザー",
    "参加者": "メンバー",
    "部屋": "ルーム",
    "入室": "参加",
    "要求": "リクエスト",
    "符号化": "エンコード",
    "復号": "デコード",
    "訪問": "参加から退出まで",
    "訪ね": "接続する",
    "配達": "配信",
    "ターミナル": "端末",
    "文字体系": "用字系",
    "公開アドレス": "グローバルアドレス",
    "だれ": "誰",
    "やりとり": "やり取り",
    "わかる": "分かる",
    "わから": "分から",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_one_term_for_one_thing(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = {variant: f"use {term}" for variant, term in BANNED.items() if variant in text}
    assert not found
