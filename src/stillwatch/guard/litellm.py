"""The guard inside LiteLLM's proxy, as a guardrail called `policy`.

Written for and tested with LiteLLM 1.108.4, whose hooks it overrides.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from stillwatch.errors import MissingExtra, RunError, StillwatchError
from stillwatch.guard.decide import TRY_AGAIN_S, Failure
from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.litellm_request import request_of
from stillwatch.guard.litellm_rewrite import notes, rewrite, unmarked, withholds
from stillwatch.guard.litellm_settings import NAME, PolicySettings, settings_of
from stillwatch.guard.litellm_usage import note_of, used_tokens
from stillwatch.guard.litellm_withheld import Withheld
from stillwatch.guard.open_state import open_state
from stillwatch.guard.opened import Opened
from stillwatch.guard.refusals import BLOCKED, SPENT, UNAVAILABLE, Dialect, Wording, refused
from stillwatch.guard.request import Answer, Decision, Request
from stillwatch.guard.shadow import shadowed
from stillwatch.response.ladder import OBSERVE, Permission

try:
    from litellm._logging import verbose_proxy_logger as log
    from litellm.integrations.custom_guardrail import CustomGuardrail
except ImportError:  # this module may be imported without it, and not used
    CustomGuardrail, log = object, logging.getLogger(__name__)

NOTE = "policy_decision"
"""Under which a request's notes keep the id of its decision, until its usage is known."""
ASKS_NO_MODEL = ("aget_", "alist_", "adelete_", "acancel_", "aretrieve_", "afile_", "acreate_file")
"""How the kinds of calls begin that fetch or remove what is there."""
TOLD = (b"x-policy-", b"x-should-retry", b"retry-after")
"""Beginnings of the headers of a refusal that LiteLLM does not set itself."""
PASSED_THROUGH = "pass_through_endpoint"
"""The kind of a call that is handed on as it is."""
MOST_PENDING = 100_000
"""Decisions kept until their usage is known; of older ones, what was reserved counts as used."""
THREADS = 8
"""Decisions on accounts in campaigns that may wait for files or budgets at a time."""
SAY_S = 60.0
"""Seconds between two lines in the log about a stale state."""
LATE_S = 5.0
"""Seconds after a failed call until its reservation is given back, if nobody told its usage."""


class Policy(CustomGuardrail):  # type: ignore[misc]
    """Decides on each request before a model is asked. LiteLLM makes one for each worker process."""

    def __init__(
        self, guardrail_name: str | None = None, event_hook: Any = None, default_on: Any = False, **given: Any
    ) -> None:
        """Open the guard. Raises SettingError for what the configuration lacks, and what `opened` raises:
        LiteLLM then does not start.
        """
        if CustomGuardrail is object:
            raise MissingExtra("LiteLLM is not installed", do="pip install 'litellm[proxy]==1.108.4'")
        self._settings = settings_of(guardrail_name, event_hook, default_on, given)
        try:
            self._opened = self.opened(self._settings)
        except (ValueError, TypeError) as error:  # after these LiteLLM would start without the guard
            raise RunError(
                f"the guard cannot be opened: {error}",
                where=str(self._settings.state),
                do="see that it was published to, or publish to a new folder",
            ) from error
        guard = self._opened.guard
        self._guard = shadowed(guard) if self._settings.shadow else guard
        self._wording = Wording(self._settings.config.guard.appeal, self._settings.config.texts)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="stillwatch-decide")
        self._pending: OrderedDict[str, Decision] = OrderedDict()
        self._withheld: Withheld | None = None
        self._said_stale = -SAY_S
        super().__init__(guardrail_name=NAME, event_hook=event_hook, default_on=True)
        atexit.register(self._close)

    def opened(self, settings: PolicySettings) -> Opened:
        """Open the state; may be overridden."""
        return open_state(settings.state, settings.config)

    def should_run_guardrail(self, data: Any, event_type: Any) -> bool:
        """Before each call, whatever the request, its key or its team say about guardrails."""
        return str(getattr(event_type, "value", event_type)) == "pre_call"

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> None:
        """Decide, and change `data` in place. Raises ProxyException for a request that is not served."""
        if not self._settings.shadow:
            unmarked(data)
        if str(call_type).startswith(ASKS_NO_MODEL):
            return
        decision = await self._decided(request_of(user_api_key_dict, data, self._settings.account))
        if decision is None:
            return
        if decision.stale:
            self._say_stale()
        if not self._settings.shadow:
            if decision.delay_ms:
                await asyncio.sleep(decision.delay_ms / 1000)
            if not decision.allowed:
                raise self._refusal(decision)
            # What is added to a call that is handed on as it is becomes a part of its body.
            rewrite(data, decision, self._opened.cohort_key, tells=call_type != PASSED_THROUGH)
            if withholds(data):
                self._withhold()
        if decision.campaign:
            self._remember(data, decision)

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any]:
        """Nothing: it was decided before a deployment was chosen."""
        return kwargs

    async def async_pre_call_hook_on_messages(self, request_data: Any, messages: Any) -> tuple[Any, ...]:
        """Nothing: a request's words are not looked at."""
        return tuple(messages)

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Tell the budgets what was used; a stream's end comes here too."""
        await self._used(note_of(kwargs, NOTE), used_tokens(kwargs, response_obj))

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Tell the budgets what was used until a call failed."""
        await self._used(note_of(kwargs, NOTE), used_tokens(kwargs, response_obj) or 0)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Give back what was reserved for a call that failed, perhaps before a model was asked."""
        note = notes(request_data).get(NOTE)
        if isinstance(note, str) and note in self._pending:
            loop = asyncio.get_running_loop()
            loop.call_later(LATE_S, lambda: loop.create_task(self._used(note, 0)))

    async def _decided(self, request: Request) -> Decision | None:
        """The decision; None if the guard cannot tell and fails open. Raises ProxyException if closed."""
        try:
            if self._needs_no_files(request):
                return self._guard.decide(request)
            return await self._by_thread(request)
        except Exception as error:  # whatever it was, its owner chose what happens then
            log.error("Stillwatch: the guard could not decide: %s", _told(error))
            if self._settings.config.failure is Failure.OPEN or self._settings.shadow:
                return None
            raise self._refusal(self._unavailable()) from None

    def _needs_no_files(self, request: Request) -> bool:
        """Whether the account is in no campaign, as nearly all are: then a decision takes microseconds."""
        known = self._guard.state.known(request.account, request.facts.model, self._guard.clock())
        return known is None or not known.campaign.name

    async def _by_thread(self, request: Request) -> Decision:
        """Decide where files and budgets may be waited for, without keeping other requests waiting."""
        future = self._threads.submit(self._guard.decide, request)
        try:
            waiting = asyncio.shield(asyncio.wrap_future(future))
            return await asyncio.wait_for(waiting, self._settings.timeout_s)
        except (TimeoutError, asyncio.CancelledError):
            future.add_done_callback(self._too_late)
            raise

    def _say_stale(self) -> None:
        """Tell the operator's log, once in a while."""
        if time.monotonic() - self._said_stale >= SAY_S:
            self._said_stale = time.monotonic()
            problems = dict(self._opened.health(self._guard.clock()).problems)
            log.error("Stillwatch: the state is stale or cannot be read: %s", problems)

    def _too_late(self, future: Future[Decision]) -> None:
        if not future.cancelled() and future.exception() is None:
            self._guard.settle(future.result(), 0)

    def _unavailable(self) -> Decision:
        return Decision(
            decision_id(self._guard.clock()),
            key=0,
            answer=Answer.UNAVAILABLE,
            action=OBSERVE,
            permission=Permission.NOT_ASKED,
            retry_after_s=TRY_AGAIN_S,
        )

    def _withhold(self) -> None:
        """Let answers be looked at from now on."""
        if self._withheld is None:
            import litellm

            self._withheld = Withheld()
            litellm.logging_callback_manager.add_litellm_callback(self._withheld)

    def _remember(self, data: dict[str, Any], decision: Decision) -> None:
        notes(data)[NOTE] = decision.id
        self._pending[decision.id] = decision
        if len(self._pending) > MOST_PENDING:
            self._pending.popitem(last=False)

    async def _used(self, note: str, tokens: int | None) -> None:
        decision = self._pending.pop(note, None)
        if decision is None:
            return
        used = decision.reserved if tokens is None else tokens
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._threads, self._guard.settle, decision, used
            )
        except Exception as error:
            log.error("Stillwatch: the budgets could not be told what was used: %s", _told(error))

    def _refusal(self, decision: Decision) -> Exception:
        """What LiteLLM turns into an answer, in whatever dialect. Of FastAPI's HTTPException it drops the
        headers in several dialects, retry-after among them, and writes the status into the message.
        """
        from litellm.proxy._types import ProxyException

        found = refused(decision, Dialect.OPENAI, self._wording)
        headers = {name.decode(): value.decode() for name, value in found.headers if name.startswith(TOLD)}
        kind = {403: BLOCKED, 429: SPENT}.get(found.status, UNAVAILABLE)
        raised: Exception = ProxyException(found.message, kind.openai, None, found.status, headers=headers)
        return raised

    def _close(self) -> None:
        self._threads.shutdown(wait=True)
        self._opened.close()


def _told(error: Exception) -> str:
    """What the operator's log says of an error; others than ours may hold a client's words."""
    return str(error) if isinstance(error, StillwatchError) else type(error).__name__
