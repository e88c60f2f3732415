"""What people say besides `deploy`, a row for each thing that is meant."""

from __future__ import annotations

from dataclasses import dataclass, field

LINK = "BDFG-HJKL-MNPQ-RSTV"
BACK = {"channel": "lab-in-channel", "reason": "it is back"}


@dataclass(frozen=True)
class Row:
    """What is meant, its command and arguments, and what a platform sends that is not just that."""

    text: str
    command: str
    values: dict[str, str] = field(default_factory=dict)
    slack: str | None = None
    teams: str | None = None


OTHER_VERBS = [
    # every other verb
    Row("approve REQ-1", "approve", {"request": "REQ-1"}),
    Row("approve req-001", "approve", {"request": "REQ-1"}),
    Row(
        "approve REQ-1 --proposal 1a2b3c4d",
        "approve",
        {"request": "REQ-1", "proposal": "1a2b3c4d"},
        slack="approve REQ-1 \u2014proposal 1a2b3c4d",
        teams="approve REQ-1 &mdash;proposal 1a2b3c4d",
    ),
    Row("reject REQ-1 --reason not <now>", "reject", {"request": "REQ-1", "reason": "not <now>"}),
    Row("cancel REQ-1", "cancel", {"request": "REQ-1"}),
    Row("cancel REQ-1 --dry-run", "cancel", {"request": "REQ-1", "dry_run": "true"}),
    Row(
        "rollback portal test --reason try it",
        "rollback",
        {"service": "portal", "environment": "test", "reason": "try it"},
    ),
    Row(
        "change open for portal in test --summary a & b --impact none --backout go back --risk low",
        "change open",
        {
            "service": "portal",
            "environment": "test",
            "summary": "a & b",
            "impact": "none",
            "backout": "go back",
            "risk": "low",
        },
    ),
    Row(
        "change close CHG-7 successful-with-issues --note fine",
        "change close",
        {"change": "CHG-7", "result": "successful_with_issues", "note": "fine"},
    ),
    Row("change list of portal --all", "change list", {"service": "portal", "all": "true"}),
    Row("change show chg-7", "change show", {"change": "CHG-7"}),
    Row("change ticket chg-7", "change ticket", {"change": "CHG-7"}),
    Row("change retry CHG-7", "change retry", {"change": "CHG-7"}),
    Row("change evidence chg-012", "change evidence", {"change": "CHG-12"}),
    Row("change templates", "change templates"),
    Row(
        "change calendar of portal --week 2026-W48",
        "change calendar",
        {"service": "portal", "week": "2026-W48"},
    ),
    Row(
        'change open portal production --from "Tue 02:00" --until "Tue 04:00" --risk low',
        "change open",
        {
            "service": "portal",
            "environment": "production",
            "from_": "Tue 02:00",
            "until": "Tue 04:00",
            "risk": "low",
        },
    ),
    Row("deploy status DEP-3", "deploy status", {"what": "DEP-3"}),
    Row(
        "deploy history portal in production",
        "deploy history",
        {"service": "portal", "environment": "production"},
    ),
    Row("deploy list", "deploy list"),
    Row(
        "deploy pause dep-3 --reason the ward calls",
        "deploy pause",
        {"deploy": "DEP-3", "reason": "the ward calls"},
    ),
    Row("deploy resume DEP-3", "deploy resume", {"deploy": "DEP-3"}),
    Row(
        "deploy abort DEP-3 --reason wrong night",
        "deploy abort",
        {"deploy": "DEP-3", "reason": "wrong night"},
    ),
    Row(
        'deploy portal 1.4.2 to test --at "Tue 02:00" --reason quiet',
        "deploy",
        {
            "service": "portal",
            "version": "1.4.2",
            "environment": "test",
            "at": "Tue 02:00",
            "reason": "quiet",
        },
    ),
    Row(
        "deploy settle dep-3 failed --reason gone",
        "deploy settle",
        {"deploy": "DEP-3", "ending": "failed", "reason": "gone"},
    ),
    Row(
        "deploy validate dep-3 ok --note order and result round trip",
        "deploy validate",
        {"deploy": "DEP-3", "verdict": "ok", "note": "order and result round trip"},
    ),
    Row(
        "audit search person:engineer since:7d",
        "audit search",
        {"query": "person:engineer since:7d"},
    ),
    Row(
        'audit search for "stuck queue" --limit 5',
        "audit search",
        {"query": "stuck queue", "limit": "5"},
    ),
    Row("audit show #42", "audit show", {"number": "42"}),
    Row("audit checkpoint", "audit checkpoint"),
    Row("audit prove #42", "audit prove", {"number": "42"}),
    Row("audit consistency 40", "audit consistency", {"since": "40"}),
    Row("audit report --month 2026-11", "audit report", {"month": "2026-11"}),
    Row(
        "audit hold add --incident INC-3 --why claim 2031-17 & more",
        "audit hold add",
        {"incident": "INC-3", "why": "claim 2031-17 & more"},
        slack="audit hold add --incident INC-3 --why claim 2031-17 &amp; more",
    ),
    Row("audit hold list", "audit hold list"),
    Row(
        "audit hold lift HOLD-1 --why settled",
        "audit hold lift",
        {"hold": "HOLD-1", "why": "settled"},
    ),
    Row(
        "audit redact #42 --field reason --why it names a patient",
        "audit redact",
        {"number": "42", "field": "reason", "why": "it names a patient"},
    ),
    Row(
        "audit save denied-week outcome:denied since:7d",
        "audit save",
        {"name": "denied-week", "query": "outcome:denied since:7d"},
    ),
    Row("audit saved", "audit saved"),
    Row("audit unsave denied-week", "audit unsave", {"name": "denied-week"}),
    Row("audit review", "audit review"),
    Row("audit review of engineer", "audit review", {"person": "engineer"}),
    Row(
        "audit review sign --to #42 --findings two roles & no more",
        "audit review sign",
        {"to": "42", "findings": "two roles & no more"},
    ),
    Row(
        "audit review countersign --findings nothing to say",
        "audit review countersign",
        {"findings": "nothing to say"},
    ),
    Row("services", "services"),
    Row("approvals", "approvals"),
    Row("whoami", "whoami"),
    Row("recent", "recent"),
    Row("tour 2", "tour", {"stop": "2"}),
    Row("unlink teams of engineer", "unlink", {"account": "teams", "person": "engineer"}),
    Row(f"link {LINK}", "link", {"code": "***"}),
    Row(f"link \u201c{LINK}\u201d", "link", {"code": "***"}),
    Row("", "help"),
    Row("help", "help"),
    Row("help deploy", "help", {"words": "deploy"}),
    Row("deploy --help", "help", {"words": "deploy"}),
    # emergencies
    Row(
        'break-glass INC-3 --service portal --reason "nobody can sign in since 02:40" --minutes 45',
        "break-glass",
        {
            "incident": "INC-3",
            "service": "portal",
            "reason": "nobody can sign in since 02:40",
            "minutes": "45",
        },
    ),
    Row("break-glass end bg-01", "break-glass end", {"grant": "BG-1"}),
    Row("break-glass list", "break-glass list"),
    Row(
        "stop-all --reason somebody is in our network & others'",
        "stop-all",
        {"reason": "somebody is in our network & others'"},
        slack="stop-all --reason somebody is in our network &amp; others'",
    ),
    Row("stop-all status", "stop-all status"),
    Row("stop-all lift --reason it is clean", "stop-all lift", {"reason": "it is clean"}),
    Row("oncall", "oncall"),
    Row("oncall for pharmacy", "oncall", {"rota": "pharmacy"}),
    Row("probe list of portal", "probe list", {"service": "portal"}),
    Row("probe history lab-in --days 3", "probe history", {"name": "lab-in", "days": "3"}),
    Row("probe all portal", "probe all", {"service": "portal"}),
    Row("probe mllp lab-in", "probe", {"kind": "mllp", "target": "lab-in"}),
    Row("probe kubernetes lab-portal", "probe", {"kind": "kubernetes", "target": "lab-portal"}),
    Row(
        "probe tls portal --environment test",
        "probe",
        {"kind": "tls", "target": "portal", "environment": "test"},
        slack="probe tls portal \u2014environment test",
    ),
    Row("policy check", "policy check"),
    Row("policy reload", "policy reload"),
    Row(
        'policy explain "deploy portal 1.4.2 to test" --as engineer --approved-by a,b',
        "policy explain",
        {"line": "deploy portal 1.4.2 to test", "as_": "engineer", "approved_by": "a,b"},
    ),
    Row("task list --all", "task list", {"all": "true"}),
    Row("task list --subject engineer", "task list", {"subject": "engineer"}),
    Row("task show task-1", "task show", {"task": "TASK-1"}),
    Row(
        "task close TASK-1 --findings the lock was stale",
        "task close",
        {"task": "TASK-1", "findings": "the lock was stale"},
    ),
    # freezes
    Row(
        'freeze add "ward move" --from "Fri 18:00" --until "Mon 06:00" --reason "wards move"',
        "freeze add",
        {"name": "ward move", "from_": "Fri 18:00", "until": "Mon 06:00", "reason": "wards move"},
    ),
    Row(
        "freeze lift 'ward move' --reason it is done",
        "freeze lift",
        {"name": "ward move", "reason": "it is done"},
    ),
    Row("freeze list", "freeze list"),
    Row("deploy where is portal", "deploy where", {"service": "portal"}),
    Row("lock list of portal", "lock list", {"service": "portal"}),
    Row(
        "lock portal in test --for 30m --reason load test",
        "lock",
        {"service": "portal", "environment": "test", "for_": "30m", "reason": "load test"},
        slack="lock portal in test \u2014for 30m \u2014reason load test",
    ),
    Row(
        "unlock portal test --reason urgent",
        "unlock",
        {"service": "portal", "environment": "test", "reason": "urgent"},
    ),
    Row("freeze next portal", "freeze next", {"service": "portal"}),
    Row("freeze next portal in test", "freeze next", {"service": "portal", "environment": "test"}),
    Row("runbook list", "runbook list"),
    Row("runbook show pacs-unreachable", "runbook show", {"name": "pacs-unreachable"}),
    Row("runbook search pacs viewer", "runbook search", {"words": "pacs viewer"}),
    Row(
        'runbook schedule pacs-unreachable --cron "0 6 * * 1" with service=pacs',
        "runbook schedule",
        {"name": "pacs-unreachable", "cron": "0 6 * * 1", "parameters": "service=pacs"},
        slack="runbook schedule pacs-unreachable \u2014cron \u201c0 6 * * 1\u201d "
        "with service=pacs",
    ),
    Row("runbook schedules", "runbook schedules"),
    Row("runbook history of pacs-unreachable", "runbook history", {"name": "pacs-unreachable"}),
    Row(
        "runbook new viewer-slow --title slow --owner imaging --review-by 2027-03-31 --severity 3 "
        "--summary it is slow --service pacs",
        "runbook new",
        {
            "name": "viewer-slow",
            "title": "slow",
            "owner": "imaging",
            "review_by": "2027-03-31",
            "severity": "3",
            "summary": "it is slow",
            "service": "pacs",
        },
    ),
    Row("runbook unschedule sched-002", "runbook unschedule", {"schedule": "SCHED-2"}),
    Row("runbook print pacs-unreachable", "runbook print", {"name": "pacs-unreachable"}),
    Row(
        "runbook run pacs-unreachable with service=pacs",
        "runbook run",
        {"name": "pacs-unreachable", "parameters": "service=pacs"},
    ),
    Row(
        "runbook tick run-003 viewer --note it opens",
        "runbook tick",
        {"run": "RUN-3", "step": "viewer", "note": "it opens"},
        slack="runbook tick run-003 viewer \u2014note it opens",
    ),
    Row(
        "runbook decide RUN-3 scope network --reason one clinic",
        "runbook decide",
        {"run": "RUN-3", "step": "scope", "option": "network", "reason": "one clinic"},
    ),
    Row("runbook drill pacs-unreachable", "runbook drill", {"name": "pacs-unreachable"}),
    Row("runbook record run-3", "runbook record", {"run": "RUN-3"}),
    Row("runbook resume RUN-3", "runbook resume", {"run": "RUN-3"}),
    Row("runbook abort RUN-3 --reason x", "runbook abort", {"run": "RUN-3", "reason": "x"}),
    Row("runbook take-over RUN-3", "runbook take-over", {"run": "RUN-3"}),
    Row("runbook go RUN-3 back", "runbook go", {"run": "RUN-3", "step": "back"}),
    Row(
        "runbook settle run-3 back not-done --reason no job there",
        "runbook settle",
        {"run": "RUN-3", "step": "back", "outcome": "not-done", "reason": "no job there"},
    ),
    Row(
        "runbook hand-over RUN-3 to engineer-2",
        "runbook hand-over",
        {"run": "RUN-3", "to": "engineer-2"},
    ),
    Row("runbook pause RUN-3 --reason x", "runbook pause", {"run": "RUN-3", "reason": "x"}),
    Row("runbook status of RUN-3", "runbook status", {"run": "RUN-3"}),
    Row("runbook history", "runbook history"),
    Row("engine list", "engine list"),
    Row("engine list of lab-results", "engine list", {"service": "lab-results"}),
    Row("engine show Lab-In-Channel", "engine show", {"channel": "lab-in-channel"}),
    Row("engine start lab-in-channel --reason it is back", "engine start", BACK),
    Row("engine stop lab-in-channel --reason it is back", "engine stop", BACK),
    Row(
        "engine pause lab-in-channel --reason it is back",
        "engine pause",
        BACK,
        slack="engine pause lab-in-channel \u2014reason it is back",
    ),
    Row("engine resume lab-in-channel --reason it is back", "engine resume", BACK),
    Row("script list", "script list"),
    Row("script show count-drops", "script show", {"name": "count-drops"}),
    Row(
        "script ask count-drops with folder=in",
        "script ask",
        {"name": "count-drops", "parameters": "folder=in"},
    ),
    Row(
        "script run put-drop with folder=in --reason a new file",
        "script run",
        {"name": "put-drop", "parameters": "folder=in", "reason": "a new file"},
    ),
    Row("script status of SCR-3", "script status", {"script_run": "SCR-3"}),
    Row(
        "script stop scr-3 --reason x",
        "script stop",
        {"script_run": "SCR-3", "reason": "x"},
    ),
]
