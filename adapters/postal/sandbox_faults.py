"""What can go wrong at the postal sandbox; a script may name one `order`."""

from __future__ import annotations

from typing import Final, Literal, get_args

from adapters.sandbox_kit.faults import FaultKinds

Kind = Literal[
    "expired_token", "http_500", "no_body", "html_page", "bad_json", "throttled", "timeout_after_effect",
    "lost_after_effect", "slow_drip", "status_not_ok", "duplicate_order", "repeat_page",
]  # fmt: skip

FAULTS: Final = FaultKinds(
    kinds=frozenset(get_args(Kind)),
    happens_anyway=frozenset({"timeout_after_effect", "lost_after_effect", "slow_drip", "repeat_page"}),
    target="order",
)
