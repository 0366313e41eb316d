"""What can go wrong at the portal's sandbox; a script may name one `dossier`.

`exists`: the dossier is there already, under `code` 3 or -3. `forget_dossier`: it is lost just before the
call. `error`: the answer is `code` with `message`.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from adapters.sandbox_kit.faults import FaultKinds

Kind = Literal[
    "timeout_after_effect", "lost_after_effect", "slow_drip", "expired_session", "exists", "forget_dossier",
    "not_json", "html_page", "missing_result", "no_error_code", "error", "http_500", "throttled",
]  # fmt: skip

FAULTS: Final = FaultKinds(
    kinds=frozenset(get_args(Kind)),
    happens_anyway=frozenset(
        {
            "timeout_after_effect",
            "lost_after_effect",
            "slow_drip",
            "forget_dossier",
            "missing_result",
            "exists",
        }
    ),
    target="dossier",
)
