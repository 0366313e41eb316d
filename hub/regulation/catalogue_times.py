"""Reads the handling times of a procedure record: a number counts only with a unit that the law knows."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from hub.regulation.catalogue import Case, ChannelTime, HandlingTime, TimeUnit
from hub.regulation.record import Node

_WORKING_DAYS_IN_TEXT = re.compile(r"(?<![\d.,])0*(\d+(?:[.,]\d+)?)\s+ngày\s+làm\s+việc", re.IGNORECASE)


def read_channel_time(node: Node) -> ChannelTime:
    """Read one row of a channel; its time is None, with a note, when there is no usable one."""
    value, unit = node.raw("processingTime"), node.text("processingTimeUnit")
    text = node.text("description")
    if isinstance(value, str):
        node.note("is a sentence in place of a number", "processingTime")
        return ChannelTime(None, f"{node.text('processingTime')} {text}".strip())
    if unit == "OTHER" and _number(value) is not None:
        node.note("has no unit; only the cases can tell the time", "processingTime")
        return ChannelTime(None, text, is_bare_number=True)
    handling = _handling_time(node, "processingTime", value, unit)
    if handling is None:
        return ChannelTime(None, text)
    in_text = {Decimal(found.replace(",", ".")) for found in _WORKING_DAYS_IN_TEXT.findall(text)}
    is_doubtful = handling.unit is TimeUnit.DAY and handling.amount in in_text
    if is_doubtful:
        node.note("counts days where the text says working days", "processingTimeUnit")
    elif in_text - {handling.amount}:
        node.note("the text names other times as well", "description")
    return ChannelTime(handling, text, is_doubtful=is_doubtful)


def read_case(node: Node) -> Case:
    """Read one case with its time; None, with a note, when that is not usable."""
    handling = None
    if (period := node.child("processingDay")) is not None:
        handling = _handling_time(period, "qty", period.raw("qty"), period.text("type"))
    return Case(node.text("code"), node.text("name"), handling)


def _handling_time(node: Node, key: str, value: Any, unit: str) -> HandlingTime | None:
    amount = _number(value)
    if amount is None or amount <= 0:
        node.note("is not a positive number", key)
        return None
    if unit not in TimeUnit.__members__:
        node.note("has no usable unit", key)
        return None
    if unit in {TimeUnit.DAY, TimeUnit.MONTH} and amount != amount.to_integral_value():
        node.note("is a part of a calendar day or month, which has no end in law", key)
        return None
    return HandlingTime(amount, TimeUnit(unit))


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 10_000:
        return None
    return Decimal(str(value))
