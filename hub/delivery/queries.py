"""The named statements of the delivery tables, read once from `sql/`."""

from __future__ import annotations

from importlib.resources import files

_FOLDER = files("hub.delivery") / "sql"


def statement(name: str) -> str:
    """Return the text of one statement file."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


STORE_MESSAGES = statement("store_messages")
REFUSE_ERASED = statement("refuse_erased")
SETTLE_NOTED = statement("settle_noted")
STORE_POISON = statement("store_poison")
CONFIRM_REPORTS = statement("confirm_reports")
LEASE_HEADS = statement("lease_heads")
WAKE_URGENT = statement("wake_urgent")
FINISH = statement("finish")
PUT_BACK = statement("put_back")
RESOLVE_UNKNOWN = statement("resolve_unknown")
LIST_DELIVERIES = statement("list_deliveries")
READ_DELIVERED = statement("read_delivered")
SHOW_DELIVERY = statement("show_delivery")
LIST_PAUSES = statement("list_pauses")
REPORTS_TO_SEND = statement("reports_to_send")
MARK_SENT = statement("mark_sent")
READ_CURSOR = statement("read_cursor")
MOVE_CURSOR = statement("move_cursor")
STORE_REPORTS = statement("store_reports")
REPORTS_DUE = statement("reports_due")
ATTACH_REPORT = statement("attach_report")
READ_PAUSE = statement("read_pause")
PAUSE = statement("pause")
RESUME = statement("resume")
DISCARD_POISON = statement("discard_poison")
COUNTS = statement("counts")
BEAT = statement("beat")
NOTE_GAP = statement("note_gap")
MESSAGES_GONE = statement("messages_gone")
SWEEP_DELIVERIES = statement("sweep_deliveries")
SWEEP_REPORTS = statement("sweep_reports")
SWEEP_POISON = statement("sweep_poison")
