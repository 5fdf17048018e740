"""Programs that try to break the others: fuzzing, a simulated network, floods. Nothing here is installed.

The server without sockets (`stages`) is shared with the tests, where it plays the dialogues of spec/vectors.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("server", "client") if str(ROOT / folder) not in sys.path]
