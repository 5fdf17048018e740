"""Everything that the client says, in the user's language. The catalogue is messages.toml, beside this file."""
from __future__ import annotations

import errno
import sys
from pathlib import Path

from tcrp.text import NameFault, displayable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LANGUAGES = ("en", "ja")
MESSAGES: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


class Catalogue:
    """The messages in one language, a member of LANGUAGES."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._by_english = {message["en"]: message[language] for message in MESSAGES.values()}

    def __call__(self, message: str, **values: object) -> str:
        """The message of that id with its placeholders filled, displayable; "\\n" separates its lines."""
        shown = {name: value if isinstance(value, int) else displayable(str(value)) for name, value in values.items()}
        return MESSAGES[message][self.language].format(**shown)

    def translate(self, english: str) -> str:
        """The unfilled message whose English is `english`, or `english` itself if the catalogue does not have it."""
        return self._by_english.get(english, english)

    def fault(self, fault: NameFault) -> str:
        """Why a name or a password is refused, to be filled in as a reason."""
        return self(f"fault_{fault.code}", **vars(fault))

    def system_error(self, code: str, reason: str) -> str:
        """An error of the operating system: by the name of its number if it is known, otherwise `reason`."""
        return self(code) if code.startswith("E") and code in MESSAGES else reason

    def os_error(self, error: OSError) -> str:
        """system_error() of an error about a file."""
        return self.system_error(errno.errorcode.get(error.errno or 0, ""), error.strerror or str(error))
