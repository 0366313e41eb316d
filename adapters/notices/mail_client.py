"""One e-mail to one server over SMTP: what it answered, or `CallError` by what is known of the effect."""

from __future__ import annotations

import asyncio
import re
from typing import Final

import aiosmtplib

from adapters.notices.settings import NoticesSettings
from hub.delivery.errors import EffectUnsureError, NoEffectError
from hub.delivery.masking import without
from hub.http.trusted_ca import TrustedCa

_SAYS_NO: Final = range(400, 600)
_FOR_GOOD: Final = range(500, 600)
_OF_THE_SERVER: Final = frozenset({421, 530, 534, 535, 538})
"""Whatever they are said to: that the server goes away, or does not know our account."""
_OF_ITS_SYSTEM: Final = "4.3."
"""Enhanced status (RFC 3463) of a trouble of the whole server, as a full disk."""
_NOT_OF_THIS_ADDRESS: Final = frozenset({530, 534, 535, 538})
"""Wrong or missing account: another attempt after the site has mended it can do."""
_MAIL_ADDRESS: Final = re.compile(r"<?[^\s<>:;,]+@[^\s<>:;,]+>?")


class MailRefusedError(Exception):
    """The server said no to this address or this text for good."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class MailClient:
    """A connection for each e-mail, closed whatever becomes of it; only whom it trusts is kept."""

    def __init__(self, settings: NoticesSettings) -> None:
        self._settings = settings
        self._trusted = _trusted(settings)

    async def send(self, to: str, content: bytes) -> str:
        """Give the server's last answer as it came.

        MailRefusedError for good, NoEffectError before the text was sent or after the server said "not now",
        EffectUnsureError when the answer to the text was lost, or is none that says yes or no.
        """
        client = self._client()
        try:
            await self._before_the_text(client, to)
            return await self._hand_over(client, content)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        assert settings.smtp_host is not None
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            timeout=settings.total_timeout_s,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            tls_context=self._trusted,
            local_hostname="hub.invalid",
        )

    async def _before_the_text(self, client: aiosmtplib.SMTP, to: str) -> None:
        step = "mail"
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                await self._log_in(client)
                step = "mail to"
                await client.rcpt(to)
        except aiosmtplib.SMTPResponseException as error:
            raise self._refused(step, error, is_alone=step == "mail to") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            why = f"mail: {type(error).__name__}"
            raise NoEffectError(why, self._settings.retry_delay_s, "unreachable") from None

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        settings = self._settings
        await client.connect(timeout=settings.connect_timeout_s)
        if settings.smtp_user and settings.smtp_password is not None:
            await client.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        await client.mail(settings.sender)

    async def _hand_over(self, client: aiosmtplib.SMTP, content: bytes) -> str:
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                answer = await client.data(content)
        except aiosmtplib.SMTPResponseException as error:
            if error.code not in _SAYS_NO:
                raise EffectUnsureError(f"mail data: SMTP {error.code}") from None
            raise self._refused("mail data", error, is_alone=True) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise EffectUnsureError(f"mail data: {type(error).__name__}", "timeout") from None
        return f"{answer.code} {answer.message}"

    def _refused(self, step: str, error: aiosmtplib.SMTPResponseException, *, is_alone: bool) -> Exception:
        """`is_alone`: said of this address or this text, by a server that works."""
        if error.code in _FOR_GOOD and error.code not in _NOT_OF_THIS_ADDRESS:
            return MailRefusedError(error.code)
        is_of_server = error.code in _OF_THE_SERVER or error.message.startswith(_OF_ITS_SYSTEM)
        is_alone = is_alone and error.code in _SAYS_NO and not is_of_server
        delay_s = self._settings.retry_delay_s
        return NoEffectError(f"{step}: SMTP {error.code}", delay_s, is_alone=is_alone)


def _trusted(settings: NoticesSettings) -> TrustedCa | None:
    if settings.smtp_host is None or settings.smtp_security == "none":
        return None
    return TrustedCa(settings.smtp_ca_file)


def proof_of(answer: str, address: str) -> str:
    """An answer as a reference: printable ASCII, no blanks, nothing that tells who was told.

    Long numbers are written in letters: they are the server's own, and look like those of persons.

    Facts keep it unsealed and for ever: servers repeat addresses and numbers in their answers.
    """
    quiet = without(_MAIL_ADDRESS.sub(" ", answer), (address, address.partition("@")[0]))
    shown = re.sub(r"[^\x21-\x7e]+", ".", quiet)[:64].strip(".") or "taken"
    return re.sub(r"[0-9]{9,}", lambda found: found[0].translate(_LETTERS), shown)


_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")
