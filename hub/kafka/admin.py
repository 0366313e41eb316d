"""Topics, users and ACLs on the broker (aiokafka can administer neither users nor ACLs). Blocking."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from hub.errors import RetryableError, StartupError
from hub.http.certificates import Stamps, stamps
from hub.settings import KafkaSettings

_TIMEOUT_S = 20
_CHECK_S = 10
_DENIALS = 3
"""So many in a row are no new password on its way to the broker's nodes any more."""
_ITERATIONS = 8192

Acl = TypeVar("Acl", bound=AclBinding)


@dataclass(frozen=True, slots=True)
class Grant:
    """One operation on one topic or group; `is_prefix` covers all names that begin so."""

    resource: str
    name: str
    operation: str
    is_prefix: bool = False


class KafkaAdmin:
    """An administrator's session; every call blocks and may be repeated."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.prefix = settings.prefix
        self._errors: list[KafkaError] = []
        self._known: tuple[Stamps, AdminClient] | None = None

    @property
    def _client(self) -> AdminClient:
        """Librdkafka reads the file of the CA once, so a renewed file asks for another client."""
        found = stamps([self.settings.ca_file] if self.settings.ca_file else [])
        if self._known is None or self._known[0] != found:
            options = librdkafka_settings(self.settings) | {"error_cb": self._errors.append}
            try:
                made = AdminClient(options)
            except KafkaException:
                if self._known is None:
                    raise
                made = self._known[1]  # a file that cannot be read changes nothing
            self._known = found, made
        return self._known[1]

    def check(self) -> None:
        """`StartupError` in one line when the broker does not let us in within 10 s."""
        end = time.monotonic() + _CHECK_S
        while True:
            try:
                self._client.list_topics(timeout=1)
            except KafkaException as error:
                self._client.poll(0)
                denials = [e for e in self._errors if e.code() == KafkaError._AUTHENTICATION]  # noqa: SLF001
                if len(denials) >= _DENIALS or time.monotonic() > end:
                    raise StartupError(self._why(denials, error)) from None
            else:
                return

    def _why(self, denials: Sequence[KafkaError], error: KafkaException) -> str:
        settings = self.settings
        if denials:
            return (
                f"HUB_KAFKA__USER, HUB_KAFKA__PASSWORD: the broker at {settings.bootstrap} "
                f"does not let the user {settings.user!r} in"
            )
        reason = self._errors[-1].str() if self._errors else error.args[0].str()
        return f"HUB_KAFKA__BOOTSTRAP: no broker answers at {settings.bootstrap}: {reason}"

    def create_topic(self, name: str, partitions: int, config: Mapping[str, str]) -> None:
        """Create a topic; one that exists stays as it is.

        Of more than one copy the majority must be written before a record is acknowledged.
        """
        copies = self.settings.replication
        written = {"min.insync.replicas": str(copies // 2 + 1)} if copies > 1 else {}
        topic = NewTopic(name, partitions, copies, config={**config, **written})
        _wait(self._client.create_topics([topic]), KafkaError.TOPIC_ALREADY_EXISTS)

    def delete_topics(self, names: Sequence[str]) -> None:
        """Delete topics; missing ones are no error."""
        if names:
            _wait(self._client.delete_topics(list(names)), KafkaError.UNKNOWN_TOPIC_OR_PART)

    def topic_names(self) -> set[str]:
        """All topics that the user may see."""
        return set(self._client.list_topics(timeout=_TIMEOUT_S).topics)

    def topic_ids(self, names: Sequence[str]) -> dict[str, str]:
        """The ids of the topics that exist: a topic that was deleted and made again has another one."""
        self._find_controller(names)
        futures = self._client.describe_topics(TopicCollection(list(names)))
        found: dict[str, str] = {}
        for name, future in futures.items():
            try:
                found[name] = str(future.result(timeout=_TIMEOUT_S).topic_id)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
        return found

    def topic_settings(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """The settings in effect, defaults among them, of each topic that may be asked."""
        if not names:
            return {}
        self._find_controller(names)
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        found: dict[str, dict[str, str]] = {}
        for resource, future in self._client.describe_configs(resources).items():
            with contextlib.suppress(KafkaException):
                entries = future.result(timeout=_TIMEOUT_S)
                found[resource.name] = {name: entry.value for name, entry in entries.items()}
        return found

    def group_offsets(self, is_wanted: Callable[[str], bool]) -> dict[str, dict[tuple[str, int], int]]:
        """By group, where it goes on in each partition; groups that this user may not see are left out."""
        listed = self._client.list_consumer_groups(request_timeout=_TIMEOUT_S).result(_TIMEOUT_S)
        found: dict[str, dict[tuple[str, int], int]] = {}
        for group in sorted(one.group_id for one in listed.valid if is_wanted(one.group_id)):
            asked = self._client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
            with contextlib.suppress(KafkaException):
                places = asked[group].result(_TIMEOUT_S).topic_partitions or []
                found[group] = {(tp.topic, tp.partition): tp.offset for tp in places if tp.offset >= 0}
        return found

    def set_topic(self, name: str, settings: Mapping[str, str]) -> None:
        """Set some settings of a topic; the others stay as they are."""
        changes = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
            for key, value in settings.items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=changes)
        _wait(self._client.incremental_alter_configs([resource]))

    def _find_controller(self, names: Sequence[str]) -> None:
        """Ask any broker: librdkafka waits for a controller that died until an answer names another."""
        if names:
            self._client.list_topics(names[0], timeout=_TIMEOUT_S)

    def set_password(self, user: str) -> str:
        """Create the user or give it a new password; returns it, it is stored nowhere.

        Waits until the broker knows it; drawn iterations tell a new password from an old one.
        """
        password = secrets.token_urlsafe(24)
        iterations = _ITERATIONS + secrets.randbelow(1000)
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, iterations)
        change = UserScramCredentialUpsertion(user, info, password.encode())
        _wait(self._client.alter_user_scram_credentials([change]))
        end = time.monotonic() + _TIMEOUT_S
        while self._iterations(user) != iterations:
            if time.monotonic() > end:
                raise RetryableError(f"the broker does not know the new password of {user}")
            time.sleep(0.02)
        return password

    def _iterations(self, user: str) -> int | None:
        asked = self._client.describe_user_scram_credentials([user])
        assert isinstance(asked, dict)
        future = asked[user]
        try:
            credentials = future.result(timeout=_TIMEOUT_S).scram_credential_infos
        except KafkaException as error:
            if error.args[0].code() == KafkaError.RESOURCE_NOT_FOUND:
                return None
            raise
        return next((info.iterations for info in credentials), None)

    def has_user(self, user: str) -> bool:
        """Whether the broker knows a password of this user.

        Only for an administrator: a refusal ends the process within the client (confluent-kafka 2.16).
        """
        return self._iterations(user) is not None

    def rights_of(self, user: str) -> set[Grant]:
        """What the user is allowed by rights of its own."""
        found = self._client.describe_acls(_all_of(user)).result(timeout=_TIMEOUT_S)
        return {
            Grant(
                acl.restype.name.lower(),
                acl.name,
                acl.operation.name.lower(),
                is_prefix=acl.resource_pattern_type == ResourcePatternType.PREFIXED,
            )
            for acl in found
        }

    def remove_user(self, user: str) -> None:
        """Take the user's password away."""
        deletion = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)
        _wait(self._client.alter_user_scram_credentials([deletion]), KafkaError.RESOURCE_NOT_FOUND)

    def grant(self, user: str, grants: Sequence[Grant]) -> None:
        """Allow the operations; what is not granted is denied."""
        _wait(self._client.create_acls([_binding(user, grant, AclBinding) for grant in grants]))

    def revoke(self, user: str, grants: Sequence[Grant]) -> None:
        """Take single grants back; missing ones are no error."""
        filters = [_binding(user, grant, AclBindingFilter) for grant in grants]
        _wait(self._client.delete_acls(filters))

    def revoke_all(self, user: str) -> None:
        """Delete every ACL of the user."""
        _wait(self._client.delete_acls([_all_of(user)]))


def librdkafka_settings(settings: KafkaSettings) -> dict[str, Any]:
    """The connection as librdkafka's configuration."""
    config: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": "SASL_SSL" if settings.ca_file else "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": settings.user,
        "sasl.password": settings.password.get_secret_value(),
        "socket.timeout.ms": 15_000,
        "log_level": 2,
    }
    if settings.ca_file:
        config["ssl.ca.location"] = str(settings.ca_file)
    return config


def _binding(user: str, grant: Grant, kind: type[Acl]) -> Acl:
    return kind(
        ResourceType[grant.resource.upper()],
        grant.name,
        ResourcePatternType.PREFIXED if grant.is_prefix else ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation[grant.operation.upper()],
        AclPermissionType.ALLOW,
    )


def _all_of(user: str) -> AclBindingFilter:
    """Every right of the user."""
    return AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # any name; the annotation forgets it
        ResourcePatternType.ANY,
        f"User:{user}",
        None,  # type: ignore[arg-type]  # any host
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _wait(futures: Mapping[Any, Any], *harmless: int) -> None:
    """Raises `StartupError` in one line for what the broker refuses."""
    for thing, future in futures.items():
        try:
            future.result(timeout=_TIMEOUT_S)
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() not in harmless:
                raise StartupError(f"the broker refused {_name_of(thing)}: {reason.str()}") from None


def _name_of(thing: Any) -> str:
    return thing if isinstance(thing, str) else f"rights on {thing.name or 'everything'}"
