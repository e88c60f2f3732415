"""Why a sign-in provider is not believed: a word for the record, a sentence for people."""

from __future__ import annotations

import enum

from bot.adapters.web.identity import SignInFailed

NOT_BELIEVED = (
    "What the sign-in provider answered cannot be believed ({word}), so nothing is signed. If it "
    "happens again, tell your Wardroom administrator."
)
SILENT = (
    "The sign-in provider cannot be asked right now, so nothing is signed. Try again later; your "
    "Wardroom administrator finds the mend with `wardroom doctor`."
)


class Refusal(enum.StrEnum):
    """What was wrong with an answer; never what was in it."""

    SILENT = "no answer"
    DESCRIPTION = "its description is of another issuer, or not whole"
    NOT_REDEEMED = "it does not take the code"
    UNREADABLE = "the token cannot be read"
    ALGORITHM = "the token is signed in a way that is not taken"
    UNKNOWN_KEY = "the token's key is not the provider's"
    SIGNATURE = "the signature is wrong"
    ISSUER = "another issuer"
    AUDIENCE = "it is for another application"
    EXPIRED = "expired"
    NOT_YET = "from the future"
    NONCE = "of another sign-in"
    SUBJECT = "it names nobody"


def refused(refusal: Refusal) -> SignInFailed:
    """Return the error to raise."""
    if refusal is Refusal.SILENT:
        return SignInFailed(SILENT, refusal.value, is_silent=True)
    return SignInFailed(NOT_BELIEVED.format(word=refusal.value), refusal.value)
