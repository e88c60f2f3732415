"""Signing in afresh at the hospital's OpenID Connect provider: the authorization code flow."""

from __future__ import annotations

from bot.adapters.web.oidc.provider import Provider, Registration

__all__ = ["Provider", "Registration"]
