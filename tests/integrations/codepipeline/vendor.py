"""AWS CodePipeline, played: a portal built and deployed by pipelines, and every fault."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.api import Credentials
from bot.model import CiTarget, Deployment, Service
from integrations.codepipeline import connect
from tests.contracts.faults import Fault
from tests.integrations.buildbot.repository import repository
from tests.integrations.codepipeline.service import (
    HANGS,
    Answer,
    PlayedAws,
    Run,
    declared,
    failure,
    serving,
)
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from bot.ports import Ci
    from integrations.codepipeline.provider import CodePipeline

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ENDS = {"1.4.1": "Succeeded", "1.4.2": "Succeeded", "1.5.0": "Failed"}
DENIED = "User: arn:aws:iam::111122223333:user/w is not authorized to perform: codepipeline:X"
# What AWS says where another vendor has a status of HTTP of its own.
CODES = {
    Fault.UNAUTHORIZED: failure("UnrecognizedClientException", "The security token is invalid."),
    Fault.FORBIDDEN: failure("AccessDeniedException", DENIED),
    Fault.NOT_FOUND: failure("PipelineNotFoundException", "there is none"),
    Fault.CONFLICT: failure("ConflictException", "another change is going on"),
    Fault.THROTTLED: failure("ThrottlingException", "Rate exceeded"),
    Fault.BROKEN: failure("InternalFailure", "", 500),
}


def portal() -> Service:
    """Return the service that the played AWS builds."""
    where, _ = repository()
    target = CiTarget("codepipeline", "portal", "deploy-portal", where, "portal/{version}")
    environments = (Deployment("test"), Deployment("production"))
    return Service("portal", "web", "A", target, environments)


def built() -> PlayedAws:
    """Return an AWS that has built every version once."""
    aws = PlayedAws({name: declared(name) for name in ("portal", "deploy-portal")})
    _, commits = repository()
    for version, ends in ENDS.items():
        aws.runs.insert(0, Run("portal", commits[version], ends, trigger="WebhookV2"))
    return aws


@asynccontextmanager
async def asking(aws: PlayedAws, **credentials: str) -> AsyncIterator[tuple[CodePipeline, Service]]:
    """Give a provider that asks an AWS played on loopback."""
    with serving(aws) as url:
        async with _connected(url, **credentials) as ci:
            yield ci, portal()


@asynccontextmanager
async def _connected(url: str, **over: str) -> AsyncIterator[CodePipeline]:
    given = {"user": KEY, "password": SECRET, "region": "eu-central-1", **over}
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        ci = connect(Credentials(url, **given), client)
        try:
            yield ci
        finally:
            ci.aws.close()


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play AWS as it is when all is well."""
    async with asking(built()) as given:
        yield given


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play AWS, or what stands before it, with one fault."""
    aws = built()
    aws.fault = lambda _: _answer(fault)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.codepipeline.aws.FIRST_WAIT", 0.0)
        patch.setattr("integrations.codepipeline.aws.LONGEST_WAIT", 0.0)
        patch.setattr("integrations.codepipeline.aws.READ_SECONDS", 0.3)
        if fault is Fault.DOWN:
            with _closed_port() as url:
                async with _connected(url) as ci:
                    yield ci, portal()
            return
        async with asking(aws) as given:
            yield given


def _answer(fault: Fault) -> Answer:
    if fault in CODES:
        return CODES[fault]
    if fault is Fault.HANG:
        return HANGS, {}, b""
    made = fault.answer(httpx.Request("POST", "https://aws.test/"))
    headers = {
        n: made.headers[n] for n in ("content-type", "location", "retry-after") if n in made.headers
    }
    return made.status_code, headers, made.content or json.dumps({}).encode()


@contextmanager
def _closed_port() -> Iterator[str]:
    """Yield the address of a port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
