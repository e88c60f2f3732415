"""GitHub's objects, in the shape that its REST API documents (version 2022-11-28)."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
BORN = "2026-11-01T07:30:00Z"
OF_USERS = [
    "events",
    "followers",
    "following",
    "gists",
    "organizations",
    "received_events",
    "repos",
    "starred",
    "subscriptions",
]
OF_REPOSITORIES = [
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
]


def user(url: str, login: str = "wardroom-bot") -> Row:
    """Return a user, as every object names its actors."""
    mine = f"{url}/users/{login}"
    return {
        "login": login,
        "id": 7,
        "node_id": "MDQ6VXNlcjc=",
        "avatar_url": "https://github.com/images/error/octocat_happy.gif",
        "gravatar_id": "",
        "url": mine,
        "html_url": f"https://github.com/{login}",
        "type": "User",
        "site_admin": False,
        **{f"{name}_url": f"{mine}/{name}" for name in OF_USERS},
    }


def repository(url: str, repo: str) -> Row:
    """Return a repository in its short form."""
    mine = f"{url}/repos/{repo}"
    owner, _, name = repo.partition("/")
    return {
        "id": 1296269,
        "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5",
        "name": name,
        "full_name": repo,
        "owner": user(url, owner),
        "private": True,
        "html_url": f"https://github.com/{repo}",
        "description": "the portal",
        "fork": False,
        "url": mine,
        **{f"{each}_url": f"{mine}/{each}" for each in OF_REPOSITORIES},
    }


def run(url: str, repo: str, number: int, commit: str, **more: Any) -> Row:
    """Return a workflow run, completed and green unless told otherwise."""
    mine = f"{url}/repos/{repo}/actions/runs/{number}"
    person = {"name": "Noor Haddad", "email": "noor@hospital.example"}
    made: Row = {
        "id": number,
        "name": "CI",
        "node_id": "WFR_kwLOAE",
        "check_suite_id": number + 1000,
        "check_suite_node_id": "CS_kwDOAE",
        "head_branch": "main",
        "head_sha": commit,
        "path": ".github/workflows/ci.yml",
        "run_number": number,
        "event": "push",
        "display_title": "Tidy the header",
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 159038,
        "url": mine,
        "html_url": f"https://github.com/{repo}/actions/runs/{number}",
        "pull_requests": [],
        "created_at": BORN,
        "updated_at": "2026-11-01T07:34:00Z",
        "run_attempt": 1,
        "run_started_at": BORN,
        "actor": user(url),
        "triggering_actor": user(url),
        "jobs_url": f"{mine}/jobs",
        "logs_url": f"{mine}/logs",
        "check_suite_url": f"{url}/repos/{repo}/check-suites/{number + 1000}",
        "artifacts_url": f"{mine}/artifacts",
        "cancel_url": f"{mine}/cancel",
        "rerun_url": f"{mine}/rerun",
        "workflow_url": f"{url}/repos/{repo}/actions/workflows/159038",
        "head_commit": {
            "id": commit,
            "tree_id": "d" * 40,
            "message": "Tidy the header",
            "timestamp": BORN,
            "author": person,
            "committer": person,
        },
        "repository": repository(url, repo),
        "head_repository": repository(url, repo),
    }
    return made | more


def job(url: str, repo: str, of: Row, name: str, number: int, **more: Any) -> Row:
    """Return a job of a run, in the run's own state unless told otherwise."""
    mine = f"{url}/repos/{repo}"
    ended = of["status"] == "completed"
    made: Row = {
        "id": number,
        "run_id": of["id"],
        "run_url": of["url"],
        "run_attempt": 1,
        "node_id": "CR_kwDOAE",
        "head_sha": of["head_sha"],
        "url": f"{mine}/actions/jobs/{number}",
        "html_url": f"{of['html_url']}/job/{number}",
        "status": of["status"],
        "conclusion": of["conclusion"],
        "created_at": BORN,
        "started_at": "2026-11-01T07:30:10Z",
        "completed_at": "2026-11-01T07:31:40Z" if ended else None,
        "name": name,
        "steps": [step("Run tests", 2, of["status"], of["conclusion"])],
        "check_run_url": f"{mine}/check-runs/{number}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "GitHub Actions 1",
        "runner_group_id": 2,
        "runner_group_name": "GitHub Actions",
        "workflow_name": "CI",
        "head_branch": of["head_branch"],
    }
    return made | more


def step(name: str, number: int, status: str, conclusion: str | None) -> Row:
    """Return a step of a job; one that has not begun is queued."""
    ended = status == "completed"
    return {
        "name": name,
        "status": status if status in ("queued", "in_progress", "completed") else "queued",
        "conclusion": conclusion,
        "number": number,
        "started_at": "2026-11-01T07:30:20Z" if ended or status == "in_progress" else None,
        "completed_at": "2026-11-01T07:31:30Z" if ended else None,
    }


def check_run(url: str, of: Row, name: str, number: int, annotations: int) -> Row:
    """Return a check of a run, in its state."""
    mine = f"{url}/repos/{of['repository']['full_name']}/check-runs/{number}"
    return {
        "id": number,
        "node_id": "CR_kwDOAE",
        "head_sha": of["head_sha"],
        "external_id": "",
        "name": name,
        "url": mine,
        "html_url": f"{of['html_url']}/job/{number}",
        "details_url": of["html_url"],
        "status": of["status"],
        "conclusion": of["conclusion"],
        "started_at": BORN,
        "completed_at": "2026-11-01T07:31:40Z",
        "output": {
            "title": name,
            "summary": None,
            "text": None,
            "annotations_count": annotations,
            "annotations_url": f"{mine}/annotations",
        },
        "check_suite": {"id": of["check_suite_id"]},
        "app": None,
        "pull_requests": [],
    }


def annotation(
    title: str | None, path: str = "tests/test_portal.py", level: str = "failure"
) -> Row:
    """Return an annotation of a check, as a reporter of tests makes it."""
    return {
        "path": path,
        "blob_href": f"https://github.com/acme/portal/blob/main/{path}",
        "start_line": 12,
        "end_line": 12,
        "start_column": None,
        "end_column": None,
        "annotation_level": level,
        "title": title,
        "message": "Process completed with exit code 1." if title is None else "assert 1 == 2",
        "raw_details": None,
    }


def gate(environment: str, logins: tuple[str, ...] = (), timer: int = 0, url: str = "") -> Row:
    """Return what a run waits for."""
    return {
        "environment": {
            "id": 56780428,
            "node_id": "MDExOkVudmlyb25tZW50NTY3ODA0Mjg=",
            "name": environment,
            "url": f"{url}/repos/acme/portal/environments/{environment}",
            "html_url": "https://github.com/acme/portal/deployments/activity_log",
        },
        "wait_timer": timer,
        "wait_timer_started_at": BORN if timer else None,
        "current_user_can_approve": False,
        "reviewers": [{"type": "User", "reviewer": user(url, login)} for login in logins],
    }


def deployment(url: str, repo: str, number: int, commit: str, environment: str) -> Row:
    """Return a deployment that a job with an environment made."""
    mine = f"{url}/repos/{repo}/deployments/{number}"
    return {
        "url": mine,
        "id": number,
        "node_id": "MDEwOkRlcGxveW1lbnQx",
        "sha": commit,
        "ref": "v1.4.2",
        "task": "deploy",
        "payload": {},
        "original_environment": environment,
        "environment": environment,
        "description": None,
        "creator": user(url),
        "created_at": BORN,
        "updated_at": BORN,
        "statuses_url": f"{mine}/statuses",
        "repository_url": f"{url}/repos/{repo}",
        "transient_environment": False,
        "production_environment": True,
    }


def deployment_status(url: str, of: Row, number: int, state: str, log_url: str) -> Row:
    """Return one status of a deployment."""
    return {
        "url": f"{of['statuses_url']}/{number}",
        "id": number,
        "node_id": "MDE2OkRlcGxveW1lbnRTdGF0dXMx",
        "state": state,
        "creator": user(url),
        "description": "",
        "environment": of["environment"],
        "target_url": log_url,
        "created_at": BORN,
        "updated_at": BORN,
        "deployment_url": of["url"],
        "repository_url": of["repository_url"],
        "environment_url": "",
        "log_url": log_url,
    }


def reference(url: str, repo: str, name: str, kind: str, sha: str) -> Row:
    """Return a git reference: of a commit, or of the tag object of an annotated tag."""
    mine = f"{url}/repos/{repo}/git"
    return {
        "ref": f"refs/{name}",
        "node_id": "MDM6UmVm",
        "url": f"{mine}/refs/{name}",
        "object": {"type": kind, "sha": sha, "url": f"{mine}/{kind}s/{sha}"},
    }


def tag(url: str, repo: str, name: str, sha: str, commit: str) -> Row:
    """Return a tag object."""
    mine = f"{url}/repos/{repo}/git"
    return {
        "node_id": "MDM6VGFn",
        "tag": name,
        "sha": sha,
        "url": f"{mine}/tags/{sha}",
        "message": "release\n",
        "tagger": {"name": "Noor Haddad", "email": "noor@hospital.example", "date": BORN},
        "object": {"type": "commit", "sha": commit, "url": f"{mine}/commits/{commit}"},
        "verification": {"verified": False, "reason": "unsigned", "signature": None},
    }


def commit(url: str, repo: str, sha: str, email: str, message: str) -> Row:
    """Return a commit object."""
    mine = f"{url}/repos/{repo}/git"
    return {
        "sha": sha,
        "node_id": "MDY6Q29tbWl0",
        "url": f"{mine}/commits/{sha}",
        "html_url": f"https://github.com/{repo}/commit/{sha}",
        "author": {"name": "Noor Haddad", "email": email, "date": BORN},
        "committer": {"name": "GitHub", "email": "noreply@github.com", "date": BORN},
        "message": message,
        "tree": {"url": f"{mine}/trees/{sha}", "sha": "d" * 40},
        "parents": [],
        "verification": {"verified": False, "reason": "unsigned", "signature": None},
    }


def listed_commit(url: str, repo: str, sha: str) -> Row:
    """Return a commit as a list of commits shows it."""
    text = "Mend the banner\n\nCo-authored-by: Ada <Ada@Hospital.example>\n"
    made = commit(url, repo, sha, "Noor@Hospital.example", text)
    told = {key: made[key] for key in ("author", "committer", "message", "tree")}
    return {
        "sha": sha,
        "node_id": "C_1",
        "url": f"{url}/repos/{repo}/commits/{sha}",
        "html_url": made["html_url"],
        "commit": {**told, "url": made["url"], "comment_count": 0},
        "author": user(url, "noor"),
        "committer": user(url, "web-flow"),
        "parents": [],
    }
