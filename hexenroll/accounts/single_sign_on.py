"""The addresses of single sign-on, around allauth's views: where no provider is set up, there is nothing (404).

SAML's views are loaded when they are first asked: lxml and xmlsec take 20 MB.
"""

import logging
from typing import Any

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from requests import RequestException

from hexenroll import error_pages

logger = logging.getLogger(__name__)

# What a provider that answers otherwise than it should leads to in allauth.
_ODD_ANSWERS = (RequestException, ImproperlyConfigured, KeyError, ValueError, SyntaxError)  # of XML, too


@require_GET
def oidc_login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Lead to the OIDC provider."""
    return _answer(request, oidc.login, provider_id=provider_id)


@require_GET
def oidc_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Take what the OIDC provider sends back, and sign in."""
    return _answer(request, oidc.callback, provider_id=provider_id)


@require_GET
def saml_login(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """Lead to the SAML provider."""
    _provider(request, organization_slug)
    return _answer(request, _saml().login, organization_slug=organization_slug)


@csrf_exempt
@require_POST
def saml_acs(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """Take the SAML provider's response; it comes without our cookies, and is looked at by `saml_finish`."""
    _provider(request, organization_slug)
    return _answer(request, _saml().acs, organization_slug=organization_slug)


@require_GET
def saml_finish(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """Check the response, which must answer a sign-in that this browser has begun, and sign in."""
    _provider(request, organization_slug)
    return _answer(request, _saml().finish_acs, organization_slug=organization_slug)


@require_GET
def saml_metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Tell the identity provider who we are."""
    from allauth.socialaccount.providers.saml.utils import build_saml_config
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    app = _provider(request, organization_slug)
    config = build_saml_config(request, app.settings, organization_slug)
    del config["sp"]["singleLogoutService"]  # signing out there doesn't sign out here
    found = OneLogin_Saml2_Settings(settings=config, sp_validation_only=True).get_sp_metadata()
    return HttpResponse(found, content_type="application/samlmetadata+xml")


def no_single_logout(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """404: nothing leads here; allauth wants an address."""
    raise Http404


def _answer(request: HttpRequest, view: Any, **provider: str) -> HttpResponseBase:
    try:
        answer: HttpResponseBase = view(request, **provider)
    except PermissionDenied:  # by allauth: no such sign-in was begun
        return error_pages.sign_in_over(request)
    except _ODD_ANSWERS:
        logger.exception("single sign-on failed")
        return error_pages.provider_down(request)
    return answer


def _saml() -> Any:
    from allauth.socialaccount.providers.saml import views

    return views


def _provider(request: HttpRequest, client_id: str) -> SocialApp:
    from allauth.socialaccount.providers.saml.utils import get_app_or_404

    return get_app_or_404(request, client_id)
