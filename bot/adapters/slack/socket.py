"""Socket Mode: Slack's requests over a connection that we open, for sites without inbound HTTP."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.adapters.slack.silence import silent_logger

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest
    from slack_sdk.web.async_client import AsyncWebClient

LOG = structlog.get_logger(__name__)
PATIENCE, PAUSE = 20.0, 5.0  # seconds for one attempt to connect, and between two


class Socket:
    """The connection and its upkeep; Slack has authenticated what arrives by our app token."""

    def __init__(self, bolt: AsyncApp, client: AsyncWebClient, app_token: str) -> None:
        self._bolt, self._client, self._app_token = bolt, client, app_token
        self._socket: SocketModeClient | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, and go on trying; the process does not wait for Slack."""
        self._socket = SocketModeClient(
            self._app_token, logger=silent_logger(), web_client=self._client
        )
        self._socket.socket_mode_request_listeners.append(self._take)
        self._connecting = asyncio.create_task(self._connect(self._socket))

    async def close(self) -> None:
        """Disconnect and wait until nothing of it runs."""
        if self._socket is None:
            return
        await self._socket.close()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        tasks = (
            self._connecting,
            self._socket.message_processor,
            self._socket.current_session_monitor,
            self._socket.message_receiver,
        )
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._socket = None

    async def _connect(self, socket: SocketModeClient) -> None:
        # The library tries one address for ever; a stale one has to be given up for a new one.
        while not socket.closed:
            try:
                async with asyncio.timeout(PATIENCE):
                    await socket.connect_to_new_endpoint(force=True)
            except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                LOG.warning("Slack Socket Mode can't connect yet", why=type(error).__name__)
                await asyncio.sleep(PAUSE)
            else:
                LOG.info("Slack Socket Mode is connected")
                return

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        started = time.time()
        response = await run_async_bolt_app(self._bolt, request)
        await send_async_response(client, request, response, started)
