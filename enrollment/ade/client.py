"""How is Apple's device assignment service asked? One method for each endpoint. Used by accounts, sync and profiles.

Free of Django and of models. A session is asked for when it is needed, follows every answer that renews it, and is
renewed once when it is refused. Short troubles are waited out here; long ones are raised, for the caller's row to wait.
https://developer.apple.com/documentation/devicemanagement/device-assignment
"""

import time
from collections.abc import Callable, Iterable
from random import SystemRandom
from types import TracebackType
from typing import Any, Final, Self

from .answers import Account, Assignment, DefinedProfile, DevicePage, details, statuses
from .errors import ForbiddenError, TemporaryError
from .exchange import Exchange, session_of
from .token import ServerToken

MAX_DEVICES: Final = 1000  # in one request
DEFAULT_LIMIT: Final = 100  # devices a page, where `account()` says no other
TRIES: Final = 3
_JITTER: Final = SystemRandom()


class Client:
    """A conversation with Apple for one token. A context manager; not for several threads at once.

    Every method raises errors.AdeError, and nothing else, when Apple refuses, fails or answers nonsense.
    """

    def __init__(
        self,
        token: ServerToken,
        base_url: str,
        *,
        timeout: float = 60.0,
        longest_wait: float = 10.0,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            token: who asks.
            base_url: https, or http on this machine (a simulator).
            timeout: seconds without a sign of the server; a whole answer may take twice as long.
            longest_wait: seconds; what asks for a longer wait is raised at once.
            wait: sleeps for so many seconds.

        Raises:
            BaseUrlError: see exchange.clean_base_url.
        """
        self._exchange = Exchange(token, base_url, timeout)
        self._longest_wait = longest_wait
        self._wait = wait

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._exchange.close()

    # --- the endpoints -----------------------------------------------------------------------------------
    def session(self) -> None:
        """Ask for a new session (GET /session). The other methods call it when they need one.

        https://developer.apple.com/documentation/devicemanagement/authenticating-for-automated-device-enrollment

        Raises:
            TokenRejectedError, TokenExpiredError: Apple doesn't take the token.
            TermsNotSignedError, AccessDeniedError: see errors.
        """
        self._with_session("GET", "/session")

    def account(self) -> Account:
        """Return whose account it is (GET /account).

        https://developer.apple.com/documentation/devicemanagement/account-detail
        """
        return Account.of(self._with_session("GET", "/account"))

    def fetch_devices(self, cursor: str = "", limit: int = DEFAULT_LIMIT) -> DevicePage:
        """Return a page of the whole list (POST /server/devices).

        https://developer.apple.com/documentation/devicemanagement/fetch-devices

        Args:
            cursor: of the page before; empty for the first.
            limit: devices a page, at most 1000.

        Raises:
            ExhaustedCursorError: the list ended before; go on with sync_devices from the same cursor.
            CursorError: forget the cursor, and start again.
        """
        answer = self._with_session("POST", "/server/devices", _page(cursor, limit))
        return DevicePage.of(answer, is_whole_list=True)

    def sync_devices(self, cursor: str, limit: int = DEFAULT_LIMIT) -> DevicePage:
        """Return a page of what changed since a cursor (POST /devices/sync); devices have op_type and op_date.

        https://developer.apple.com/documentation/devicemanagement/sync-devices

        Args:
            cursor: of the last page of either list, at most 7 days old.
            limit: devices a page, at most 1000.

        Raises:
            CursorError: forget the cursor, and fetch the whole list.
        """
        return DevicePage.of(self._with_session("POST", "/devices/sync", _page(cursor, limit)))

    def device_details(self, serials: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return serial number -> device, with its response_status (POST /devices); at most 1000.

        https://developer.apple.com/documentation/devicemanagement/device-details
        """
        return details(self._with_session("POST", "/devices", {"devices": _serials(serials)}))

    def define_profile(self, profile: dict[str, Any]) -> DefinedProfile:
        """Make an enrollment profile at Apple (POST /profile), which can't be changed or deleted afterwards.

        https://developer.apple.com/documentation/devicemanagement/define-profile

        Args:
            profile: https://developer.apple.com/documentation/devicemanagement/profile

        Raises:
            RequestRefusedError: `code` is Apple's word for what is wrong with it.
            UnavailableError: nobody knows whether it was made; another one does no harm.
        """
        # Not asked twice by itself: each time would make one more profile.
        return DefinedProfile.of(self._with_session("POST", "/profile", profile, tries=1))

    def assign_profile(self, profile_uuid: str, serials: Iterable[str]) -> Assignment:
        """Let devices get a profile when they are set up next (POST /profile/devices); at most 1000.

        https://developer.apple.com/documentation/devicemanagement/assign-profile
        """
        body = {"profile_uuid": profile_uuid, "devices": _serials(serials)}
        return Assignment.of(self._with_session("POST", "/profile/devices", body))

    def remove_profile(self, serials: Iterable[str]) -> dict[str, str]:
        """Let devices get no profile; return serial number -> status (DELETE /profile/devices); at most 1000.

        https://developer.apple.com/documentation/devicemanagement/clear-device-profile
        """
        return statuses(self._with_session("DELETE", "/profile/devices", {"devices": _serials(serials)}))

    # --- the session, and the patience -------------------------------------------------------------------
    def _with_session(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, tries: int = TRIES
    ) -> dict[str, Any]:
        """Return the answer; when the session is refused, ask for a new one and repeat, once."""
        wants_session = path == "/session"
        for is_last in (False, True):
            try:
                if wants_session or not self._exchange.session:
                    answer = self._patiently("GET", "/session", None, TRIES)
                    self._exchange.session = session_of(answer.get("auth_session_token"))
                return answer if wants_session else self._patiently(method, path, body, tries)
            except ForbiddenError:
                self._exchange.session = ""
                if is_last:
                    raise
        raise AssertionError("The second round returns or raises.")

    def _patiently(self, method: str, path: str, body: dict[str, Any] | None, tries: int) -> dict[str, Any]:
        """Return the answer; wait out what passes soon."""
        for number in range(1, tries + 1):
            try:
                return self._exchange.send(method, path, body)
            except TemporaryError as error:
                pause = 2.0 ** (number - 2) if error.retry_after is None else float(error.retry_after)
                if number == tries or pause > self._longest_wait:
                    raise
            self._wait(pause * _JITTER.uniform(1.0, 1.5))
        raise AssertionError("The last try returns or raises.")


def _page(cursor: str, limit: int) -> dict[str, Any]:
    if not 1 <= limit <= MAX_DEVICES:
        raise ValueError(f"A page has 1 to {MAX_DEVICES} devices, not {limit}.")
    return {"cursor": cursor, "limit": limit} if cursor else {"limit": limit}


def _serials(serials: Iterable[str]) -> list[str]:
    found = list(serials)
    if not 1 <= len(found) <= MAX_DEVICES:
        raise ValueError(f"A request names 1 to {MAX_DEVICES} devices, not {len(found)}.")
    return found
