"""Test support: the published JSON Schemas as others read them: a validator, and values drawn from them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

Json = dict[str, Any]
CHECKER = FormatChecker(formats=())
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_UTF_8 = st.characters(codec="utf-8")
_ONE_CLASS = re.compile(r"\^(\[[^]^][^]]*\])(?:\{([0-9]+)(?:,([0-9]+))?\}|(\+))\$")
"""A pattern that is one class of ASCII characters, some times over."""
_LONG = 60
"""Texts without a pattern are drawn up to this length."""


def moment(text: str) -> datetime:
    """By the format `date-time` as it is published; raises ValueError."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(text)
    if found[3] == "60":
        before = moment(text[:17] + "59" + text[19:])
        after = (before + timedelta(seconds=1)).astimezone(UTC)
        if (after.day, after.hour, after.minute) != (1, 0, 0):
            raise ValueError(text)
        return before
    cut = re.sub(r"(\.\d{1,6})\d*", r"\1", text.upper())
    return datetime.fromisoformat(cut).astimezone(UTC)


@CHECKER.checks("date-time", ValueError)
def _is_moment(value: object) -> bool:
    try:
        return not isinstance(value, str) or bool(moment(value))
    except OverflowError:
        return False


@CHECKER.checks("date", ValueError)
def _is_day(value: object) -> bool:
    return not isinstance(value, str) or (
        re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) is not None and bool(date.fromisoformat(value))
    )


@CHECKER.checks("nfc")
def _is_composed(value: object) -> bool:
    return not isinstance(value, str) or unicodedata.is_normalized("NFC", value)


@CHECKER.checks("vn-tax-code")
def _is_tax_code(value: object) -> bool:
    digits = re.sub("-", "", value) if isinstance(value, str) else "0" * 12
    if not re.fullmatch("[0-9]{10}([0-9]{3})?", digits):
        return True  # its pattern judges it; 12 digits have no check digit
    return (
        check_digit(digits[:9]) == digits[9]
        and digits[2:9] != "0000000"
        and (len(digits) == 10 or digits[10:] != "000")
    )


def check_digit(head: str) -> str | None:
    """The tenth digit of a tax code by the words of its format; None where there is none."""
    remainder = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, head, strict=False)) % 11
    return str(10 - remainder) if remainder else None


def _pattern(_: Any, pattern: str, instance: Any, __: Json) -> Iterator[ValidationError]:
    """As ECMA 262 reads it: `$` is the end of the text, not the place before a last line feed."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("pattern")


def _minimum(_: Any, least: str, instance: Any, __: Json) -> Iterator[ValidationError]:
    if isinstance(instance, str) and (found := _when(instance)) is not None and found < _known(least):
        yield ValidationError("formatMinimum")


def _maximum(_: Any, end: str, instance: Any, __: Json) -> Iterator[ValidationError]:
    if isinstance(instance, str) and (found := _when(instance)) is not None and found >= _known(end):
        yield ValidationError("formatExclusiveMaximum")


def _when(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if len(text) == 10 else moment(text)
    except (ValueError, OverflowError):
        return None


def _known(text: str) -> datetime:
    found = _when(text)
    assert found is not None
    return found


_Validator = validators.extend(  # type: ignore[no-untyped-call]  # as typeshed has it
    Draft202012Validator,
    {"pattern": _pattern, "formatMinimum": _minimum, "formatExclusiveMaximum": _maximum},
)


def validator(schema: Json) -> Any:
    """Validates by all that is published: patterns, formats in their words, bounds of days and moments."""
    return _Validator(schema, format_checker=CHECKER)


def drawn_from(schema: Json, root: Json | None = None) -> st.SearchStrategy[Any]:
    """Values that the schema allows, of the keywords that ours use."""
    root = root or schema
    if "$ref" in schema:
        named: Json = root["$defs"][schema["$ref"].rpartition("/")[2]]
        return drawn_from(named, root)
    if "anyOf" in schema and "type" not in schema:
        return st.one_of(*(drawn_from(one, root) for one in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    made: st.SearchStrategy[Any] = _OF_TYPE[schema["type"]](schema, root)
    return made


def _object(schema: Json, root: Json) -> st.SearchStrategy[Any]:
    fields = {name: drawn_from(field, root) for name, field in schema["properties"].items()}
    required = {name: fields.pop(name) for name in schema.get("required", ())}
    drawn = st.fixed_dictionaries(required, optional=fields)
    rules = validator({"allOf": schema.get("allOf", [])})
    return drawn.filter(rules.is_valid) if schema.get("allOf") else drawn


def _array(schema: Json, root: Json) -> st.SearchStrategy[Any]:
    least = schema.get("minItems", 0)
    most = min(schema["maxItems"], least + 2)
    return st.lists(drawn_from(schema["items"], root), min_size=least, max_size=most)


def _integer(schema: Json, _: Json) -> st.SearchStrategy[Any]:
    least = schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else schema["minimum"]
    return st.integers(least, schema["maximum"])


def _text(schema: Json, _: Json) -> st.SearchStrategy[Any]:
    kind, pattern = schema.get("format"), schema.get("pattern")
    if kind in _OF_FORMAT:
        drawn = _OF_FORMAT[kind]
    elif kind == "nfc" and "allOf" not in schema:
        size = {"min_size": schema.get("minLength", 0), "max_size": min(_LONG, schema["maxLength"])}
        drawn = st.text(_UTF_8, **size).map(lambda text: unicodedata.normalize("NFC", text))
    elif pattern and (one := _ONE_CLASS.fullmatch(pattern)):
        drawn = _of_one_class(one, schema.get("maxLength", _LONG))
    elif pattern:
        drawn = st.from_regex(re.compile(re.sub(r"\$$", r"\\Z", pattern)), alphabet=_UTF_8)
    else:
        drawn = st.text(_UTF_8, min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", _LONG))
    return drawn.filter(validator(schema).is_valid)


def _of_one_class(found: re.Match[str], longest: int) -> st.SearchStrategy[str]:
    """All texts of the pattern, drawn at once and not character by character."""
    letters = "".join(letter for letter in map(chr, range(128)) if re.fullmatch(found[1], letter))
    least = 1 if found[4] else int(found[2])
    return st.text(
        letters, min_size=least, max_size=int(found[3] or longest) if found[3] or found[4] else least
    )


@st.composite
def _tax_codes(draw: st.DrawFn) -> str:
    head = draw(st.from_regex(r"\A[0-9]{9}\Z").filter(lambda head: check_digit(head) is not None))
    tail = draw(st.sampled_from(("", "-001", "123")))
    whole = f"{head}{check_digit(head)}{tail}"
    return draw(st.sampled_from((whole, "083090000001")))


@st.composite
def _moments(draw: st.DrawFn) -> str:
    zone = timezone(timedelta(minutes=draw(st.integers(-1439, 1439))))
    local = draw(st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30)))  # noqa: DTZ001  the zone follows
    text = local.replace(tzinfo=zone).isoformat(timespec="milliseconds")
    return draw(st.sampled_from((text, text.lower(), text[:19] + "Z")))


_OF_FORMAT: Mapping[str | None, st.SearchStrategy[str]] = {
    "date": st.dates(date(1900, 1, 1)).map(date.isoformat),
    "date-time": _moments(),
    "vn-tax-code": _tax_codes(),
}
_OF_TYPE: Mapping[str, Any] = {
    "object": _object,
    "array": _array,
    "integer": _integer,
    "string": _text,
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
}
