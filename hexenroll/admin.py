"""Pages of the accounts of staff."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from devices.admin.console_page import ConsolePage

admin.site.unregister(User)
admin.site.unregister(Group)
# What allauth keeps is on the pages of one's own account; stock pages of it would show secrets.
for _model in (EmailAddress, Authenticator, UserSession, SocialApp, SocialAccount, SocialToken):
    admin.site.unregister(_model)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ConsolePage):  # type: ignore[misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ConsolePage):  # type: ignore[misc]
    pass
