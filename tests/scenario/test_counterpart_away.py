"""A counterpart is away for a working day: nothing lost, deadlines watched, one alert, resumed by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.delivery.throttle import VIETNAM
from hub.embedded.stack import StackAddress
from tests.scenario.away_counterparts import (
    HOURS,
    LAST,
    Answered,
    Bench,
    Control,
    Counterpart,
    Population,
    Portal,
    Postal,
)
from tests.scenario.away_watch import Watch, alerts
from tests.support.dossiers import law
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import AGENCY, ONE_STOP, submission
from tests.support.stack import shared_stack
from tests.support.traffic import Traffic
from tests.support.turnstile import Turnstile
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

CALENDAR = law().calendar
HOUR = timedelta(hours=1)
HOUR_S = 1.0
"""An hour of the day; the limits of deliveries are scaled alike."""
CONCURRENCY = 3
LODGED_THE_DAY_BEFORE = ("08:40", "10:10", "14:40")
"""Online: each is to be accepted within 8 working hours, which is the same time of the day after."""
UNREACHABLE = (
    "Không kết nối được Cơ sở dữ liệu quốc gia về dân cư. Đề nghị xác thực lại sau "
    "hoặc đối chiếu giấy tờ trực tiếp."
)
NOT_ASKED = (
    "Đã thử nhiều lần nhưng không tra cứu được Cơ sở dữ liệu quốc gia về dân cư. Đây "
    "không phải là kết quả không khớp. Đề nghị đối chiếu giấy tờ trực tiếp và xác "
    "thực lại sau."
)
NEVER_LEFT = (
    "Doanh nghiệp bưu chính công ích chưa nhận yêu cầu do không kết nối được. Đề nghị"
    " gửi yêu cầu mới hoặc liên hệ trực tiếp với doanh nghiệp."
)
NOT_IN_STEP = (
    "Chưa đồng bộ được hồ sơ lên Cổng Dịch vụ công quốc gia sau nhiều lần thử; hồ sơ "
    "vẫn được giải quyết bình thường. Đề nghị báo đơn vị vận hành hệ thống đồng bộ "
    "lại."
)
COULD_NOT = {"population": {UNREACHABLE, NOT_ASKED}, "postal": {NEVER_LEFT}, "portal": {NOT_IN_STEP}}
"""What the officer reads when time is used up: with the last call's reason, or without any call left."""
SCALED = {
    "HUB_DELIVERY__TOTAL_S": "8",
    "HUB_DELIVERY__MAX_ATTEMPTS": "1000",
    "HUB_DELIVERY__RETRY_BASE_S": "0.2",
    "HUB_DELIVERY__RETRY_CAP_S": "0.5",
    "HUB_DELIVERY__CIRCUIT_FAILURES": "3",
    "HUB_DELIVERY__CIRCUIT_OPEN_S": "0.5",
    "HUB_DELIVERY__CIRCUIT_MAX_OPEN_S": "1",
    "HUB_DELIVERY__CONCURRENCY": str(CONCURRENCY),
    "HUB_DELIVERY__CALL_TIMEOUT_S": "4",
    "HUB_DELIVERY__LEASE_MARGIN_S": "0.5",
    "HUB_DELIVERY__IDLE_S": "0.1",
    "HUB_DELIVERY__GAUGES_S": "0.1",
    "HUB_DELIVERY__FETCH_WAIT_MS": "20",
    "HUB_DELIVERY__SESSION_TIMEOUT_MS": "3000",
}


@pytest.fixture(scope="module")
def stack() -> Iterator[StackAddress]:
    yield from shared_stack()


def first_day() -> date:
    """The next day but one that is a working day and is followed by one: legal time moves forward only."""
    day = datetime.now(VIETNAM).date() + timedelta(days=2)
    while not (CALENDAR.is_working_day(day) and CALENDAR.is_working_day(day + timedelta(days=1))):
        day += timedelta(days=1)
    return day


@dataclass(slots=True)
class Conductor:
    """Moves the hub's legal time, and waits until the hub has done what is due by then."""

    bench: Bench
    day: date
    now: datetime = field(init=False)

    async def move_to(self, clock: str, since: timedelta = timedelta()) -> None:
        """Make it this time of the day, and a while later."""
        self.now = when = datetime.combine(self.day, time.fromisoformat(clock), VIETNAM) + since
        database = self.bench.hub.database
        shift = when - datetime.now(UTC)
        await database.execute("insert into clock_step (from_time, shift) values (now(), $1)", shift)
        await database.execute("update configuration_version set version = version + 1 where kind = 'clock'")
        await self.rest()

    async def rest(self) -> None:
        """Everything asked is answered, everything due is done; what waits for the counterpart may wait."""
        await self.bench.traffic.answered()
        await eventually(self._is_at_rest, 20, f"rest at {self.now}", self.bench.traffic.evidence)

    async def _is_at_rest(self) -> bool:
        row = await self.bench.hub.database.fetchrow(
            "select (select count(*) from segment) + (select count(*) from timer where due_at <= $1) as left",
            self.now,
        )
        return row is not None and row["left"] == 0


@dataclass(frozen=True, slots=True)
class Day:
    """What the day left behind."""

    counterpart: Counterpart
    asked: set[str]
    answers: list[tuple[str, Answered]]
    waiting_at_return: set[str]
    effects: Counter[str]
    lodged: list[str]
    missed: list[str]
    missed_before_return: list[str]
    watch: Watch
    peak: int
    operator_actions: int
    unanswered: int
    dead_tasks: list[str]


_LONG = [pytest.param(each, marks=pytest.mark.long) for each in (Postal(), Portal())]


@pytest.fixture(scope="module", params=[Population(), *_LONG], ids=lambda each: each.name)
async def day(
    request: pytest.FixtureRequest, stack: StackAddress, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Day]:
    counterpart: Counterpart = request.param
    folder = tmp_path_factory.mktemp(counterpart.name)
    async with own_hub(stack, folder, environment="test") as hub:
        yield await away_for_a_day(hub, counterpart, folder)


async def away_for_a_day(hub: Hub, counterpart: Counterpart, folder: Path) -> Day:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    population = await hub.join("population", ["population"]) if counterpart.name == "portal" else None
    bench = Bench(hub, counter, population, Traffic(hub, [counter]))
    await hub.join("agency-a", ["agency"], [AGENCY])
    await hub.start_engine()
    conductor = Conductor(bench, first_day())
    async with AsyncExitStack() as second_life:
        gate = await second_life.enter_async_context(Turnstile())
        async with counterpart.life(folder) as first_life:
            await gate.open(port_of(first_life))
            adapter = await adapter_of(hub, counterpart, gate, folder)
            watch = Watch(adapter)
            lodged = await the_day_before(conductor, counterpart)
            looking = await second_life.enter_async_context(AsyncExitStack())
            await looking.enter_async_context(watch.looking())
            await gate.shut()
        await the_working_day(conductor, counterpart, watch)
        missed_before_return = missed_of(bench, lodged)
        sandbox = await second_life.enter_async_context(counterpart.life(folder))
        await counterpart.ask(bench, LAST)
        await conductor.rest()
        waiting = (await counterpart.asked(bench)) - {key for key, _ in await counterpart.answers(bench)}
        watch.minutes = 1
        await gate.open(port_of(sandbox))
        await eventually(lambda: is_settled(bench, counterpart), 30, "the backlog to go out", adapter.output)
        await eventually(lambda: watch.is_calm, 10, "the gauges to say so", adapter.output)
        await looking.aclose()
        await conductor.rest()
        return Day(
            counterpart=counterpart,
            asked=await counterpart.asked(bench),
            answers=await counterpart.answers(bench),
            waiting_at_return=waiting,
            effects=counterpart.effects(sandbox.journal()),
            lodged=lodged,
            missed=missed_of(bench, lodged),
            missed_before_return=missed_before_return,
            watch=watch,
            peak=gate.peak,
            operator_actions=await hub.database.fetchval("select count(*) from operator_action"),
            unanswered=len(bench.traffic.unanswered()),
            dead_tasks=[process.name for process in hub.processes if process.exit_status is not None],
        )


async def the_day_before(conductor: Conductor, counterpart: Counterpart) -> list[str]:
    """With the counterpart there: dossiers for the next day, and three from the internet."""
    bench, lodged = conductor.bench, []
    await conductor.move_to("08:00")
    await counterpart.prepare(bench)
    for clock in LODGED_THE_DAY_BEFORE:
        await conductor.move_to(clock)
        event_id = await bench.traffic.submit(
            bench.counter, data=submission(channel="online", return_channel="online")
        )
        await conductor.rest()
        lodged.append(str(bench.traffic.receipts(bench.counter, event_id)[0].data["dossier"]))
    await eventually(
        lambda: is_settled(bench, counterpart), 20, "what was asked the day before", bench.traffic.evidence
    )
    return lodged


async def the_working_day(conductor: Conductor, counterpart: Counterpart, watch: Watch) -> None:
    """From 08:00 on, hour after hour; the circuit opens in the first one."""
    conductor.day += timedelta(days=1)
    clock = asyncio.get_running_loop().time
    for hour in range(HOURS):
        ends = clock() + HOUR_S
        await conductor.move_to("08:00", hour * HOUR)
        await counterpart.ask(conductor.bench, hour)
        await conductor.rest()
        if hour == 0:
            await eventually(lambda: watch.is_open, 10, "the circuit to open")
            watch.minutes = 6
        await eventually(lambda ends=ends: clock() >= ends, 2 * HOUR_S, "the end of the hour")  # type: ignore[misc]  # mypy knows no default of a lambda


async def is_settled(bench: Bench, counterpart: Counterpart) -> bool:
    """Whether everything asked has its answer and the adapter has nothing left to do."""
    left = await bench.hub.database.fetchval(
        "select (select count(*) from delivery where state in ('pending', 'leased', 'unknown'))"
        " + (select count(*) from delivery_report where state <> 'confirmed')"
        " + (select count(*) from segment)"
    )
    answered = {key for key, _ in await counterpart.answers(bench)}
    return left == 0 and await counterpart.asked(bench) == answered


def missed_of(bench: Bench, dossiers: list[str]) -> list[str]:
    """These dossiers as the counter heard that their deadline has passed, in that order."""
    return [fact.key for fact in bench.counter.facts("deadline.missed") if fact.key in dossiers]


def port_of(sandbox: Control) -> int:
    port = urlsplit(str(sandbox.http.base_url)).port
    assert port is not None
    return port


async def adapter_of(hub: Hub, counterpart: Counterpart, gate: Turnstile, folder: Path) -> HubProcess:
    """`hub run adapter NAME`, registered as the hub's participant, and ready."""
    name = counterpart.name
    password = await hub.register(name, [name])
    environment = {
        **hub.environment,
        **SCALED,
        **counterpart.environment(gate.url, folder),
        "HUB_KAFKA__USER": f"{hub.prefix}{name}",
        "HUB_KAFKA__PASSWORD": password,
    }
    process = HubProcess("adapter", f"adapter-{name}", environment, folder, adapter=name)
    hub.processes.append(process)
    process.start()
    await process.ready()
    return process


async def test_nothing_is_lost_and_nothing_happens_twice(day: Day) -> None:
    answered = Counter(key for key, _ in day.answers)
    assert set(answered) == day.asked
    assert set(answered.values()) == {1}
    done = {key for key, answer in day.answers if answer.is_done}
    assert day.effects == Counter(done)
    assert day.unanswered == 0
    assert day.dead_tasks == []


async def test_what_waited_too_long_is_answered_in_vietnamese_and_the_rest_goes_out_by_itself(
    day: Day,
) -> None:
    given_up = [answer.reason_vi for _, answer in day.answers if not answer.is_done]
    assert given_up
    assert set(given_up) <= COULD_NOT[day.counterpart.name]
    done = {key for key, answer in day.answers if answer.is_done}
    assert done & day.waiting_at_return, "something has waited for the counterpart's return"
    assert day.operator_actions == 0


async def test_deadlines_pass_in_their_order_while_the_counterpart_is_away(day: Day) -> None:
    assert day.missed_before_return == day.lodged
    assert day.missed == day.lodged


async def test_the_circuit_opens_once_and_closes_by_itself(day: Day) -> None:
    states = day.watch.states()
    assert states[0] == states[-1] == "closed"
    assert set(states[1:-1]) <= {"open", "half_open"}
    assert "open" in states


async def test_the_backlog_goes_out_no_faster_than_the_limit_of_calls_at_once(day: Day) -> None:
    assert 1 < day.peak <= CONCURRENCY + day.counterpart.beside


@pytest.mark.needs("promtool")
async def test_there_is_one_alert_for_the_whole_absence(day: Day, tmp_path: Path) -> None:
    assert alerts(day.watch.looks, tmp_path) == ""
