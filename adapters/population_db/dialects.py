"""One exchange as each dialect writes and reads it (pure): headers, address, body, answer (contract II 1)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from adapters.population_db.json_form import decode_json, encode_json
from adapters.population_db.mapping import Answer, WireForm, decode, encode
from adapters.population_db.question import Question
from adapters.population_db.settings import PopulationSettings


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, ready to be sent."""

    url: str
    headers: dict[str, str]
    content: bytes


def wire_form(settings: PopulationSettings) -> WireForm:
    """Return the form of the SOAP wire that the settings choose; the LGSP of N2 takes no unit."""
    return WireForm(
        namespace=settings.namespace,
        date_format=settings.date_format,
        verify_code=settings.verify_code,
        lookup_code=settings.lookup_code,
        is_unit_sent=settings.is_unit_sent and settings.dialect == "N1",
        is_account_sent=settings.is_account_sent,
    )


def exchange(question: Question, settings: PopulationSettings, token: str | None, now: datetime) -> Exchange:
    """Return the request of one question; `token` is that of the LGSP (N2, N3)."""
    if settings.dialect == "N1":
        headers = signed_headers(settings, now)
        return Exchange(settings.service_url, headers, encode(question, wire_form(settings)))
    if settings.dialect == "N2":
        headers = {
            "Content-Type": "application/xml",
            "Accept-Encoding": "identity",
            "SOAPAction": '""',
            "Authorization": f"Bearer {token}",
            "lgspaccesstoken": lgsp_header(settings),
            "AuthHash": question.officer_key or "",
        }
        return Exchange(settings.service_url, headers, encode(question, wire_form(settings)))
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": f"Bearer {token}",
    }
    url = settings.service_url if question.operation == "verify" else settings.lookup_url
    content = encode_json(question, settings.user_name_service or "", settings.date_format)
    return Exchange(url or settings.service_url, headers, content)


def read_answer(body: bytes, question: Question, settings: PopulationSettings) -> Answer:
    """Read what came back in the dialect's form."""
    if settings.dialect == "N3":
        return decode_json(body, question)
    return decode(body, question, wire_form(settings), settings.max_answer_bytes)


def signed_headers(settings: PopulationSettings, now: datetime) -> dict[str, str]:
    """Return the headers of one call of N1; `Timestamp` and `Authorization` are made for this very moment."""
    assert settings.user is not None
    assert settings.secret_key is not None
    assert settings.x_road_client is not None
    factor = 1000 if settings.timestamp_unit == "ms" else 1
    timestamp = str(int(now.timestamp() * factor))
    url = settings.signed_url or settings.service_url
    signed = url + settings.user + timestamp + settings.secret_key.get_secret_value()
    token = f"{settings.user}:{hashlib.sha256(signed.encode()).hexdigest()}"
    headers = {
        "Content-Type": "application/xml",
        "Accept-Encoding": "identity",
        "SOAPAction": '""',
        "Timestamp": timestamp,
        "Authorization": "Basic " + base64.b64encode(token.encode()).decode(),
        "X-Road-Client": quote(settings.x_road_client, safe="/-._~"),
    }
    if settings.api_key is not None:
        headers["ApiKey"] = settings.api_key.get_secret_value()
    return headers


def lgsp_header(settings: PopulationSettings) -> str:
    """Return `lgspaccesstoken` of N2: the LGSP account as compact JSON, in base64."""
    access = settings.lgsp
    assert access is not None
    account = {
        "AccessKey": access.access_key,
        "SecretKey": access.secret_key.get_secret_value(),
        "AppName": access.app_name,
        "PartnerCode": access.partner_code,
        "PartnerCodeCus": access.partner_code_cus,
    }
    return base64.b64encode(json.dumps(account, ensure_ascii=False, separators=(",", ":")).encode()).decode()
