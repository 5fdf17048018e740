"""The JSON of the wire: objects only, and only one way to read each (spec/tcrp.md, JSON payloads).

RFC 8259 leaves open what duplicate keys, huge numbers or lone surrogates mean; two parsers that disagree
about a password are a hole, so all of them are invalid here.
"""
from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from tcrp.constants import LIMITS, ErrorCode


class JsonFault(ValueError):
    """These octets or values are not JSON of the wire; `code` is BAD_UTF8 or BAD_JSON."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse_object(octets: bytes) -> dict[str, Any]:
    """The one JSON object (RFC 8259) that `octets` are.

    Raises JsonFault for anything else: not UTF-8, not an object, octets after it, a key twice, NaN,
    a number beyond binary64, lone surrogates, nesting deeper than 4 levels.
    """
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonFault(ErrorCode.BAD_UTF8, f"octet {error.start} of the JSON is not UTF-8") from None
    try:
        value = _DECODER.decode(text)
    except JsonFault:
        raise
    except RecursionError:
        raise JsonFault(ErrorCode.BAD_JSON, f"nested deeper than {LIMITS.json_depth} levels") from None
    except ValueError as error:
        # The decoder's text says what and where, and never quotes the input.
        raise JsonFault(ErrorCode.BAD_JSON, f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise JsonFault(ErrorCode.BAD_JSON, "not a JSON object")
    # Without these no string has a lone surrogate, as UTF-8 has none, and nothing is nested too deep.
    if "\\" in text or text.count("{") + text.count("[") > LIMITS.json_depth:
        _check(value, 1)
    return value


def build_object(value: Mapping[str, Any]) -> bytes:
    """`value` as JSON in UTF-8: no white space, keys in the order given.

    Raises JsonFault if parse_object would not give back the same value.
    """
    try:
        octets = json.dumps(dict(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        raise JsonFault(ErrorCode.BAD_JSON, "a string holds a lone surrogate") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise JsonFault(ErrorCode.BAD_JSON, f"not expressible in JSON: {type(error).__name__}") from None
    if parse_object(octets) != value:
        raise JsonFault(ErrorCode.BAD_JSON, "changes its meaning in JSON (a key that is no string?)")
    return octets


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    # SPEC REQ-05: "the same key twice, compared after escapes are resolved"
    if len(result) != len(pairs):
        raise JsonFault(ErrorCode.BAD_JSON, "a key occurs twice in one object")
    return result


def _refuse_constant(name: str) -> Any:
    raise JsonFault(ErrorCode.BAD_JSON, f"{name} is not JSON")


def _number(digits: str) -> Any:
    value = float(digits)
    if not math.isfinite(value):
        raise JsonFault(ErrorCode.BAD_JSON, "a number is beyond binary64")
    return int(digits) if digits.lstrip("-").isdigit() else value


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant,
                            parse_int=_number, parse_float=_number)


def _check(value: Any, depth: int) -> None:
    """Nesting and strings, which the decoder does not check."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise JsonFault(ErrorCode.BAD_JSON, "a string holds a lone surrogate")
    elif isinstance(value, (dict, list)):
        if depth > LIMITS.json_depth:
            raise JsonFault(ErrorCode.BAD_JSON, f"nested deeper than {LIMITS.json_depth} levels")
        for item in value:
            _check(item, depth + 1)
        if isinstance(value, dict):
            for item in value.values():
                _check(item, depth + 1)
