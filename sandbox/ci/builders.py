"""The master's configuration: for each service a builder that tests and one that deploys."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

# Buildbot lives in the hospital's own environment, where this module runs.
from buildbot.plugins import (  # type: ignore[import-not-found] # not in our environment
    reporters,
    schedulers,
    steps,
    util,
    worker,
)
from sqlalchemy.pool import QueuePool

from sandbox.estate import CI_USER, ENVIRONMENTS
from sandbox.layout import SOURCE, Layout
from sandbox.loopback import HOST

if TYPE_CHECKING:
    from pathlib import Path

STEP_SECONDS = 120


def configuration(home: Path) -> dict[str, Any]:
    """Return the whole configuration of the master of one hospital."""
    layout = Layout(home)
    facts = json.loads(layout.facts.read_text("utf-8"))
    names = list(facts["services"])
    builders = [build for name in names for build in (tester(name, layout), deployer(name, layout))]
    return {
        "title": "Hospital CI",
        "titleURL": facts["ci"]["url"],
        "buildbotURL": facts["ci"]["url"],
        "buildbotNetUsageData": None,  # the hospital tells nobody that it exists
        "db": database(),
        "protocols": {"pb": {"port": f"tcp:{facts['ci']['worker_port']}:interface=127.0.0.1"}},
        "workers": [worker.Worker("worker", secret(layout.worker_password), max_builds=2)],
        "builders": builders,
        "schedulers": [scheduler(name) for name in names] + [deploy_form(name) for name in names],
        # Two requests that look alike are still two requests, each with its own correlation.
        "collapseRequests": False,
        "prioritizeBuilders": deploys_first,
        "services": [teller(facts["web_port"], secret(layout.hook_secret))],
        "www": website(facts["ci"]["port"], secret(layout.ci_password)),
    }


def database() -> dict[str, Any]:
    """Return where the builds are kept; one connection stays open, which takes a third of the work.

    Buildbot uses it from one thread at a time, though not always from the same one.
    """
    pool = {"poolclass": QueuePool, "pool_size": 1, "connect_args": {"check_same_thread": False}}
    return {"db_url": "sqlite:///state.sqlite", "engine_kwargs": pool}


def secret(path: Path) -> str:
    """Return a password from its file."""
    return path.read_text("utf-8").strip()


def website(port: int, password: str) -> dict[str, Any]:
    """Return the web part: reading is open on loopback, changing anything needs the operator."""
    return {
        "port": f"tcp:{port}:interface=127.0.0.1",
        "auth": util.UserPasswordAuth({CI_USER: password}),
        "authz": util.Authz(
            allowRules=[util.AnyControlEndpointMatcher(role="operators")],
            roleMatchers=[util.RolesFromUsername(roles=["operators"], usernames=[CI_USER])],
        ),
    }


def teller(port: int, hook_secret: str) -> Any:
    """Return what tells Wardroom that a build has begun or ended, however it ended.

    Where nobody listens that is logged, and the build goes on.
    """
    whole = reporters.MessageFormatterFunction(lambda context: context["build"], "json")
    return reporters.HttpStatusPush(
        f"http://{HOST}:{port}/hooks/buildbot",
        auth=("wardroom", hook_secret),
        generators=[
            reporters.BuildStatusGenerator(mode="all", report_new=True, message_formatter=whole)
        ],
    )


def deploys_first(_master: object, builders: list[Any]) -> list[Any]:
    """Order the builders that have work: somebody waits for a deploy; then as configured."""
    return sorted(builders, key=lambda builder: not builder.name.startswith("deploy-"))


def checkout(layout: Layout, branch: object = None) -> Any:
    """Return the step that checks out what was asked for and notes its commit."""
    return steps.Git(
        repourl=str(layout.repository),
        branch=branch,
        mode="full",
        method="fresh",
        name="checkout",
        haltOnFailure=True,
        logEnviron=False,
    )


def shell(name: str, command: list[Any], **more: Any) -> Any:
    """Return a step that runs one of our modules beside this one."""
    return steps.ShellCommand(
        name=name,
        command=command,
        haltOnFailure=True,
        logEnviron=False,
        timeout=STEP_SECONDS,
        env={"PYTHONPATH": str(SOURCE.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        **more,
    )


def tester(name: str, layout: Layout) -> Any:
    """Return the builder that tests one version of a service."""
    command = [sys.executable, "-m", "sandbox.ci.check", name, "../junit.xml"]
    tests = shell(
        "unit-tests",
        command,
        logfiles={"junit.xml": "../junit.xml"},
        description="testing",
        descriptionDone="unit tests",
    )
    scanner = [sys.executable, "-m", "sandbox.ci.scan", str(layout.home), name]
    scan = shell("scan", scanner, descriptionDone="scan")
    # Before the tests: what a red version holds is worth knowing too.
    factory = util.BuildFactory([checkout(layout), scan, tests])
    return util.BuilderConfig(
        name=name,
        workernames=["worker"],
        factory=factory,
        description=f"Tests a version of {name}",
        tags=["test"],
    )


def deployer(name: str, layout: Layout) -> Any:
    """Return the builder that puts one version of a service into one environment."""
    locks = {env: util.MasterLock(f"deploy-{name}-{env}") for env in ENVIRONMENTS}

    def one_at_a_time(properties: Any) -> list[Any]:
        return [locks[properties.getProperty("environment")].access("exclusive")]

    def step(title: str, verb: str) -> Any:
        words = [verb, name, util.Property("version"), util.Property("environment")]
        words.append(util.Property("sites", default=""))
        program = [sys.executable, "-m", "sandbox.ci.deploy", str(layout.home)]
        return shell(title, [*program, *words], descriptionDone=title)

    return util.BuilderConfig(
        name=f"deploy-{name}",
        workernames=["worker"],
        factory=util.BuildFactory(
            [
                checkout(layout, util.Interpolate(f"{name}/%(prop:version)s")),
                step("install", "install"),
                step("switch over", "switch"),
                step("restart", "restart"),
            ]
        ),
        locks=util.renderer(one_at_a_time),
        description=f"Deploys a version of {name} into an environment",
        tags=["deploy"],
    )


def source() -> list[Any]:
    """Return the field that says what to check out: a tag, a commit, or both."""
    return [
        util.CodebaseParameter(
            codebase="",
            branch=util.StringParameter(name="branch", label="Tag", default=""),
            revision=util.StringParameter(
                name="revision", label="Commit", default="", regex="^([0-9a-f]{40})?$"
            ),
            repository=util.FixedParameter(name="repository", default=""),
            project=util.FixedParameter(name="project", default=""),
        )
    ]


def correlation() -> Any:
    """Return the field by which whoever asked finds the build again."""
    return util.StringParameter(
        name="request", label="Request", default="", regex="^[A-Za-z0-9:._-]{0,100}$"
    )


def scheduler(name: str) -> Any:
    """Return what forces a test of a service."""
    return schedulers.ForceScheduler(
        name=name, builderNames=[name], codebases=source(), properties=[correlation()]
    )


def deploy_form(name: str) -> Any:
    """Return what forces a deploy of a service."""
    version = util.StringParameter(name="version", required=True, regex=r"^\d+\.\d+\.\d+$")
    environment = util.ChoiceStringParameter(
        name="environment", choices=list(ENVIRONMENTS), default=ENVIRONMENTS[0], required=True
    )
    sites = util.StringParameter(
        name="sites", label="Sites, all without any", default="", regex="^[a-z0-9,-]{0,200}$"
    )
    return schedulers.ForceScheduler(
        name=f"deploy-{name}",
        builderNames=[f"deploy-{name}"],
        codebases=source(),
        properties=[version, environment, sites, correlation()],
    )
