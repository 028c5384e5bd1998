"""Pages of the accounts of staff."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy as _

from hexenroll.administrators.person_page import AdministratorAdmin
from hexenroll.administrators.role_page import RoleAdmin
from hexenroll.api_keys import pages as api_key_pages  # noqa: F401 - registers its pages
from hexenroll.audit import page as audit_page  # noqa: F401 - registers its pages
from hexenroll.reports import schedule_admin  # noqa: F401 - registers its pages

admin.site.unregister(User)
admin.site.unregister(Group)
# What allauth keeps is on the pages of one's own account; stock pages of it would show secrets.
for _model in (EmailAddress, Authenticator, UserSession, SocialApp, SocialAccount, SocialToken):
    admin.site.unregister(_model)

# As the console calls them; Django's own words are on no page.
apps.get_app_config("auth").verbose_name = _("Admin")
User._meta.verbose_name, User._meta.verbose_name_plural = _("administrator"), _("administrators")
Group._meta.verbose_name, Group._meta.verbose_name_plural = _("role"), _("roles")
admin.site.register(User, AdministratorAdmin)
admin.site.register(Group, RoleAdmin)
