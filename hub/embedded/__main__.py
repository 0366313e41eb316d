"""`python -m hub.embedded`: the same commands as `hub embedded`."""

from __future__ import annotations

from hub.embedded.cli import app

app(prog_name="hub embedded")
