"""A small AWS on loopback: CodePipeline in its JSON protocol (1.1), with answers as documented.

Sources: the CodePipeline API reference (StartPipelineExecution, GetPipelineExecution,
ListPipelineExecutions, ListActionExecutions, GetPipeline; their examples and errors). botocore
itself checks every request against the service's model before it is sent.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BEGAN = time.time() - 3600
ACCOUNT = "111122223333"
VARIABLES = ("VERSION", "COMMIT", "ENVIRONMENT", "SITES", "CORRELATION")
JSON = "application/x-amz-json-1.1"
Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Run:
    """One execution; it goes on to its end as it is looked at."""

    pipeline: str
    commit: str
    ends: str
    variables: dict[str, str] = field(default_factory=dict)
    trigger: str = "StartPipelineExecution"
    began: float = BEGAN
    looks: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    kind: str = "STANDARD"
    rows: list[dict[str, Any]] | None = None  # its actions, where they are not the usual

    @property
    def status(self) -> str:
        """Return its status now."""
        return "InProgress" if self.looks > 0 else self.ends

    def summary(self) -> dict[str, Any]:
        """Return a PipelineExecutionSummary."""
        revision = {"actionName": "Source", "revisionId": self.commit, "revisionSummary": "{}"}
        return {
            "pipelineExecutionId": self.id,
            "status": self.status,
            "startTime": self.began,
            "lastUpdateTime": self.began + 42,
            "sourceRevisions": [revision] if self.commit else [],
            "trigger": {"triggerType": self.trigger, "triggerDetail": f"arn:aws:iam::{ACCOUNT}:u"},
            "executionMode": "QUEUED",
            "executionType": self.kind,
        }

    def whole(self) -> dict[str, Any]:
        """Return a PipelineExecution."""
        artifact = {"name": "SourceOutput", "revisionId": self.commit, "revisionSummary": "{}"}
        given = [{"name": n, "resolvedValue": value} for n, value in self.variables.items()]
        return {
            "pipelineName": self.pipeline,
            "pipelineVersion": 3,
            "pipelineExecutionId": self.id,
            "status": self.status,
            "artifactRevisions": [artifact] if self.commit else [],
            "variables": given,
            "trigger": {"triggerType": self.trigger, "triggerDetail": f"arn:aws:iam::{ACCOUNT}:u"},
            "executionMode": "QUEUED",
            "executionType": self.kind,
        }

    def actions(self) -> list[dict[str, Any]]:
        """Return its ActionExecutionDetails, newest first as AWS gives them."""
        if self.rows is not None:
            return self.rows
        ends = {"Succeeded": "Succeeded", "Failed": "Failed"}.get(self.status, "InProgress")
        return [
            action(self, "Build/Test", "Build", ends, at=20),
            action(self, "Source/Source", "Source", "Succeeded", at=0),
        ]


def action(run: Run, place: str, category: str, status: str, at: int) -> dict[str, Any]:
    """Return an ActionExecutionDetail."""
    stage, _, name = place.partition("/")
    provider = {"Source": "CodeStarSourceConnection", "Approval": "Manual"}.get(category)
    url = f"https://eu-central-1.console.aws.amazon.com/codebuild/{name}"
    result: dict[str, Any] = {"externalExecutionId": f"{name}:1", "externalExecutionUrl": url}
    if status == "Failed":
        message = "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR"
        result["errorDetails"] = {"code": "JobFailed", "message": message}
    kind = {"category": category, "owner": "AWS", "provider": provider or "CodeBuild"}
    return {
        "pipelineExecutionId": run.id,
        "actionExecutionId": str(uuid.uuid4()),
        "pipelineVersion": 3,
        "stageName": stage,
        "actionName": name,
        "startTime": run.began + at,
        "lastUpdateTime": run.began + at + 12,
        "status": status,
        "input": {"actionTypeId": {**kind, "version": "1"}, "region": "eu-central-1"},
        "output": {"executionResult": result},
    }


def declared(name: str, variables: tuple[str, ...] = VARIABLES, **over: object) -> dict[str, Any]:
    """Return a PipelineDeclaration with one source of git."""
    source = {
        "name": "Source",
        "actionTypeId": {
            "category": "Source",
            "owner": "AWS",
            "provider": "CodeStarSourceConnection",
            "version": "1",
        },
        "configuration": {"FullRepositoryId": "acme/portal", "BranchName": "main"},
        "outputArtifacts": [{"name": "SourceOutput"}],
        "inputArtifacts": [],
    }
    return {
        "name": name,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
        "stages": [{"name": "Source", "actions": [source]}],
        "version": 3,
        "executionMode": "QUEUED",
        "pipelineType": "V2",
        "variables": [{"name": each, "defaultValue": "none"} for each in variables],
        **over,
    }


def failure(code: str, message: str = "", status: int = 400) -> Answer:
    """Return an error as AWS's JSON protocol has it."""
    return status, {"Content-Type": JSON}, json.dumps({"__type": code, "message": message}).encode()


@dataclass
class PlayedAws:
    """Pipelines and their executions, newest first; `fault` answers in their place."""

    pipelines: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    fault: Callable[[str], Answer | None] = lambda _: None
    page: int = 100

    def answer(self, operation: str, given: dict[str, Any]) -> Answer:
        """Answer one action."""
        self.asked.append((operation, given))
        made = self.fault(operation)
        if made is not None:
            return made
        name = str(given.get("pipelineName") or given.get("name"))
        if name not in self.pipelines:
            said = f"Account '{ACCOUNT}' does not have a pipeline with name '{name}'"
            return failure("PipelineNotFoundException", said)
        mine = [run for run in self.runs if run.pipeline == name]
        if operation == "GetPipeline":
            return good({"pipeline": self.pipelines[name], "metadata": {}})
        if operation == "ListPipelineExecutions":
            return self._listed(mine, given)
        if operation == "StartPipelineExecution":
            return self._started(name, given)
        wanted = given.get("pipelineExecutionId") or given["filter"]["pipelineExecutionId"]
        return self._of_one(operation, next((run for run in mine if run.id == wanted), None))

    def _of_one(self, operation: str, found: Run | None) -> Answer:
        if found is None:
            return failure("PipelineExecutionNotFoundException", "there is none")
        if operation == "ListActionExecutions":
            return good({"actionExecutionDetails": found.actions()})
        made = good({"pipelineExecution": found.whole()})
        found.looks -= 1
        return made

    def _listed(self, mine: list[Run], given: dict[str, Any]) -> Answer:
        at = int(given.get("nextToken", 0))
        end = at + min(self.page, given.get("maxResults", 100))
        made: dict[str, Any] = {
            "pipelineExecutionSummaries": [run.summary() for run in mine[at:end]]
        }
        return good({**made, "nextToken": str(end)} if end < len(mine) else made)

    def _started(self, name: str, given: dict[str, Any]) -> Answer:
        token = given["clientRequestToken"]
        known = {each["name"] for each in self.pipelines[name].get("variables", [])}
        variables = {each["name"]: each["value"] for each in given["variables"]}
        if not variables.keys() <= known:
            return failure("ValidationException", "Pipeline variables not declared")
        if token not in self.tokens:
            commit = given["sourceRevisions"][0]["revisionValue"]
            run = Run(name, commit, "Succeeded", variables, began=time.time(), looks=2)
            self.runs.insert(0, run)
            self.tokens[token] = run.id
        return good({"pipelineExecutionId": self.tokens[token]})


def good(made: Mapping[str, Any]) -> Answer:
    """Return an answer of the JSON protocol."""
    return 200, {"Content-Type": JSON}, json.dumps(made).encode()


@contextmanager
def serving(aws: PlayedAws) -> Iterator[str]:
    """Serve it on loopback until the block ends; yields its address."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            aws.signed.append(self.headers.get("Authorization", ""))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            status, headers, made = aws.answer(operation, json.loads(body))
            if status == HANGS:
                stop.wait(30)
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(made)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(made)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Write nothing: a test reads what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


HANGS = -1  # the status of what is never answered
