"""AWS's error codes as our errors, each with a sentence of its own.

Sources: the "Errors" of each action and the "Common Errors" in the CodePipeline and STS API
references. AWS names the person or role, the account and the resource in its messages; only a
message about what we sent is quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.api import IntegrationError, Rejected, Throttled, Unreachable
from bot.vendors import NotThere

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from bot.vendors import Asked

NAME: Final = "AWS CodePipeline"
BLOCK: Final = "integrations.codepipeline"
A_WHILE: Final = 60
LONGEST_WAIT: Final = 3600
LONGEST_QUOTE: Final = 160
SERVER: Final = 500
_KEYS: Final = f"renew {BLOCK}.user and password_file, or the role of this machine"
EXPIRED: Final = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
SKEWED: Final = {"RequestExpired", "RequestTimeTooSkewed"}
UNKNOWN_KEYS: Final = {
    "AuthFailure",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
DENIED: Final = {"AccessDenied", "AccessDeniedException", "OptInRequired", "UnauthorizedOperation"}
THROTTLED: Final = {
    "LimitExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
}
NOT_FOUND: Final = {"PipelineNotFoundException", "PipelineExecutionNotFoundException"}
CONFLICT: Final = {"ConflictException", "ConcurrentModificationException"}
FULL: Final = {"ConcurrentPipelineExecutionsLimitExceededException"}
INTERNAL: Final = {"InternalFailure", "InternalError", "ServiceUnavailable", "InternalServerError"}


def refusal(error: ClientError, asked: Asked) -> IntegrationError:
    """Return our error for one of AWS's."""
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    about = error.response.get("ResponseMetadata", {})
    if code in THROTTLED:
        return _throttled(str(about.get("HTTPHeaders", {}).get("retry-after", "")))
    if code in INTERNAL or int(about.get("HTTPStatusCode", 0)) >= SERVER:
        return Unreachable(
            f"{NAME} failed by itself ({code[:40]}), so what became of {asked.what} is not known."
        )
    if code in NOT_FOUND:
        return NotThere(
            f"{NAME} does not have {asked.what}: check its name, {BLOCK}.region and the account."
        )
    return Rejected(_no(code, message, asked))


def _no(code: str, message: str, asked: Asked) -> str:
    if "Signature expired" in message or "Signature not yet" in message:
        code = "RequestTimeTooSkewed"  # AWS gives it the code of a key that is wrong
    for codes, sentence in (
        (DENIED, f"does not allow {asked.what}: our role or user needs {asked.needs}."),
        (EXPIRED, f"says that our credentials have expired: {_KEYS}."),
        (SKEWED, "finds our request too old: set the clock of this machine right."),
        (UNKNOWN_KEYS, f"does not accept our credentials: {_KEYS}."),
        (CONFLICT, f"says that {asked.what} conflicts with what goes on there; try again later."),
        (FULL, f"runs as much of {asked.what} as it can at a time; wait until one ends."),
    ):
        if code in codes:
            return f"{NAME} {sentence}"
    said = " ".join(message.split()).rstrip(".")[:LONGEST_QUOTE]
    quoted = f" (it says: {said})" if said else f" ({code[:60]})"
    return f"{NAME} does not accept what was sent for {asked.what}{quoted}."


def _throttled(after: str) -> Throttled:
    if not after.isdecimal():
        text = f"{NAME} gets too many questions from us; ask again in about {A_WHILE} s."
        return Throttled(text, A_WHILE)
    seconds = max(1, min(LONGEST_WAIT, int(after)))
    return Throttled(f"{NAME} asks us to come back in {seconds} s; nothing was done.", seconds)
