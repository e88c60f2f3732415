"""GitHub's security alerts and analyses, shaped as docs.github.com shows them."""

from __future__ import annotations

from tests.integrations.github.shapes import Row


def analysis(ref: str, commit: str, key: int, *, category: str = "python", error: str = "") -> Row:
    """Return an analysis as "List code scanning analyses for a repository" shows it."""
    return {
        "ref": ref,
        "commit_sha": commit,
        "analysis_key": ".github/workflows/codeql.yml:analyze",
        "environment": f'{{"language":"{category}"}}',
        "category": f".github/workflows/codeql.yml:analyze/language:{category}",
        "error": error,
        "created_at": "2026-11-01T07:40:00Z",
        "results_count": 17,
        "rules_count": 49,
        "id": key,
        "url": f"https://api.github.com/repos/acme/portal/code-scanning/analyses/{key}",
        "sarif_id": "6c81cd8e-b078-4ac3-a3be-1dad7dbd0b53",
        "tool": {"name": "CodeQL", "guid": None, "version": "2.4.0"},
        "deletable": True,
        "warning": "",
    }


def code_alert(number: int, ref: str, level: str | None, severity: str = "error") -> Row:
    """Return an alert as "List code scanning alerts for a repository" shows it."""
    return {
        "number": number,
        "created_at": "2026-11-01T07:40:00Z",
        "url": f"https://api.github.com/repos/acme/portal/code-scanning/alerts/{number}",
        "html_url": f"https://github.com/acme/portal/code-scanning/{number}",
        "state": "open",
        "fixed_at": None,
        "dismissed_by": None,
        "dismissed_at": None,
        "dismissed_reason": None,
        "dismissed_comment": None,
        "rule": {
            "id": "py/sql-injection",
            "severity": severity,
            "tags": ["security"],
            "description": "SQL query built from user-controlled sources",
            "name": "py/sql-injection",
            **({"security_severity_level": level} if level else {}),
        },
        "tool": {"name": "CodeQL", "guid": None, "version": "2.4.0"},
        "most_recent_instance": {
            "ref": ref,
            "analysis_key": ".github/workflows/codeql.yml:analyze",
            "category": ".github/workflows/codeql.yml:analyze/language:python",
            "environment": "{}",
            "state": "open",
            "commit_sha": "39406e42cb832f683daa691dd652a8dc36ee8930",
            "message": {"text": "This query depends on a user-provided value."},
            "location": {"path": "portal/db.py", "start_line": 917, "end_line": 917},
            "classifications": [],
        },
    }


def dependency_alert(number: int, severity: str) -> Row:
    """Return an alert as "List Dependabot alerts for a repository" shows it."""
    package = {"ecosystem": "pip", "name": "django"}
    return {
        "number": number,
        "state": "open",
        "dependency": {"package": package, "manifest_path": "setup.cfg", "scope": "runtime"},
        "security_advisory": {
            "ghsa_id": "GHSA-rf4j-j272-fj86",
            "cve_id": "CVE-2018-6188",
            "severity": severity,
        },
        "security_vulnerability": {
            "package": package,
            "severity": severity,
            "vulnerable_version_range": ">= 2.0.0, < 2.0.2",
            "first_patched_version": {"identifier": "2.0.2"},
        },
        "created_at": "2026-10-15T07:43:03Z",
        "updated_at": "2026-10-15T07:43:03Z",
        "dismissed_at": None,
        "dismissed_by": None,
        "dismissed_reason": None,
        "dismissed_comment": None,
        "fixed_at": None,
    }
