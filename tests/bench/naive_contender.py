"""How would a first version of the endpoint look? Its settings, address, view and WSGI application (the contender (b)).

`gunicorn tests.bench.naive_contender:application`, two sync workers. As in a fresh `startproject`: its middleware, and
no settings of the database but its address (and CONN_MAX_AGE, where it is asked for). The view gets, checks, saves and
answers by five statements of the ORM, on the very tables of hexenroll. It is generous to itself: it takes no lock and
no transaction, looks at no block list, writes no inventory, issues no device token, uses up no invitation and counts no
guesses.
"""

import json
import os
from pathlib import Path

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

_seconds = int(os.environ.get("CONN_MAX_AGE", 0))
settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for measuring",
    SALT_KEY=os.environ["SALT_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": environ.Env.db_url_config(os.environ["DATABASE_URL"]) | {"CONN_MAX_AGE": _seconds}},
    IMPORT_ROOT=Path(os.environ["HEXENROLL_DATA"]),
    PUBLIC_URL="http://127.0.0.1",
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "devices",
        "invitations",
        "enrollment",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)
application = get_wsgi_application()

from devices.models import Device, Policy  # noqa: E402 - the settings and the apps come first
from enrollment.models import EnrollmentAttempt  # noqa: E402
from invitations.link_token import hash_of  # noqa: E402
from invitations.models import Invitation  # noqa: E402


@csrf_exempt
def enroll(request: HttpRequest) -> JsonResponse:
    """Let in a device that is on the list and has its link's token."""
    said = json.loads(request.body)
    serial_number, platform = said["serial_number"], said["platform"]
    try:
        device = Device.objects.select_related("user").get(serial_number=serial_number, platform=platform)
        Invitation.objects.get(device=device, token_hash=hash_of(said["token"]))
    except (Device.DoesNotExist, Invitation.DoesNotExist):
        _record(request, said, None, is_let_in=False)
        return JsonResponse({"code": "bad_credentials", "message": "Unknown serial number or token."}, status=403)
    if device.status != Device.Status.PRE_APPROVED:
        _record(request, said, device, is_let_in=False)
        return JsonResponse({"code": "not_pre_approved", "message": "This device is not on the list."}, status=403)
    device.status = Device.Status.ENROLLED
    device.save()
    _record(request, said, device, is_let_in=True)
    # An OR across both joins would read all devices' policies.
    policies = device.policies.all().union(Policy.objects.filter(groups__devices=device))
    answer = {
        "device_id": device.pk,
        "status": device.status,
        "name": device.name,
        "user": {"name": device.user.name, "email": device.user.email} if device.user else None,
        "policies": [{"name": policy.name, "settings": policy.settings, "apps": policy.apps} for policy in policies],
    }
    return JsonResponse(answer)


def _record(request: HttpRequest, said: dict[str, str], device: Device | None, *, is_let_in: bool) -> None:
    EnrollmentAttempt.objects.create(
        serial_number=said["serial_number"],
        platform=said["platform"],
        os_version=said["os_version"],
        method=said["method"],
        is_let_in=is_let_in,
        reason="approved" if is_let_in else "bad_credentials",
        device=device,
        address=request.META["REMOTE_ADDR"],
        user_agent=request.headers.get("User-Agent", ""),
    )


urlpatterns = [path("api/v1/enroll", enroll)]
