"""The whole HTTP surface, by who may come in."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from devices.wizard import history, mapping, upload
from hexenroll.health import HealthView

pre_approve = [
    path("", history.HistoryView.as_view(), name="pre_approve"),
    path("new/", upload.UploadView.as_view(), name="upload"),
    path("sample.csv", upload.SampleView.as_view(), name="sample"),
    path("<int:batch_id>/", history.CurrentStepView.as_view(), name="batch"),
    path("<int:batch_id>/file/", upload.FileView.as_view(), name="file"),
    path("<int:batch_id>/mapping/", mapping.MappingView.as_view(), name="mapping"),
    path("<int:batch_id>/preview/", mapping.PreviewView.as_view(), name="preview"),
    path("<int:batch_id>/progress.json", history.ProgressView.as_view(), name="progress"),
]

urlpatterns = [
    # Anyone, without signing in: says whether the portal works, and nothing about what is in it.
    path("healthz", HealthView.as_view(), name="healthz"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    # Staff: signed in, and each page asks for its permission.
    path("admin/", admin.site.urls),
    path("enroll/pre-approve/", include((pre_approve, "enroll"))),
]

handler400 = "hexenroll.error_pages.bad_request"
handler403 = "hexenroll.error_pages.forbidden"
handler404 = "hexenroll.error_pages.not_found"
