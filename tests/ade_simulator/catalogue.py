"""Which devices does an organisation buy? Real-looking ones, the same ones for the same numbers."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple


class Model(NamedTuple):
    """What Apple says about each device of a model; serial numbers of a model begin and end alike."""

    prefix: str
    suffix: str
    model: str
    description: str
    color: str
    os: str
    device_family: str


# Eleven models in turn; the Vision Pro's platform is one that the portal doesn't know.
MODELS = (
    Model("DMP", "LMF", "iPad (10th generation)", "IPAD WI-FI 64GB SILVER-ZML", "SILVER", "iPadOS", "iPad"),
    Model("C02", "MD6", 'MacBook Air (13")', "MBA 13.6 M3 MIDNIGHT 16GB 512GB-ZML", "MIDNIGHT", "OSX", "Mac"),
    Model("F17", "0F4", "iPhone 15", "IPHONE 15 BLACK 128GB-ZDD", "BLACK", "iOS", "iPhone"),
    Model("GG7", "JF8", 'iPad Pro (11")', "IPAD PRO 11 WI-FI 256GB SPACE BLACK-ZML", "SPACE BLACK", "iPadOS", "iPad"),
    Model("H4T", "6L4", "Mac mini", "MAC MINI M4 16GB 256GB-ZML", "SILVER", "OSX", "Mac"),
    Model("F2L", "N72", "iPhone SE", "IPHONE SE STARLIGHT 64GB-ZDD", "STARLIGHT", "iOS", "iPhone"),
    Model("DMR", "MF3", "iPad mini", "IPAD MINI WI-FI 64GB PURPLE-ZML", "PURPLE", "iPadOS", "iPad"),
    Model("C07", "DJY", "Apple TV 4K", "APPLE TV 4K WI-FI 64GB-SDA", "BLACK", "tvOS", "AppleTV"),
    Model("C17", "Q6L", 'MacBook Pro (14")', "MBP 14.2 M4 PRO 24GB 512GB-ZML", "SPACE BLACK", "OSX", "Mac"),
    Model("D25", "5Q0", 'iMac (24")', "IMAC 24 M4 BLUE 16GB 256GB-ZML", "BLUE", "OSX", "Mac"),
    Model("K9P", "V2N", "Apple Vision Pro", "APPLE VISION PRO 256GB-ZML", "SILVER", "visionOS", "RealityDevice"),
)
DIGITS = "0123456789CDFGHJKLMNPQRTVWXY"  # those of Apple's serial numbers: no vowels, nothing that looks alike
PLACES = 6
STRIDE = 198_491_317  # shares no divisor with 28**6: every number gets its own serial


def serial_number(number: int) -> str:
    """Return the serial number of the device of that number: twelve characters, another one for each number."""
    model = MODELS[number % len(MODELS)]
    rest, middle = (number + 1) * STRIDE % len(DIGITS) ** PLACES, ""
    for _ in range(PLACES):
        rest, digit = divmod(rest, len(DIGITS))
        middle += DIGITS[digit]
    return model.prefix + middle + model.suffix


def devices(first: int, count: int, assigned: str, fields: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield serial number and JSON of `count` devices.

    Args:
        first: number of the first one.
        assigned: when they were assigned to the server.
        fields: what every one of them says instead of what its model says.
    """
    around = []
    for model in MODELS:
        facts = {
            "serial_number": "?",  # the first of all, so that the first question mark is it
            **{name: value for name, value in model._asdict().items() if name not in ("prefix", "suffix")},
            "asset_tag": "",
            "profile_status": "empty",
            "device_assigned_by": "buyer@example.com",
            "device_assigned_date": assigned,
        }
        before, _, after = json.dumps(facts | fields | {"serial_number": "?"}).encode().partition(b"?")
        around.append((before, after))
    for number in range(first, first + count):
        serial = serial_number(number)
        before, after = around[number % len(MODELS)]
        yield serial, before + serial.encode() + after
