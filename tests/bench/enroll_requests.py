"""What do the devices of the bench ask? Requests as bytes, ready to be sent; made for the load generator."""

import http.client
import json
import random

from tests.bench import fleet

SEED = 4
CHECKING_IN = 500  # enrolled devices that ask by turns


def prepared(mode: str, devices: int, port: int, most: int) -> list[bytes]:
    """Return at most so many requests: of the waiting devices in random order, each once, or of the enrolled ones.

    Args:
        mode: `enroll`, `unchanged`, or how the requests are to be refused.
        devices: how many there are.
        port: of the portal.
        most: number of requests.
    """
    waiting, shuffled = devices - fleet.enrolled_of(devices), random.Random(SEED)
    if mode == "unchanged":
        asking = shuffled.sample(range(waiting + 1, devices + 1), CHECKING_IN)
        return shuffled.choices([_unchanged(port, number) for number in asking], k=most)
    numbers = shuffled.sample(range(1, waiting + 1), min(waiting, most))
    if mode == "enroll":
        return [posted(port, enrolling(number)) for number in numbers]
    return [posted(port, refused(number)) for number in numbers]


def enrolling(number: int) -> bytes:
    """Return the body of the request by which a waiting device enrolls."""
    return said(number, token=fleet.TOKEN.of(number))


def refused(number: int) -> bytes:
    """Return the body of a request with a serial number and a token that nobody has."""
    return said(number, serial_number=f"WRONG{number:09}", token=f"wrong-link-token-{number:026}")


def said(number: int, **other: str) -> bytes:
    """Return what a device says: the body of a request.

    Args:
        number: of the device.
        other: fields of the request, such as its credentials.
    """
    fields = {
        "serial_number": fleet.SERIAL_NUMBER.of(number),
        "platform": "macos",
        "os_version": "14.5",
        "method": "agent",
        "hardware_uuid": fleet.HARDWARE_UUID.of(number),
        "hardware": {"manufacturer": "Example", "model": "Laptop 14", "memory_mb": 16_384},
    }
    return json.dumps(fields | other).encode()


def posted(port: int, body: bytes) -> bytes:
    """Return the whole request by which a device enrolls."""
    head = f"POST /api/v1/enroll HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: hexenroll-bench/1\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _unchanged(port: int, number: int) -> bytes:
    """Ask what an enrolled device gets; return the request that has it already.

    Raises:
        ValueError: the portal doesn't know the device.
    """
    bearer = f"Bearer {fleet.DEVICE_TOKEN.of(number)}"
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/api/v1/device", headers={"Authorization": bearer})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise ValueError(f"device {number}: {answer.status} {body.decode(errors='replace')}")
    head = f"GET /api/v1/device HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: hexenroll-bench/1\r\n"
    return f"{head}Authorization: {bearer}\r\nIf-None-Match: {answer.headers['ETag']}\r\n\r\n".encode()
