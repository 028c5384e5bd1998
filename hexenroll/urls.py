"""The whole HTTP surface, by who may come in."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from hexenroll.health import HealthView

urlpatterns = [
    # Anyone, without signing in: says whether the portal works, and nothing about what is in it.
    path("healthz", HealthView.as_view(), name="healthz"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    # Staff: signed in, and each page asks for its permission.
    path("admin/", admin.site.urls),
]
