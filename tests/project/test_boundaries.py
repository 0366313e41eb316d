"""Every task that runs for as long as its process is declared, with the data at which it may raise."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.boundaries import BOUNDARIES
from tests.support.stack import REPOSITORY

OF_NOBODY = "no participant's datum comes in here"
PROBES = "asks servers and counts; what is asked for is the same for all"

TASKS: dict[str, tuple[str, ...] | str] = {
    "hub/engine/role.py engine": ("record", "rule", "package", "source", "redrive", "budget"),
    "hub/engine/role.py relay": ("lane", "stored-segment"),
    "hub/engine/role.py retry": ("lane-again",),
    "hub/engine/role.py clockwork": ("timer",),
    "hub/engine/role.py shards": OF_NOBODY,
    "hub/engine/role.py topics": PROBES,
    "hub/engine/role.py offset-hint": PROBES,
    "hub/engine/role.py gauges": PROBES,
    "hub/engine/role.py retention": ("sweep",),
    "hub/engine/role.py directory": ("directory",),
    "hub/engine/role.py budget": PROBES,
    "hub/engine/role.py refusals": "counts and codes; what is watched is guarded (`RefusalLog.watch`)",
    "hub/engine/role.py checks": PROBES,
    "hub/engine/role.py waiting-copies": "one statement for all; the redrive that it orders is a case",
    "hub/engine/role.py certificates": OF_NOBODY,
    "hub/engine/role.py health": OF_NOBODY,
    "hub/engine/pipeline.py self._write(batch, decision)": "one transaction of what was decided before",
    "hub/engine/decide/prefetch_copies.py self._load_one(loader, place, item, database, view)": ("package",),
    "hub/forms/stored_register.py following()": "of a command: what cannot be read ends it with its name",
    "hub/gateway/role.py door": ("door",),
    "hub/gateway/role.py callers": ("caller",),
    "hub/gateway/role.py inbox": ("receipt",),
    "hub/gateway/role.py feed": ("feed",),
    "hub/gateway/role.py webhooks": ("webhook-begin",),
    "hub/gateway/role.py presence": OF_NOBODY,
    "hub/gateway/role.py budget": PROBES,
    "hub/gateway/role.py refusals": "counts and codes of the hub's own",
    "hub/gateway/role.py checks": PROBES,
    "hub/gateway/role.py certificates": OF_NOBODY,
    "hub/gateway/role.py health": OF_NOBODY,
    "hub/gateway/webhooks.py self._keep_calling(hook)": ("webhook-call",),
    "hub/http/server.py serve_http(app, door, on_port)": ("door",),
    "hub/gateway/readers.py _stop(reader)": OF_NOBODY,
    "hub/public/role.py door": "what one look-up raises is answered and told (`look_up_failed`)",
    "hub/public/role.py receipts": "what cannot be read as a receipt is passed over (`PageSender._told`)",
    "hub/public/role.py refresh": "two statements for all; an edition that was altered is passed over",
    "hub/public/role.py refusals": "counts and closed words of the page's own",
    "hub/public/role.py checks": PROBES,
    "hub/public/role.py certificates": OF_NOBODY,
    "hub/public/role.py health": OF_NOBODY,
    "hub/delivery/runtime.py Workers": ("adapter-call", "adapter-outcome"),
    "hub/delivery/runtime.py ReportPublisher": ("adapter-report",),
    "hub/delivery/runtime.py Upkeep": ("adapter-outcome",),
    "hub/delivery/runtime.py Sweeper": "pages of rows past their time, by one statement each",
    "hub/delivery/runtime.py Poller": ("adapter-poll",),
    "hub/delivery/runtime.py _serve": ("adapter-door",),
    "hub/delivery/runtime.py _close_in_order(parts, intake, producer, running)": OF_NOBODY,
    "hub/delivery/runtime.py adapter.serve()": ("adapter-door",),
    "hub/delivery/worker.py self._serve(lease, leased_at, is_call_allowed=allowed > 0)": ("adapter-call",),
    "hub/delivery/subscriber.py broker.subscriber": ("adapter-intake",),
    "hub/delivery/runtime.py lag": PROBES,
    "hub/http/server.py server.serve(sockets=[])": ("door", "adapter-door"),
    "hub/http/acceptor.py self._welcome(accepted, entry.guest)": ("door", "adapter-door"),
    "hub/kafka/producer.py self._renew()": OF_NOBODY,
    "hub/kafka/producer.py stop_producer(old.producer)": OF_NOBODY,
    "hub/delivery/role.py run()": "the loops of the runtime, which stand above",
    "hub/delivery/role.py health": OF_NOBODY,
    "hub/delivery/role.py certificates": OF_NOBODY,
    "hub/delivery/role.py clock": OF_NOBODY,
    "hub/delivery/role.py checks": PROBES,
    "hub/process/health.py vitals.run()": OF_NOBODY,
}
"""By where it is started: the cases of `BOUNDARIES` that raise in it, or why no case can."""


def started(path: Path) -> Iterator[str]:
    """The tasks that a module starts, by name or as they are written; waits for an event are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "SideTasks":
            yield from _named(node.args[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("create_task"):
            yield from _single(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "broker.subscriber":
            yield "broker.subscriber"
        elif isinstance(node, ast.FunctionDef) and node.name == "_loops":
            yield from _loops(node)
    if path.name == "runtime.py" and "lag.run()" in ast.unparse(tree):
        yield "lag"


def _named(several: ast.expr) -> Iterator[str]:
    assert isinstance(several, ast.Dict)
    for name in several.keys:
        assert name is not None
        yield str(ast.literal_eval(name))


def _single(call: ast.Call) -> Iterator[str]:
    work = ast.unparse(call.args[0])
    names = [word.value for word in call.keywords if word.arg == "name"]
    if work == "work" or work.endswith(("stop.wait()", "stopping.wait()")):
        return
    is_plain = names and isinstance(names[0], ast.Constant)
    yield str(ast.literal_eval(names[0])) if is_plain else work


def _loops(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.endswith(").run"):
                yield name.partition("(")[0]
            elif name.startswith("_"):
                yield name


def test_each_task_of_a_process_is_declared_with_what_raises_in_it() -> None:
    found = {
        f"{path.relative_to(REPOSITORY).as_posix()} {task}"
        for top in ("hub", "adapters")
        for path in sorted((REPOSITORY / top).rglob("*.py"))
        if "sandbox" not in path.relative_to(REPOSITORY).as_posix() and "embedded" not in path.parts
        for task in started(path)
    }
    assert found == set(TASKS)


def test_each_case_is_of_a_declared_task_and_each_declared_case_exists() -> None:
    declared = {case for cases in TASKS.values() if isinstance(cases, tuple) for case in cases}
    assert declared == {boundary.name for boundary in BOUNDARIES}
