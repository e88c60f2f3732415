"""The steps of a deploy, run by the worker in a checkout: install, switch over, restart."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sandbox import control, releases
from sandbox.estate import sites as known_sites
from sandbox.estate import tag
from sandbox.layout import Layout
from sandbox.mortal import die_with
from sandbox.sentences import Problem


def install(layout: Layout, service: str, version: str, environment: str) -> None:
    """Install the checkout, if it is the very commit that the version's tag names."""
    here = _commit(Path.cwd(), "HEAD")
    wanted = _commit(layout.repository, f"refs/tags/{tag(service, version)}^{{commit}}")
    if here != wanted:
        raise Problem(f"{tag(service, version)} is {wanted}, but {here} was checked out.")
    print("installed", releases.install(layout, Path.cwd(), service, version, environment))


def _commit(repository: Path, ref: str) -> str:
    command = ["git", "-C", str(repository), "rev-parse", "--verify", "--quiet", ref]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise Problem(f"There is no {ref} in {repository}.")
    return found.stdout.strip()


def switch(layout: Layout, service: str, version: str, environment: str) -> None:
    """Make the installed version the one that the next start runs."""
    releases.switch(layout, service, version, environment)
    print(f"{environment} of {service} now points to {version}")


def restart(layout: Layout, service: str, version: str, environment: str) -> None:
    """Have the supervisor restart the service, and wait for the new process to answer.

    That it answers is all that is asked here: whether it is fit for use is the smoke probe's
    question, asked by whoever wanted the deploy.
    """
    answer = control.call(layout, {"do": "restart", "what": f"{service} {environment}"})
    print(f"{service} {answer['version']} answers in {environment} as process {answer['pid']}")
    if answer["version"] != version:
        raise Problem(f"{answer['version']} runs, not {version}.")


STEPS = {"install": install, "switch": switch, "restart": restart}


def places(service: str, environment: str, sites: str) -> list[str]:
    """Return where to deploy to: some sites, parted by commas, or all of them."""
    known = known_sites(service, environment)
    wanted = sites.split(",") if sites else list(known)
    strange = [site for site in wanted if site not in known]
    if strange:
        raise Problem(f"{service} has no site {', '.join(strange)} in {environment}.")
    return [known[site] for site in wanted]


def main(home: str, verb: str, service: str, version: str, environment: str, sites: str) -> int:  # noqa: PLR0917 - the words of a command line
    """Run one step at each site; returns the exit code."""
    die_with(int(os.environ["WARDROOM_SANDBOX_WORKER"]))
    try:
        for place in places(service, environment, sites):
            STEPS[verb](Layout(Path(home)), service, version, place)
    except (Problem, OSError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
