"""As whom does this key act, and what may it do? GET /api/v1/me/."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Domain
from devices.scope import scope_of, visible
from hexenroll.models import ApiKey


class MeSerializer(serializers.Serializer):
    """An account, and the key that acts for it."""

    account = serializers.CharField(help_text="Its user name.")
    key = serializers.CharField(help_text="Name of the key.")
    is_read_only = serializers.BooleanField(help_text="The key may look, and change nothing.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When the key ends; null: never.")
    all_domains = serializers.BooleanField(help_text="The account works in all domains, also in future ones.")
    domains = serializers.ListField(child=serializers.CharField(), help_text="Names of the domains it works in.")
    permissions = serializers.ListField(child=serializers.CharField(), help_text="Codes of what the account may do.")


class MeView(APIView):
    """What a program can ask first."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(summary="Show the account of this key", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        key, person = cast(ApiKey, request.auth), request.user
        everywhere = scope_of(person).is_everything
        codes = person.get_all_permissions()
        told = {
            "account": person.get_username(),
            "key": key.name,
            "is_read_only": key.is_read_only,
            "expires_at": key.expires_at,
            "all_domains": everywhere,
            "domains": visible(Domain.objects.all(), person).order_by("name").values_list("name", flat=True),
            "permissions": sorted(code for code in codes if person.has_perm(code)),
        }
        return Response(MeSerializer(told).data)
