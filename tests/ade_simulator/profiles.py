"""Which enrollment profile is a device to get? Define, read, assign, remove; and the details of devices.

https://developer.apple.com/documentation/devicemanagement/define-a-profile
https://developer.apple.com/documentation/devicemanagement/assign-a-profile
https://developer.apple.com/documentation/devicemanagement/remove-a-profile-aac
https://developer.apple.com/documentation/devicemanagement/get-device-details
"""

import json
import uuid
from typing import Any

from tests.ade_simulator.answers import Answer, RefusedError, json_answer
from tests.ade_simulator.clock import Clock
from tests.ade_simulator.fleet import Fleet
from tests.ade_simulator.listing import LARGEST_LIMIT

NAME_LENGTH = 125
URL_LENGTH = 2000
TEXTS = {  # the longest that each may be, and the word for one that isn't like that
    "department": (125, "DEPARTMENT_INVALID"),
    "support_phone_number": (50, "SUPPORT_PHONE_INVALID"),
    "support_email_address": (250, "SUPPORT_EMAIL_INVALID"),
    "org_magic": (256, "MAGIC_INVALID"),
}


class Profiles:
    """The profiles of an account, and what tests want said about single devices."""

    def __init__(self, clock: Clock, fleet: Fleet) -> None:
        self.clock = clock
        self.fleet = fleet
        self.defined: dict[str, dict[str, Any]] = {}
        self.results: dict[str, str] = {}  # serial number: THROTTLED, FAILED or NOT_ACCESSIBLE instead of SUCCESS
        self.retry_after_seconds: int | None = None

    def define(self, body: dict[str, Any]) -> Answer:
        """Keep a profile; assign it to the devices that it names, if any."""
        check_profile(body)
        profile = {name: value for name, value in body.items() if name != "devices"}
        identity = uuid.uuid4().hex.upper()
        self.defined[identity] = profile
        results = self._assign(identity, serials_of(body)) if body.get("devices") else {}
        return json_answer({"profile_uuid": identity, "devices": results})

    def read(self, identity: str) -> Answer:
        return json_answer({"profile_uuid": identity, **self._profile(identity)})

    def assign(self, body: dict[str, Any]) -> Answer:
        """Assign a profile to at most a thousand devices, each with its result."""
        identity = body.get("profile_uuid")
        if not isinstance(identity, str) or not identity:
            raise RefusedError(400, "PROFILE_UUID_REQUIRED")
        serials = serials_of(body)
        self._profile(identity)
        answer: dict[str, Any] = {"profile_uuid": identity, "devices": self._assign(identity, serials)}
        if self.retry_after_seconds is not None and "THROTTLED" in answer["devices"].values():
            answer["retry_after_seconds"] = self.retry_after_seconds
        return json_answer(answer)

    def remove(self, body: dict[str, Any]) -> Answer:
        """Take the profile away from devices."""
        results = {serial: self._result(serial) for serial in serials_of(body)}
        done = [serial for serial, result in results.items() if result == "SUCCESS"]
        gone = dict.fromkeys(("profile_uuid", "profile_assign_time", "profile_push_time"))
        self.fleet.change(done, {"profile_status": "removed", **gone})
        return json_answer({"devices": results})

    def details(self, body: dict[str, Any]) -> Answer:
        """Answer what is known about each device that is asked for."""
        found: dict[str, Any] = {}
        for serial in serials_of(body):
            listed = self.fleet.listed.get(serial)
            known = json.loads(listed.content) if listed else {"serial_number": serial}
            found[serial] = known | {"response_status": "SUCCESS" if listed else "NOT_ACCESSIBLE"}
        return json_answer({"devices": found})

    def _profile(self, identity: str) -> dict[str, Any]:
        if identity not in self.defined:
            raise RefusedError(404, "NOT_FOUND")
        return self.defined[identity]

    def _assign(self, identity: str, serials: list[str]) -> dict[str, str]:
        results = {serial: self._result(serial) for serial in serials}
        done = [serial for serial, result in results.items() if result == "SUCCESS"]
        stamp = self.clock.next_stamp()
        facts = {"profile_status": "assigned", "profile_uuid": identity, "profile_assign_time": stamp}
        self.fleet.change(done, facts | {"profile_push_time": None})
        return results

    def _result(self, serial: str) -> str:
        return self.results.get(serial, "SUCCESS" if serial in self.fleet.listed else "NOT_ACCESSIBLE")


def check_profile(profile: dict[str, Any]) -> None:
    """Refuse a profile by the first rule that it breaks."""
    name, url = profile.get("profile_name"), profile.get("url")
    if not name:
        raise RefusedError(400, "CONFIG_NAME_REQUIRED")
    if not isinstance(name, str) or len(name) > NAME_LENGTH:
        raise RefusedError(400, "CONFIG_NAME_INVALID")
    if not url:
        raise RefusedError(400, "CONFIG_URL_REQUIRED")
    if not isinstance(url, str) or len(url) > URL_LENGTH or not url.startswith("https://"):
        raise RefusedError(400, "CONFIG_URL_INVALID")
    for field, (longest, code) in TEXTS.items():
        value = profile.get(field, "?")
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            raise RefusedError(400, code)
    if not profile.get("is_mdm_removable", True) and not profile.get("is_supervised", False):
        raise RefusedError(400, "FLAGS_INVALID")


def serials_of(body: dict[str, Any]) -> list[str]:
    """Return the serial numbers that a body names: one to a thousand. Apple's word for more isn't documented."""
    serials = body.get("devices")
    if not serials:
        raise RefusedError(400, "DEVICE_ID_REQUIRED")
    if not isinstance(serials, list) or not all(isinstance(serial, str) for serial in serials):
        raise RefusedError(400, "MALFORMED_REQUEST_BODY")
    if len(serials) > LARGEST_LIMIT:
        raise RefusedError(400, "MALFORMED_REQUEST_BODY")
    return serials
