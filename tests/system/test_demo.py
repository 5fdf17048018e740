"""`make demo` works: real processes, a whole conversation."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).resolve().parents[1] / "tools" / "demo.py"


def test_the_demo_plays_to_its_end() -> None:
    result = subprocess.run([sys.executable, str(DEMO)], capture_output=True, text=True, encoding="utf-8", timeout=100,
                            check=False)
    assert result.stderr == ""
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert "bob: こんばんは、アリスさん。お茶をどうぞ。" in lines
    assert "alice: Thank you. I have to go now." in lines
    assert lines[-1] == "both left, the room closed, the server ended"
