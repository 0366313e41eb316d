"""What the functions of the one read and the one write take: each parameter once, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Parameters = Mapping[str, str]
"""Names and PostgreSQL types."""


@dataclass(frozen=True, slots=True)
class StoredFunction:
    """A function of the store: its statement calls it by the names of its parameters."""

    name: str
    columns: str
    parameters: Parameters
    statement: str = field(init=False)

    def __post_init__(self) -> None:
        given = ", ".join(f"{name} => ${place}" for place, name in enumerate(self.parameters, 1))
        object.__setattr__(self, "statement", f"select {self.columns} from {self.name}({given})")  # noqa: S608  constants

    def arguments(self, given: Mapping[str, object]) -> list[object]:
        """The arguments for `statement`; `TypeError` when one is missing or is none of its own."""
        if given.keys() != self.parameters.keys():
            odd = sorted(given.keys() ^ self.parameters.keys())
            raise TypeError(f"{self.name}: {', '.join(odd)}")
        return [given[name] for name in self.parameters]


READ_BATCH: Final = StoredFunction(
    "read_batch",
    "kind, text_key, text_id, uuid_key::text as dossier, head, number, parked, state, wrapped, private,"
    " mac, alias_mac",
    {"participants": "text", "ids": "text", "aliases": "text", "dossiers": "text"},
)

OFFSETS: Final[Parameters] = {
    "o_topic": "text[]", "o_partition": "int[]", "o_topic_id": "text[]",
    "o_expected": "bigint[]", "o_next": "bigint[]", "o_mac": "bytea[]",
}  # fmt: skip
COMPARED: Final[Parameters] = {"c_id": "text", "c_head": "bytea", "c_parked": "text"}
UNREAD: Final[Parameters] = {"v_kind": "text[]", "v_version": "bigint[]", "x_alias": "text[]"}
NEW_DOSSIERS: Final[Parameters] = {
    "n_id": "text", "n_head": "bytea", "n_sequence": "text", "n_parked": "text", "n_state": "text",
    "n_private": "text", "n_key": "text", "n_mac": "bytea",
}  # fmt: skip
CHANGED_DOSSIERS: Final[Parameters] = {
    "u_id": "text", "u_head": "bytea", "u_sequence": "text", "u_parked": "text", "u_state": "text",
    "u_private": "text", "u_mac": "bytea",
}  # fmt: skip
ALIASES: Final[Parameters] = {"a_alias": "text[]", "a_dossier": "uuid[]", "a_mac": "bytea[]"}
INBOX: Final[Parameters] = {
    "i_participant": "text", "i_id": "text", "i_digest": "bytea", "i_receipt": "text", "i_dossier": "text",
    "i_mac": "bytea",
}  # fmt: skip
LATE_RECEIPTS: Final[Parameters] = {
    "r_participant": "text[]", "r_id": "text[]", "r_receipt": "bytea[]", "r_mac": "bytea[]",
}  # fmt: skip
FACTS: Final[Parameters] = {
    "f_dossier": "text", "f_sequence": "text", "f_id": "text", "f_type": "text", "f_time": "text",
    "f_bytes": "text", "f_hash": "bytea", "f_mac": "bytea",
}  # fmt: skip
TIMERS: Final[Parameters] = {
    "t_dossier": "uuid[]", "t_name": "text[]", "t_kind": "text[]", "t_due": "timestamptz[]",
    "t_shard": "int[]",
}  # fmt: skip
GONE_TIMERS: Final[Parameters] = {"t_gone_dossier": "uuid[]", "t_gone_name": "text[]"}
LETTERS: Final[Parameters] = {
    "l_topic": "text[]", "l_partition": "int[]", "l_offset": "bigint[]", "l_time": "timestamptz[]",
    "l_reason": "text[]", "l_record": "bytea[]",
}  # fmt: skip
PARKED: Final[Parameters] = {
    "p_dossier": "uuid[]", "p_participant": "text[]", "p_request": "text[]", "p_reason": "text[]",
    "p_record": "bytea[]",
}  # fmt: skip
SEGMENTS: Final[Parameters] = {"s_shard": "int[]", "s_payload": "bytea[]", "s_mac": "bytea[]"}
OUTGOING: Final[Parameters] = {"published": "bigint[]", "owned": "int[]", "known": "bigint[]"}

WRITE_BATCH: Final = StoredFunction(
    "write_batch",
    "kind, id, shard, payload, mac",
    {
        "batch": "uuid", **OFFSETS, "wide": "bytea", **COMPARED, **NEW_DOSSIERS, **CHANGED_DOSSIERS,
        **ALIASES, **INBOX, **LATE_RECEIPTS, **FACTS, **TIMERS, **GONE_TIMERS, **LETTERS, **PARKED,
        "p_done": "bigint[]", **SEGMENTS, **OUTGOING, **UNREAD,
    },
)  # fmt: skip
