"""How AWS is signed in to, and what its errors say: botocore's Stubber, moto, and loopback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from bot.api import ConfigurationError, Credentials, Rejected, Throttled, Unreachable
from bot.vendors import NotThere
from integrations.codepipeline import aws as asking_aws
from integrations.codepipeline import connect
from integrations.codepipeline.places import pipeline_of
from tests.house_rules.tree import ROOT
from tests.integrations.buildbot.repository import repository
from tests.integrations.codepipeline.service import PlayedAws, declared, failure
from tests.integrations.codepipeline.vendor import KEY, SECRET, asking, built, portal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_codepipeline import CodePipelineClient

    from bot.model import Service

URL = "https://codepipeline.eu-central-1.amazonaws.com"
ROLE = "arn:aws:iam::{account}:role/wardroom"
_MADE_UP: Any = {
    "aws_access_key_id": KEY,
    "aws_secret_access_key": SECRET,
    "region_name": "eu-central-1",
}
LISTING = "codepipeline:ListPipelineExecutions"


def given(**over: str) -> Credentials:
    return Credentials(URL, **{"user": KEY, "password": SECRET, "region": "eu-central-1", **over})


@pytest.fixture(autouse=True)
def _no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of this machine's own be found: keys, profiles, or a role."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(asking_aws, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(asking_aws, "LONGEST_WAIT", 0.0)


@pytest.fixture
def moto_aws() -> Iterator[None]:
    """Have moto answer in the place of AWS."""
    with mock_aws():
        yield


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("AccessDeniedException", Rejected, f"our role or user needs {LISTING}"),
        ("AccessDenied", Rejected, f"our role or user needs {LISTING}"),
        ("ExpiredTokenException", Rejected, "have expired: renew integrations.codepipeline.user"),
        ("ExpiredToken", Rejected, "have expired"),
        ("UnrecognizedClientException", Rejected, "does not accept our credentials"),
        ("InvalidSignatureException", Rejected, "does not accept our credentials"),
        ("RequestExpired", Rejected, "set the clock"),
        ("ThrottlingException", Throttled, "too many questions"),
        ("RequestLimitExceeded", Throttled, "too many questions"),
        ("PipelineNotFoundException", NotThere, "check its name, integrations.codepipeline.region"),
        ("ConflictException", Rejected, "conflicts with what goes on there"),
        ("ConcurrentPipelineExecutionsLimitExceededException", Rejected, "until one ends"),
        ("ValidationException", Rejected, r"it says: because of the moon\)"),
        ("InternalFailure", Unreachable, "failed by itself"),
        ("ServiceUnavailable", Unreachable, "failed by itself"),
    ],
)
async def test_each_code_of_aws_is_one_sentence(
    code: str, kind: type[Rejected | Unreachable], said: str
) -> None:
    async with httpx.AsyncClient() as http:
        ci = connect(given(), http)
        with Stubber(ci.aws._client("")) as stub:
            for _ in range(3):  # what may pass is asked again
                stub.add_client_error("list_pipeline_executions", code, "because of the moon.")
            with pytest.raises(kind, match=said) as told:
                await ci.recent(portal())
        ci.aws.close()
    assert type(told.value) is kind
    assert told.value.text.endswith(".")


async def test_a_clock_that_is_wrong_is_said_to_be_and_not_the_key() -> None:
    async with httpx.AsyncClient() as http:
        ci = connect(given(), http)
        with Stubber(ci.aws._client("")) as stub:
            expired = "Signature expired: 20261122T180000Z is now earlier than 20261122T181500Z"
            stub.add_client_error("list_pipeline_executions", "InvalidSignatureException", expired)
            with pytest.raises(Rejected, match="set the clock of this machine right"):
                await ci.recent(portal())
        ci.aws.close()


async def test_what_aws_says_of_us_is_not_repeated() -> None:
    aws = built()
    said = "User: arn:aws:iam::111122223333:user/wardroom is not authorized to perform: X"
    aws.fault = lambda _: failure("AccessDeniedException", said)
    async with asking(aws) as (ci, service):
        with pytest.raises(Rejected) as told:
            await ci.recent(service)
    assert "111122223333" not in told.value.text


@pytest.mark.usefixtures("moto_aws")
async def test_a_deploy_starts_an_execution_with_the_keys_of_the_role_of_its_account() -> None:
    _, commits = repository()
    with _pipelines("111122223333") as there:
        there.create_pipeline(pipeline=_whole("deploy-portal"))
        async with httpx.AsyncClient() as http:
            ci = connect(given(role_arn=ROLE), http)
            service = _in_account("111122223333/deploy-portal")
            made = await ci.deploy(service, "1.4.2", commits["1.4.2"], "test", correlation="REQ-1")
            ci.aws.close()
        account, pipeline, execution = made.id.split("/")
        found = there.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution)[
            "pipelineExecution"
        ]
    assert account == "111122223333"
    given_to_it = {one["name"]: one["resolvedValue"] for one in found["variables"]}
    assert given_to_it["COMMIT"] == commits["1.4.2"]
    assert given_to_it["CORRELATION"] == "REQ-1"


@pytest.mark.usefixtures("moto_aws")
async def test_another_account_is_another_role_and_has_no_such_pipeline() -> None:
    _, commits = repository()
    async with httpx.AsyncClient() as http:
        ci = connect(given(role_arn=ROLE), http)
        with pytest.raises(NotThere, match="the pipeline 444455556666/deploy-portal"):
            await ci.deploy(
                *(_in_account("444455556666/deploy-portal"), "1.4.2", commits["1.4.2"], "test"),
                correlation="REQ-1",
            )
        ci.aws.close()


@pytest.mark.parametrize(("role", "builder"), [("", "111122223333/portal"), (ROLE, "portal")])
async def test_an_account_is_named_where_the_role_needs_one_and_nowhere_else(
    role: str, builder: str
) -> None:
    async with httpx.AsyncClient() as http:
        ci = connect(given(role_arn=role), http)
        with pytest.raises(Rejected, match="ACCOUNT/NAME where integrations"):
            await ci.aws.read(
                lambda client: client.list_pipelines(),
                asking_aws.TAKING,
                pipeline_of(portal(), builder).account,
            )


@pytest.mark.usefixtures("moto_aws")
async def test_a_role_is_taken_once_and_again_before_its_keys_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with httpx.AsyncClient() as http:
        ci = connect(given(role_arn=ROLE.replace("{account}", "111122223333")), http)
        first = ci.aws._client("")
        assert ci.aws._client("") is first
        first.close()
        monkeypatch.setattr(asking_aws, "EARLY", timedelta(days=1))
        ci.aws._lent.clear()
        second = ci.aws._client("")
        assert ci.aws._lent[""].until < datetime.now(UTC)
        assert ci.aws._client("") is not second
        second.close()
        ci.aws.close()


async def test_where_no_role_can_be_taken_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    denied = PlayedAws(fault=lambda _: None)
    async with asking(denied, role_arn=ROLE.replace("{account}", "1" * 12)) as (ci, service):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
        with pytest.raises(
            Rejected, match="AWS STS cannot be reached in eu-central-1, so nothing was done"
        ):
            await ci.deploy(service, "1.4.2", "a" * 40, "test", correlation="REQ-1-aa")
    assert denied.asked == []


async def test_without_keys_and_without_a_role_that_is_said() -> None:
    async with httpx.AsyncClient() as http:
        ci = connect(given(user="", password=""), http)
        with pytest.raises(Rejected, match="no credentials for AWS were found"):
            await ci.recent(portal())
        ci.aws.close()


async def test_the_keys_sign_and_are_never_sent() -> None:
    aws = built()
    async with asking(aws) as (ci, service):
        await ci.recent(service)
        shown = repr(ci)
    (signed,) = aws.signed
    assert signed.startswith(f"AWS4-HMAC-SHA256 Credential={KEY}/")
    assert SECRET not in signed
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {"Content-Type": "application/json"}, b'{"pipelineExecutionSummaries": 3}', "not"),
        (200, {"Content-Type": "application/json"}, b"[]", "not understood"),
        (200, {"Content-Type": "text/html"}, b"<!doctype html>", "a web page"),
        (200, {"Content-Type": "application/json"}, b"", "cut off"),
        (403, {"Content-Type": "text/html"}, b"<h1>Forbidden by the proxy</h1>", "does not allow"),
        (407, {}, b"", "does not accept"),
        (503, {}, b"", "failed by itself"),
    ],
)
async def test_what_a_proxy_says_in_the_place_of_aws_is_no_answer(
    status: int, headers: dict[str, str], body: bytes, said: str
) -> None:
    aws = built()
    aws.fault = lambda _: (status, headers, body)
    async with asking(aws) as (ci, service):
        with pytest.raises((Rejected, Unreachable), match=said):
            await ci.recent(service)


async def test_throttling_with_a_time_says_it_and_is_bounded() -> None:
    aws = built()
    made = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()
    aws.fault = lambda _: (400, {"Retry-After": "99999"}, made)
    async with asking(aws) as (ci, service):
        with pytest.raises(Throttled, match="come back in 3600 s") as told:
            await ci.recent(service)
    assert told.value.seconds == 3600
    assert len(aws.asked) == 1


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"region": ""}, "needs region"),
        ({"token": "x"}, "no use for token"),
        ({"role_arn": "wardroom"}, r"role_arn: must be arn:aws:iam::ACCOUNT"),
        ({"role_arn": "arn:aws:iam::123:role/x"}, "12 digits"),
    ],
)
async def test_what_it_cannot_use_or_misses_is_said_at_the_start(
    over: dict[str, str], said: str
) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(ConfigurationError, match=said):
            connect(given(**over), http)


def test_nobody_without_it_pays_for_the_import_of_boto3() -> None:
    asked = (
        "import sys, bot.settings; "
        "assert 'codepipeline' in bot.settings.provider_names(); "
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
    importing = re.compile(r"^(?:from|import) boto(?:3|core)\b", re.MULTILINE)
    found = {
        path.parent.name
        for folder in ("bot", "commands", "integrations")
        for path in (ROOT / folder).rglob("*.py")
        if importing.search(path.read_text("utf-8"))
    }
    assert found == {"codepipeline"}


async def test_a_value_that_aws_would_not_take_is_refused_and_nothing_is_sent() -> None:
    aws = built()
    async with asking(aws) as (ci, service):
        with pytest.raises(Rejected, match="is not as AWS takes it, so it was not sent"):
            await ci.deploy(service, "", "a" * 40, "test", correlation="REQ-1-aa")
    assert "StartPipelineExecution" not in [operation for operation, _ in aws.asked]


def _in_account(builder: str) -> Service:
    service = portal()
    assert service.ci is not None
    return replace(service, ci=replace(service.ci, deploy_builder=builder))


@contextmanager
def _pipelines(account: str) -> Iterator[CodePipelineClient]:
    """Give a client in an account that moto plays, with a role that pipelines may take."""
    sts = boto3.client("sts", **_MADE_UP)
    keys = sts.assume_role(RoleArn=ROLE.replace("{account}", account), RoleSessionName="somebody")
    session = boto3.Session(
        aws_access_key_id=keys["Credentials"]["AccessKeyId"],
        aws_secret_access_key=keys["Credentials"]["SecretAccessKey"],
        aws_session_token=keys["Credentials"]["SessionToken"],
        region_name="eu-central-1",
    )
    trust = {"Statement": [{"Principal": {"Service": "codepipeline.amazonaws.com"}}]}
    session.client("iam").create_role(
        RoleName="pipeline", AssumeRolePolicyDocument=json.dumps(trust)
    )
    client = session.client("codepipeline")
    yield client
    client.close()
    sts.close()


def _whole(name: str) -> Any:
    """Return a pipeline with the second stage that AWS asks for."""
    made = declared(name)
    del made["version"]
    build = {
        "name": "Build",
        "actionTypeId": {
            "category": "Build",
            "owner": "AWS",
            "provider": "CodeBuild",
            "version": "1",
        },
    }
    made["stages"].append({"name": "Build", "actions": [build]})
    made["artifactStore"] = {"type": "S3", "location": "artifacts"}
    return made
