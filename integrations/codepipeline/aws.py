"""Asks AWS by boto3, in a thread: bounded in time, reading again, changing once."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import boto3
import httpx
import stamina
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from bot.api import IntegrationError, Rejected, Throttled, Unreachable
from bot.vendors import Answer, Asked, Vendor
from bot.vendors.sentences import refusal as plain_refusal
from integrations.codepipeline.places import ACCOUNT
from integrations.codepipeline.refusals import BLOCK, NAME, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_codepipeline import CodePipelineClient

    from bot.api import Credentials

T = TypeVar("T")
CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
ATTEMPTS: Final = 3
FIRST_WAIT, LONGEST_WAIT = 0.2, 2.0  # seconds between two tries to read
SESSION: Final = "wardroom"  # how CloudTrail names us where a role is taken
EARLY: Final = timedelta(minutes=5)  # a role's keys are renewed so long before they end
BAD: Final = 300
TAKING: Final = Asked("the role in role_arn", "sts:AssumeRole, and the role has to trust us")
# What botocore raises by accident where an answer has another shape than its model.
_ODD: Final = (BotoCoreError, ValueError, TypeError, AttributeError, KeyError, AssertionError)


@dataclass(frozen=True)
class _Lent:
    """A client, and until when its keys are good."""

    client: CodePipelineClient
    until: datetime


@dataclass(frozen=True)
class Aws:
    """CodePipeline's API in one region, in the accounts that pipelines name."""

    credentials: Credentials = field(repr=False)
    http: httpx.AsyncClient
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _lent: dict[str, _Lent] = field(default_factory=dict, repr=False)

    async def read(
        self,
        ask: Callable[[CodePipelineClient], T],
        asked: Asked,
        account: str = "",
        *,
        ahead: bool = False,
    ) -> T:
        """Return what AWS answers, asking again where that may help.

        Ahead of a change, an AWS that cannot be reached is `Rejected`, as by `change`.
        """
        try:
            async for attempt in stamina.retry_context(
                on=_may_pass,
                attempts=ATTEMPTS,
                timeout=None,
                wait_initial=FIRST_WAIT,
                wait_max=LONGEST_WAIT,
            ):
                with attempt:
                    return await asyncio.to_thread(self._ask, ask, asked, account)
        except _NeverArrived as error:
            if ahead:
                raise _undone(error) from error
            raise
        raise _silent(asked)

    async def change(
        self, ask: Callable[[CodePipelineClient], T], asked: Asked, account: str = ""
    ) -> T:
        """Send something that changes AWS's state, once.

        `Rejected` says that nothing happened there; `Unreachable` that it is not known.
        """
        try:
            # Signing in changes nothing: what fails there is no change in doubt.
            await asyncio.to_thread(self._client, account)
        except Unreachable as error:
            raise Rejected(f"{error.text.rstrip('.')}; nothing was started.") from error
        try:
            return await asyncio.to_thread(self._ask, ask, asked, account)
        except _NeverArrived as error:
            raise _undone(error) from error

    def close(self) -> None:
        """Close every connection."""
        for lent in self._lent.values():
            lent.client.close()
        self._lent.clear()

    def _ask(self, ask: Callable[[CodePipelineClient], T], asked: Asked, account: str) -> T:
        client = self._client(account)
        try:
            return ask(client)
        except _Plain as error:
            raise self._plainly(error.answer, asked) from error
        except ClientError as error:
            raise refusal(error, asked) from error
        except _ODD as error:
            raise self._failed(error, asked) from error

    def _client(self, account: str) -> CodePipelineClient:
        with self._lock:
            lent = self._lent.get(account)
            if lent is None or lent.until <= datetime.now(UTC):
                lent = self._made(account)
                self._lent[account] = lent
            return lent.client

    def _made(self, account: str) -> _Lent:
        given = self.credentials
        role = self._role(account)
        until = datetime.max.replace(tzinfo=UTC)
        try:
            session = boto3.Session(
                aws_access_key_id=given.user or None,
                aws_secret_access_key=given.password or None,
                region_name=given.region,
            )
            if role:
                session, until = _taken(session, role, given.region)
            client = session.client(
                "codepipeline", endpoint_url=given.url.rstrip("/"), config=_config()
            )
        except ClientError as error:
            raise refusal(error, TAKING) from error
        except _ODD as error:
            raise self._failed(error, TAKING) from error
        client.meta.events.register("before-parse.codepipeline", self._look)
        return _Lent(client, until)

    def _role(self, account: str) -> str:
        role = self.credentials.role_arn
        if bool(account) != (ACCOUNT in role):
            raise Rejected(
                f"a pipeline is written ACCOUNT/NAME where {BLOCK}.role_arn holds {ACCOUNT}, and "
                "NAME alone where it does not."
            )
        return role.replace(ACCOUNT, account)

    def _look(self, response_dict: Mapping[str, Any], **_: object) -> None:
        """Stop what is no answer of AWS's own: botocore reads a page as an answer without rows."""
        headers = httpx.Headers([(n, str(v)) for n, v in response_dict["headers"].items()])
        status, body = int(response_dict["status_code"]), bytes(response_dict["body"] or b"")
        if headers.get("content-type", "").startswith("application/cbor"):
            return  # the other protocol of CodePipeline, whose reader is strict
        answer = Answer(NAME, self.credentials.url, status, headers, body)
        if status < BAD:
            answer.object()
        elif not _has_code(answer):
            raise _Plain(answer)

    def _plainly(self, answer: Answer, asked: Asked) -> IntegrationError:
        """Return the error for what a proxy or a gateway says in AWS's place."""
        vendor = Vendor(NAME, BLOCK, self.credentials.url, self.http, secret="password_file")  # noqa: S106 - the name of a setting, not its value
        return plain_refusal(vendor, replace(asked, needs=""), answer)

    def _failed(self, error: Exception, asked: Asked) -> IntegrationError:
        match error:
            case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError():
                return Rejected(
                    f"no credentials for AWS were found: set {BLOCK}.user and password_file, or "
                    "give this machine a role."
                )
            case ParamValidationError():
                return Rejected(
                    f"a value for {asked.what} is not as AWS takes it, so it was not sent."
                )
            case BotoCoreError():
                return self._lost(error, asked)
        return Unreachable(f"{NAME} answered something that is not understood: nothing is known.")

    def _lost(self, error: BotoCoreError, asked: Asked) -> Unreachable:
        if isinstance(error, ReadTimeoutError):
            return _silent(asked)
        if not isinstance(error, EndpointConnectionError | ConnectTimeoutError):
            return Unreachable(
                f"{NAME} broke the connection off while answering {asked.what}, so nothing is "
                "known."
            )
        if asked is TAKING:
            return _NeverArrived(f"AWS STS cannot be reached in {self.credentials.region}.")
        return _NeverArrived(f"{NAME} cannot be reached at {self._host}.")

    @property
    def _host(self) -> str:
        return urlsplit(self.credentials.url).netloc


def _taken(session: boto3.Session, role: str, region: str) -> tuple[boto3.Session, datetime]:
    """Return a session with the keys of a role, and until when they are used."""
    sts = session.client("sts", config=_config())
    try:
        keys = sts.assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]
    finally:
        sts.close()
    made = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )
    return made, keys["Expiration"].astimezone(UTC) - EARLY


def _config() -> Config:
    # Once: what may be asked again is asked again by `read`, and a start never is.
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        user_agent_extra="wardroom",
    )


def _has_code(answer: Answer) -> bool:
    if answer.headers.get("x-amzn-errortype"):
        return True
    try:
        told = answer.object()
    except Unreachable:
        return False
    return isinstance(told.get("__type") or told.get("code"), str)


def _undone(error: _NeverArrived) -> Rejected:
    return Rejected(f"{error.text.rstrip('.')}, so nothing was done there.")


def _silent(asked: Asked) -> _Silent:
    return _Silent(
        f"{NAME} did not answer within {READ_SECONDS:.0f} s when asked for {asked.what}."
    )


def _may_pass(error: Exception) -> bool:
    """Say whether it helps to ask again at once."""
    return isinstance(error, Unreachable) and not isinstance(error, Throttled | _Silent)


class _Plain(Exception):
    """An answer that is no error of AWS's."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class _Silent(Unreachable):
    """The time was over: asking again would take as long again."""


class _NeverArrived(Unreachable):
    """No connection came to be: what was to be sent was not."""
