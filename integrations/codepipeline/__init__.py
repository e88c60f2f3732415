"""AWS CodePipeline as a CI server: its API by boto3, and git for what a version is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import Ci, ConfigurationError
from integrations.codepipeline.aws import Aws
from integrations.codepipeline.places import role_problem
from integrations.codepipeline.provider import CodePipeline
from integrations.codepipeline.refusals import BLOCK

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = Ci
_NO_USE = (
    *("token", "client_id", "client_secret", "tenant_id", "app_id", "installation_id"),
    "private_key",
)


def connect(credentials: Credentials, client: httpx.AsyncClient) -> CodePipeline:
    """Return the provider; nothing is asked for yet, and no key is looked for."""
    useless = [name for name in _NO_USE if getattr(credentials, name)]
    if useless:
        raise ConfigurationError(f"{BLOCK}: AWS has no use for {useless[0]}; leave it out")
    if not credentials.region:
        raise ConfigurationError(f"{BLOCK}: needs region, such as eu-central-1")
    if problem := role_problem(credentials.role_arn):
        raise ConfigurationError(f"{BLOCK}.role_arn: {problem}")
    return CodePipeline(Aws(credentials, client))
