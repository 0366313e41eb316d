"""Formats and keywords of our own in the published JSON Schemas, each with its rule in words (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

TAX_CODE = "vn-tax-code"
NFC = "nfc"

FORMATS: Mapping[str, str] = {
    "date": "RFC 3339 full-date, a day of the calendar: `1990-01-02`.",
    "date-time": "RFC 3339 date-time with its zone, seconds written out: `2026-11-23T09:00:00+07:00`. A leap "
    "second (`23:59:60`) stands only at the end of a month in UTC.",
    NFC: "Text in Unicode form NFC (composed letters).",
    TAX_CODE: "Mã số thuế. 12 digits: a personal number, nothing more is checked. Else 10 digits, or 13 as "
    "`0100233488-001` or `0100233488001`: multiply the first nine digits by 31, 29, 23, 19, 17, 13, 7, 5, 3, "
    "add up, take the remainder by 11; the tenth digit is 10 less that remainder, and with remainder 0 "
    "there is no valid number. Digits 3 to 9 are not all 0, nor are the last three of 13.",
}
"""Every `format` that the schemas name; the first two are those of JSON Schema, said exactly."""

KEYWORDS: Mapping[str, str] = {
    "formatMinimum": "The first day or moment that is taken; moments are compared whatever their zone.",
    "formatExclusiveMaximum": "The first moment that is not taken any more.",
    "x-personal": "The value is personal data.",
    "$comment": "Of a part of a schema: the code of the rule that refuses what breaks it, instead of "
    "`schema.invalid`.",
}
"""Keywords beyond JSON Schema; `formatMinimum` and its like are those of ajv-formats."""


@dataclass(frozen=True, slots=True)
class Shows:
    """Adds these keywords to the published JSON Schema of a field; checks nothing itself."""

    keywords: tuple[tuple[str, str], ...]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The field's own schema with the keywords; a second pattern goes to `allOf`."""
        found: dict[str, Any] = dict(handler(core_schema))
        for name, value in self.keywords:
            if name in found and name == "pattern":
                found["allOf"] = [{name: value}]
            else:
                found[name] = value
        return found
