"""Many requests for one device at the same moment: how many devices come in?"""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from devices.models import Device, DeviceInventory
from enrollment.eligibility import Request
from enrollment.enroll_request import EnrollRequest
from enrollment.gate import Visitor, enroll
from enrollment.models import DeviceToken
from invitations.link_token import token_of
from invitations.models import Invitation
from tests.enrollment.knocking import choose, invited

pytestmark = pytest.mark.django_db(transaction=True)

VISITOR = Visitor("192.0.2.7", "test")
SIZE = 50


class Crowd:
    """Visitors who knock at the same moment, each over a connection of its own that stays open from round to round."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(SIZE)

    def knock(self, requests: list[EnrollRequest]) -> Counter[str]:
        """Send requests at once, at most as many as there are visitors; count what they were told."""
        start = threading.Barrier(len(requests))

        def ask(request: EnrollRequest) -> str:
            start.wait()
            answer = enroll(request, VISITOR)
            return "enrolled" if answer.status == 200 else str(answer.body["code"])

        return Counter(self._pool.map(ask, requests))

    def leave(self) -> None:
        """Close the connections: a test's database is emptied after it."""
        end = threading.Barrier(SIZE)

        def close(_visitor: int) -> None:
            end.wait()  # so that each thread closes its own
            connection.close()

        list(self._pool.map(close, range(SIZE)))
        self._pool.shutdown()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    made = Crowd()
    yield made
    made.leave()


def request_of(invitation: Invitation, hardware_uuid: str) -> EnrollRequest:
    device = invitation.device
    said = Request(device.platform, device.serial_number, "14.5", "agent", hardware_uuid=hardware_uuid)
    return EnrollRequest(said, token=token_of(invitation.public_id))


def test_of_fifty_requests_with_one_link_one_comes_in(is_postgresql: bool, crowd: Crowd) -> None:
    rounds = 100 if is_postgresql else 5
    for number in range(rounds):
        invitation = invited(serial_number=f"C02XG2J{number:05}")
        told = crowd.knock([request_of(invitation, f"uuid {visitor}") for visitor in range(SIZE)])
        assert told == {"enrolled": 1, "bad_credentials": SIZE - 1}
    assert Device.objects.filter(status=Device.Status.ENROLLED).count() == rounds
    assert DeviceInventory.objects.count() == DeviceToken.objects.count() == rounds


def test_of_many_requests_of_one_device_each_is_answered_and_one_token_is_valid(crowd: Crowd) -> None:
    invitation = invited()
    assert crowd.knock([request_of(invitation, "uuid") for _visitor in range(10)]) == {"enrolled": 10}
    assert Device.objects.count() == DeviceToken.objects.count() == 1


def test_of_many_new_devices_with_one_serial_number_one_comes_in(crowd: Crowd) -> None:
    choose(require_credentials=False)
    said = [Request("linux", "PF3ABCDE", "12", "agent", hardware_uuid=f"uuid {number}") for number in range(10)]
    assert crowd.knock([EnrollRequest(device) for device in said]) == {"enrolled": 1, "conflict": 9}
    assert Device.objects.count() == 1
