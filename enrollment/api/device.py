"""What does an enrolled device ask and say? Its policies and apps, check-ins, and good-bye (DESIGN.md, section 7)."""

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.utils import timezone
from django.utils.http import parse_etags

from devices.models import Device
from enrollment import checkin_request
from enrollment.checkin import check_in
from enrollment.client_address import client_address
from enrollment.delivery import answer_of, fingerprint_of, hand_out
from enrollment.disenroll import disenroll

from .bounds import answer, api, by_device

# May be kept by the device, and by nobody in between; it asks each time whether it still holds.
HOLDS_ASKED = "private, no-cache"


@api("GET", "HEAD")
@by_device
def device(request: HttpRequest, asking: Device) -> HttpResponseBase:
    """GET /api/v1/device: what the device gets; 304 if that is what it has already (If-None-Match)."""
    etag = f'"{fingerprint_of(asking)}"'
    # Weakly compared, as RFC 9110 wants it: a proxy that compresses marks the tag as weak.
    known = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    if known & {etag, "*"}:
        return HttpResponseNotModified(headers={"ETag": etag, "Cache-Control": HOLDS_ASKED})
    told = hand_out(asking) if request.method == "GET" else answer_of(asking)
    return answer(told, ETag=etag, Cache_Control=HOLDS_ASKED)


@api("POST")
@by_device
def checkin(request: HttpRequest, asking: Device) -> HttpResponseBase:
    """POST /api/v1/device/checkin: what the device says of itself; answers which document it should have."""
    now = timezone.now()
    said = checkin_request.parse(request.body, now)
    check_in(asking, said, client_address(request), now)
    return answer({"device_id": asking.pk, "status": asking.status, "etag": f'"{fingerprint_of(asking)}"'})


@api("POST")
@by_device
def disenrollment(request: HttpRequest, asking: Device) -> HttpResponseBase:
    """POST /api/v1/device/disenroll: the device leaves; its token is void with the answer."""
    disenroll(asking.pk)
    return answer({"device_id": asking.pk, "status": Device.Status.DISENROLLED.value})
