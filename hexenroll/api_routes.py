"""Which addresses has the administrators' API? Keys only: no cookie is read under /api/ (short_way.py)."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

from devices.api.belongings import DeviceGroupApi, DeviceUserApi, DomainApi, PolicyApi
from enrollment.api.administration import AttemptApi, ManagedDeviceApi
from hexenroll.api_keys.me import MeView
from invitations.api.invite import InvitableBatchApi, InvitationApi

router = SimpleRouter()
router.register("devices", ManagedDeviceApi, basename="api-device")
router.register("device-users", DeviceUserApi, basename="api-device-user")
router.register("device-groups", DeviceGroupApi, basename="api-device-group")
router.register("policies", PolicyApi, basename="api-policy")
router.register("domains", DomainApi, basename="api-domain")
router.register("import-batches", InvitableBatchApi, basename="api-import-batch")
router.register("invitations", InvitationApi, basename="api-invitation")
router.register("attempts", AttemptApi, basename="api-attempt")

# Anyone, without a key: says what there is, and nothing about what is in it.
description = SpectacularJSONAPIView.as_view(authentication_classes=(), permission_classes=(AllowAny,))

urlpatterns = [
    path("me/", MeView.as_view(), name="api_me"),
    path("admin-openapi.json", description, name="admin_openapi"),
    path("", include(router.urls)),
]
