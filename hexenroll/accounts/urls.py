"""The addresses of the sign-in and of one's own account. Of allauth's, only those that lead to something here."""

from allauth.account import views as account
from allauth.mfa.base import views as second_step
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from django.urls import path, re_path

from hexenroll.accounts import single_sign_on
from hexenroll.accounts.console_door import no_password_here
from hexenroll.accounts.passkeys import RemovePasskeyView, RenamePasskeyView
from hexenroll.accounts.preferences import PreferencesView
from hexenroll.accounts.session_list import session_list
from hexenroll.accounts.sign_in_link import sign_in_by_link

_KEY = r"(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)"

anyone = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(rf"^password/reset/key/{_KEY}/$", account.password_reset_from_key, name="account_reset_password_from_key"),
    path("link/<str:person>/<str:token>/", sign_in_by_link, name="account_sign_in_link"),
    path("2fa/authenticate/", second_step.authenticate, name="mfa_authenticate"),
    path("2fa/webauthn/login/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("oidc/<slug:provider_id>/login/", single_sign_on.oidc_login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", single_sign_on.oidc_callback, name="openid_connect_callback"),
    path("saml/<slug:organization_slug>/login/", single_sign_on.saml_login, name="saml_login"),
    path("saml/<slug:organization_slug>/acs/", single_sign_on.saml_acs, name="saml_acs"),
    path("saml/<slug:organization_slug>/acs/finish/", single_sign_on.saml_finish, name="saml_finish_acs"),
    path("saml/<slug:organization_slug>/metadata/", single_sign_on.saml_metadata, name="saml_metadata"),
    path("saml/<slug:organization_slug>/sls/", single_sign_on.no_single_logout, name="saml_sls"),
    path("sso/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sso/error/", social.login_error, name="socialaccount_login_error"),
]
# Each of them leads to the sign-in who isn't signed in, and is about one's own account only.
signed_in = [
    path("preferences/", PreferencesView.as_view(), name="account_preferences"),
    path("sessions/", session_list, name="usersessions_list"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", no_password_here, name="account_set_password"),
    path("2fa/", second_step.index, name="mfa_index"),
    path("2fa/reauthenticate/", second_step.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("2fa/webauthn/", passkeys.list_webauthn, name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("2fa/webauthn/reauthenticate/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", RemovePasskeyView.as_view(), name="mfa_remove_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/edit/", RenamePasskeyView.as_view(), name="mfa_edit_webauthn"),
]

urlpatterns = [*anyone, *signed_in]
