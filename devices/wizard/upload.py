"""Step 1: for which domain is the file, and which file is it? Also the sample file, and a batch's corrected file."""

import logging
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices import csv_file
from devices.imports import steps
from devices.imports.check import file_limits
from devices.imports.columns import COLUMNS, sample_rows
from devices.imports.reader import UnreadableFileError
from devices.models import Domain, ImportBatch
from devices.scope import visible

from .frame import ADD, BatchView, WizardView, step_url

logger = logging.getLogger(__name__)

ACCEPT = ".csv,.tsv,.txt,.xlsx,text/csv,text/tab-separated-values,text/plain"


class FileForm(forms.Form):
    """The file alone: a corrected one for a batch that is there."""

    # An empty file is told by the reader, which knows more to say than the form.
    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "invalid": gettext_lazy("The browser sent no file. Choose one file, not a folder."),
        },
    )

    def clean_file(self) -> UploadedFile:
        if len(self.files.getlist("file")) > 1:
            raise forms.ValidationError(_("Choose one file. Several are uploaded one after the other."))
        return self.cleaned_data["file"]


class UploadForm(FileForm):
    """What begins an import."""

    domain = forms.ModelChoiceField(
        Domain.objects.none(),  # those of the person
        label=gettext_lazy("Domain"),
        empty_label=None,
        help_text=gettext_lazy("The directory that the device users of this file belong to."),
        error_messages={"invalid_choice": gettext_lazy("This domain was removed. Choose another.")},
    )
    validate_only = forms.BooleanField(
        label=gettext_lazy("Check only"),
        required=False,
        help_text=gettext_lazy("Look for errors without importing anything."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["domain"]).queryset = visible(Domain.objects.all(), person)


def reading_problem(form: FileForm, error: Exception) -> None:
    """Say at the form's file field why an upload could not be used."""
    if isinstance(error, UnreadableFileError):
        form.add_error("file", error.message)
        return
    logger.exception("an uploaded file could not be stored")
    text = _("The server could not store the file (%(reason)s). Nothing was imported: free space, then try again.")
    form.add_error("file", text % {"reason": getattr(error, "strerror", None) or type(error).__name__})


def went_to(request: HttpRequest, url: str) -> HttpResponse:
    """Lead to a page: by a redirect, or for upload.js, which shows the upload's progress, by telling the address."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"location": url})
    return redirect(url)


def upload_facts() -> dict[str, Any]:
    """Return what both upload pages say beside the form: limits and columns."""
    return {"limits": file_limits(), "accept": ACCEPT, "columns": COLUMNS}


class UploadView(WizardView):
    """The beginning of an import: GET shows the form, POST takes the file."""

    permission = ADD
    step = "file"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(UploadForm(initial={"domain": self.usual_domain()}, person=self.person))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES, person=self.person)
        if not form.is_valid():
            return self.page(form, status=422)
        given = form.cleaned_data
        try:
            batch = steps.upload(
                given["domain"],
                given["file"],
                given["file"].name,
                self.person,
                validate_only=given["validate_only"],
            )
        except (UnreadableFileError, OSError) as error:
            reading_problem(form, error)
            return self.page(form, status=422)
        return went_to(request, step_url(batch, "mapping"))

    def usual_domain(self) -> Domain | None:
        """Return the domain of the person's last import; of a first one, `local`, or the first that they may choose."""
        last = visible(ImportBatch.objects.filter(created_by=self.person), self.person).select_related("domain").first()
        if last:
            return last.domain
        return visible(
            Domain.objects.order_by(Case(When(name=Domain.LOCAL, then=0), default=1), "name"), self.person
        ).first()

    def page(self, form: UploadForm, status: int = 200) -> HttpResponse:
        return self.render("enroll/upload.html", form=form, status=status, **upload_facts())


class FileView(BatchView):
    """Step 1 of a batch that is there: what was uploaded, and a corrected file in its place."""

    post_permission = ADD
    step = "file"
    title = gettext_lazy("Correct the file")
    return_to = "file"

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        return self.page(FileForm())

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(form, status=422)
        file = form.cleaned_data["file"]
        try:
            fits = steps.upload_again(self.batch, file, file.name)
        except (UnreadableFileError, OSError) as error:
            reading_problem(form, error)
            return self.page(form, status=422)
        if fits:
            steps.start_check(self.batch)
            return went_to(request, step_url(self.batch, "check"))
        messages.warning(request, _("The new file has other columns than the last one. Look at the mapping again."))
        return went_to(request, step_url(self.batch, "mapping"))

    def page(self, form: FileForm, status: int = 200) -> HttpResponse:
        return self.render("enroll/file.html", form=form, status=status, **upload_facts())


class SampleView(WizardView):
    """The sample file."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return csv_file.answer(sample_rows(), "hexenroll-sample.csv")
