"""The whole HTTP surface, by who may come in."""

from allauth.account.views import logout as sign_out
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from devices.wizard import check, done, history, mapping, review, upload
from enrollment.admin.all_enrollments import AllEnrollmentsView
from enrollment.admin.hand_over_page import hand_over_view
from enrollment.admin.settings_page import SettingsView
from enrollment.api.agent_file import agent_checksum, agent_file
from enrollment.api.bounds import not_found as no_api
from enrollment.api.device import checkin, device, disenrollment
from enrollment.api.enroll import enroll as enroll_device
from enrollment.api.openapi import openapi
from enrollment.invitation_page import invitation, invitation_password
from hexenroll.accounts.console_door import console_sign_in
from hexenroll.health import healthz
from hexenroll.mail_page import MailView
from hexenroll.palette import search
from hexenroll.reports.pages import FileView, IndexView, PrintView, ReportView
from invitations.webhooks import mail, twilio
from invitations.wizard import send, sending

pre_approve = [
    path("", history.HistoryView.as_view(), name="pre_approve"),
    path("new/", upload.UploadView.as_view(), name="upload"),
    path("sample.csv", upload.SampleView.as_view(), name="sample"),
    path("<int:batch_id>/", history.CurrentStepView.as_view(), name="batch"),
    path("<int:batch_id>/file/", upload.FileView.as_view(), name="file"),
    path("<int:batch_id>/mapping/", mapping.MappingView.as_view(), name="mapping"),
    path("<int:batch_id>/preview/", mapping.PreviewView.as_view(), name="preview"),
    path("<int:batch_id>/check/", check.CheckView.as_view(), name="check"),
    path("<int:batch_id>/start-check/", check.StartCheckView.as_view(), name="start_check"),
    path("<int:batch_id>/stop-check/", check.StopCheckView.as_view(), name="stop_check"),
    path("<int:batch_id>/fix/", check.FixView.as_view(), name="fix"),
    path("<int:batch_id>/fixes/drop/", check.DropFixesView.as_view(), name="drop_fixes"),
    path("<int:batch_id>/bad-rows.csv", check.BadRowsView.as_view(), name="bad_rows"),
    path("<int:batch_id>/review/", review.ReviewView.as_view(), name="review"),
    path("<int:batch_id>/rows/", review.RowsView.as_view(), name="rows"),
    path("<int:batch_id>/rows/<int:line>/", review.RowView.as_view(), name="row"),
    path("<int:batch_id>/commit/", review.CommitView.as_view(), name="commit"),
    path("<int:batch_id>/discard/", review.DiscardView.as_view(), name="discard"),
    path("<int:batch_id>/done/", done.DoneView.as_view(), name="done"),
    path("<int:batch_id>/undo/", done.UndoView.as_view(), name="undo"),
    path("<int:batch_id>/progress.json", history.ProgressView.as_view(), name="progress"),
    path("<int:batch_id>/send/", send.SendView.as_view(), name="send"),
]
sendings = [
    path("<int:sending_id>/", sending.SendingPage.as_view(), name="sending"),
    path("<int:sending_id>/progress.json", sending.SendingProgressView.as_view(), name="sending_progress"),
    path("<int:sending_id>/pause/", sending.PauseView.as_view(), name="pause_sending"),
    path("<int:sending_id>/resume/", sending.ResumeView.as_view(), name="resume_sending"),
    path("<int:sending_id>/cancel/", sending.CancelView.as_view(), name="cancel_sending"),
]
enroll: list[URLPattern | URLResolver] = [
    path("", AllEnrollmentsView.as_view(), name="all"),
    path("pre-approve/", include(pre_approve)),
    path("sendings/", include(sendings)),
    path("settings/", SettingsView.as_view(), name="settings"),
    path("devices/<int:device_id>/hand-over/", hand_over_view, name="hand_over"),
]
console = [
    path("mail/", MailView.as_view(), name="mail"),
]

reports = [
    path("", IndexView.as_view(), name="index"),
    path("<slug:name>/", ReportView.as_view(), name="report"),
    path("<slug:name>/print/", PrintView.as_view(), name="print"),
    re_path(r"^(?P<name>[-\w]+)/file\.(?P<format>csv|xlsx)$", FileView.as_view(), name="file"),
]

urlpatterns = [
    # Anyone, without signing in: says whether the portal works, and nothing about what is in it.
    path("healthz", healthz, name="healthz"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    # Anyone: the program for Linux and macOS, which holds no secret.
    path("agent/hexenroll-agent.py", agent_file, name="agent_file"),
    path("agent/hexenroll-agent.py.sha256", agent_checksum, name="agent_checksum"),
    # Device users: no sign-in, the link is the key. Any text may stand for the token: what is none gets its page, too.
    re_path(r"^i/(?P<token>[\s\S]*)/password$", invitation_password, name="invitation_password"),
    re_path(r"^i/(?P<token>[\s\S]*)$", invitation, name="invitation"),
    # Devices: no sign-in. Credentials are in the body of the first request, a bearer token in all that follow.
    path("api/v1/enroll", enroll_device, name="enroll_device"),
    path("api/v1/openapi.json", openapi, name="openapi"),
    path("api/v1/device", device, name="device"),
    path("api/v1/device/checkin", checkin, name="checkin"),
    path("api/v1/device/disenroll", disenrollment, name="disenroll"),
    # Programs of administrators: an API key, and what its account may do.
    path("api/v1/", include("hexenroll.api_routes")),
    # Programs can't read pages: what is no address of the API says so in JSON. Stays below all others under api/.
    re_path(r"^api/[\s\S]*$", no_api),
    # Providers: signed callbacks. Without a signature they learn and change nothing.
    path("webhooks/twilio/", twilio.status_callback, name="twilio_callback"),
    path("webhooks/mail/", mail.tracking_callback, name="mail_callback"),
    # Staff who sign in, and each person's own account.
    path("accounts/", include("hexenroll.accounts.urls")),
    # Staff: signed in, and each page asks for its permission. The sign-in of the admin is that of the accounts.
    path("admin/login/", console_sign_in),
    path("admin/logout/", sign_out),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/search/", search),
    path("admin/", admin.site.urls),
    path("enroll/", include((enroll, "enroll"))),
    path("reports/", include((reports, "reports"))),
    path("console/", include((console, "console"))),
]

handler400 = "hexenroll.error_pages.bad_request"
handler403 = "hexenroll.error_pages.forbidden"
handler404 = "hexenroll.error_pages.not_found"
handler429 = "hexenroll.error_pages.too_many_requests"  # asked for by allauth
handler500 = "hexenroll.error_pages.server_error"
