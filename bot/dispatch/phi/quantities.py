"""Words beside a number that make it a count, a duration, a build or a ticket, not a person."""

from __future__ import annotations

import re

# Right before the number: `MRN dedupe job 20481`, `accession queue depth 12000`.
OTHER_NUMBERS = frozenset(
    """
    after age alerts attempt attempts backlog batch branch build builds bytes cache changes chg
    code codes commit commits count counter counts cpu cve days deduped delay depth deploy
    deployment duplicates duration elapsed entries epoch error errors events every exit failures
    files hits host hours inc incident issue items job jobs kb latency limit line lines load loaded
    localhost lookups max mb memory merges messages min minutes mismatches misses ms msgs node
    offset over pid pids pipeline port ports pr processed purged queries queue queued range rate
    ratio records release remaining req requests restart restarts retries revision ritm row rows
    run runs scanned seconds seq sequence server since size skipped sla slot step sum task tasks
    tests thread threads throughput ticket tickets timeout timeouts timestamp took total
    transactions ts under updates upto uptime v ver version versus vs warnings worker workers
    """.split()  # noqa: SIM905 (a column of words would be longer than the code)
)

# Letters glued to the number: a ticket, a change, a hash.
TICKETS = frozenset(
    "chg inc req ritm rit prb task ctk dep run pr bug cve rfc sha jira alm".split()  # noqa: SIM905 (the same)
)

# Right after the number: `MRN cache 100234 hits`, `patient id 12000 rows`.
UNITS = re.compile(
    r"\s{0,2}(?:%|/s|/min|(?:ms|s|secs?|seconds?|mins?|minutes?|h|hours?|days?|[kmg]b|bytes|x|times"
    r"|rows?|records?|msgs?|messages?|errors?|events?|entries|items|requests?|hits|misses|lookups?"
    r"|patients|results|orders|duplicates?|jobs?|files?|lines?|retries|total|queued|pending"
    r"|merges?|updates?|failures?|samples|images|studies|warnings?)(?![a-z0-9]))"
)
