"""How does an account get its token? Steps 2 to 4 of adding one, and the renewal. Addresses: ade_account.py.

2 the public key, and what to click at Apple; 3 the token file; 4 what Apple says of the account.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.scope import visible
from devices.wizard.frame import TrailStep, WizardView
from enrollment.ade import accounts, standing
from enrollment.ade.accounts import AccountUseError, OtherServerError, SameServerError
from enrollment.ade.errors import AdeError
from enrollment.ade.token_file import MAX_BYTES, TokenFileError
from enrollment.ade.token_words import TOKEN_WORDS
from enrollment.models import AdeAccount

VIEW = "enrollment.view_adeaccount"
CHANGE = "enrollment.change_adeaccount"
SYNC = "enrollment.sync_adeaccount"
State = AdeAccount.State
# In their order: name, title, icon.
STEPS = (
    ("account", gettext_lazy("Account"), "edit_note"),
    ("key", gettext_lazy("Public key"), "key"),
    ("token", gettext_lazy("Token"), "upload_file"),
    ("check", gettext_lazy("Check and sync"), "sync"),
)
TRAIL_LABEL = gettext_lazy("Steps of connecting an account")


def trail(account: AdeAccount | None, current: str) -> list[TrailStep]:
    """Return the steps of adding an account as they stand; None: it isn't there yet."""
    pages = {"account": "edit", "key": "key", "token": "token", "check": "check"}
    is_connected = account is not None and account.state != State.NEW
    names = [name for name, _title, _icon in STEPS]
    steps = []
    for index, (name, title, icon) in enumerate(STEPS):
        is_open = account is not None and (name != "check" or is_connected)
        if name == current:
            state = "current"
        elif index < names.index(current):
            state = "done"
        else:
            state = "open" if is_open else "locked"
        leads = is_open and name != current and account is not None
        url = reverse(f"admin:enrollment_adeaccount_{pages[name]}", args=[account.pk]) if leads and account else ""
        steps.append(TrailStep(index + 1, name, str(title), icon, state, url))
    return steps


class AccountView(WizardView):
    """A page of one account.

    Attributes:
        account: of the address; 404 where it isn't in the person's domains.
        current: which step it is.
    """

    permission = CHANGE
    current = ""
    account: AdeAccount

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if request.user.has_perm(self.permission):  # else dispatch refuses, whether there is one or not
            self.account = get_object_or_404(self.accounts(), pk=min(kwargs["account_id"], 2**63 - 1))

    def accounts(self) -> QuerySet[AdeAccount]:
        """Return the accounts of the person's domains."""
        found = AdeAccount.objects.select_related("domain", "default_user")
        return visible(found, self.request.user)

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """Return a page with what all steps say; an account that has been synced is past them."""
        account = self.account
        frame = {
            "account": account,
            "opts": AdeAccount._meta,
            "original": account,  # named above the page
            "trail": [] if self.is_renewal else trail(account, self.current),
            "trail_label": TRAIL_LABEL,
            "is_renewal": self.is_renewal,
            "account_url": reverse("admin:enrollment_adeaccount_change", args=[account.pk]),
            "may_sync": self.may(SYNC),
        }
        return self.render(template, status=status, **frame | context)

    @property
    def is_renewal(self) -> bool:
        return self.account.state != State.NEW and self.account.synced_at is not None


class KeyView(AccountView):
    """Step 2: the public key, and what to click at Apple. POST makes a new pair."""

    current = "key"
    title = gettext_lazy("Public key for Apple")

    def get(self, request: HttpRequest, account_id: int) -> HttpResponse:
        return self.show("ade/key.html", file_name=file_name(self.account))

    def post(self, request: HttpRequest, account_id: int) -> HttpResponse:
        accounts.make_new_key(self.account)
        messages.success(request, _("There is a new public key. Upload it at Apple, then download a token there."))
        return redirect("admin:enrollment_adeaccount_key", self.account.pk)


class CertificateView(AccountView):
    """The public key as a file; it holds nothing secret."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, account_id: int) -> HttpResponse:
        response = HttpResponse(self.account.certificate, content_type="application/x-pem-file")
        response["Content-Disposition"] = f'attachment; filename="{file_name(self.account)}"'
        return response


class TokenForm(forms.Form):
    """The token file."""

    file = forms.FileField(
        allow_empty_file=True,
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "invalid": gettext_lazy("The browser sent no file. Choose one file, not a folder."),
        },
    )
    force = forms.BooleanField(required=False)


class TokenView(AccountView):
    """Step 3, and the renewal: GET asks for the token file, POST takes it and asks Apple whether it is good."""

    current = "token"

    @property
    def title(self) -> str:  # type: ignore[override]
        return _("Renew the token") if self.is_renewal else _("Token of Apple")

    def get(self, request: HttpRequest, account_id: int) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest, account_id: int) -> HttpResponse:
        form = TokenForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(status=422, wrong=form.errors["file"][0])
        try:
            accounts.take_token(self.account, _content(form.cleaned_data["file"]), is_forced=form.cleaned_data["force"])
        except TokenFileError as error:
            what, do = TOKEN_WORDS[error.code]
            return self.page(status=422, wrong=what, advice=do)
        except (OtherServerError, SameServerError) as error:
            return self.page(status=422, wrong=error, may_force=True, other=self._shared(error))
        ask_apple(request, self.account)
        return redirect("admin:enrollment_adeaccount_check", self.account.pk)

    def page(self, *, status: int = 200, **facts: Any) -> HttpResponse:
        return self.show("ade/token.html", status=status, accept=".p7m", file_name=file_name(self.account), **facts)

    def _shared(self, error: AccountUseError) -> AdeAccount | None:
        """Return the account that has this server's token already; None: it is of a domain of others."""
        if not isinstance(error, SameServerError):
            return None
        return self.accounts().filter(pk=error.other.pk).first()


class CheckView(AccountView):
    """Step 4: what Apple says of the account. POST asks once more."""

    permission = CHANGE
    current = "check"
    title = gettext_lazy("Check of the account")

    def get(self, request: HttpRequest, account_id: int) -> HttpResponse:
        if self.account.state == State.NEW:
            return redirect("admin:enrollment_adeaccount_token", self.account.pk)
        account = self.account
        return self.show("ade/check.html", advice=standing.advice_of(account), is_ok=account.state == State.OK)

    def post(self, request: HttpRequest, account_id: int) -> HttpResponse:
        if self.account.state == State.NEW:
            return redirect("admin:enrollment_adeaccount_token", self.account.pk)
        if ask_apple(request, self.account):
            messages.success(request, _("Apple answers, and knows the account."))
        return redirect("admin:enrollment_adeaccount_check", self.account.pk)


VIEWS = (
    ("key", "key/", KeyView),
    ("certificate", "certificate.pem", CertificateView),
    ("token", "token/", TokenView),
    ("check", "check/", CheckView),
)


def ask_apple(request: HttpRequest, account: AdeAccount) -> bool:
    """Check an account at Apple; tell whether that went well. What went wrong stands on its pages."""
    try:
        accounts.check(account)
    except AdeError:
        account.refresh_from_db()
        return False
    except AccountUseError as error:
        messages.error(request, str(error))
        return False
    return True


def file_name(account: AdeAccount) -> str:
    """Return the name of the file with an account's public key."""
    return f"hexenroll-{slugify(account.name)[:40] or account.pk}.pem"


def _content(file: UploadedFile) -> bytes:
    """Read an upload; one byte more than is allowed tells that it is too large."""
    content: bytes = file.read(MAX_BYTES + 1)
    return content
