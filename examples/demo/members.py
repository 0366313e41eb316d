"""Who takes part in the demo, and for which offices each speaks."""

from __future__ import annotations

from examples.demo.procedures import AGENCIES, POLICE
from hub.participants.registry import Participant

ONE_STOPS = {"counter-1": "000.11.01.H07", "counter-2": "000.11.02.H07"}
"""counter-1's orders go to the postal adapter, counter-2's to the operator's own system."""
CARELESS, CARELESS_ONE_STOP = "counter-new", "000.11.03.H07"
OVER_HTTPS = "agency-https"
"""The agency that has no Kafka client."""
SCANNING = (*ONE_STOPS, "agency")
"""Those over Kafka that upload scans over HTTPS; who names a document has uploaded it, or was told of it."""
PARTITIONS = 2

MEMBERS = (
    Participant("counter-1", ("counter",), (ONE_STOPS["counter-1"],), PARTITIONS),
    Participant("counter-2", ("counter",), (ONE_STOPS["counter-2"],), PARTITIONS),
    Participant(CARELESS, ("counter",), (CARELESS_ONE_STOP,), PARTITIONS),
    Participant("agency", ("agency",), tuple(code for code in AGENCIES if code != POLICE), PARTITIONS),
    Participant(OVER_HTTPS, ("agency",), (POLICE,), PARTITIONS, is_http=True),
    Participant("population", ("population",), (), PARTITIONS),
    Participant("postal", ("postal",), (), PARTITIONS),
    Participant("portal", ("portal",), (), PARTITIONS),
    Participant("notices", ("notifier",), (), PARTITIONS),
    Participant("typesetter", ("typesetter",), (), PARTITIONS),
    Participant("postal-direct", ("postal",), (ONE_STOPS["counter-2"],), PARTITIONS),
)
