"""How does a program import a file? The steps of the wizard: upload, map and check at once; then commit, or discard."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from devices.imports import problems, steps
from devices.imports.mapping import Mapping, MappingError, from_arguments
from devices.imports.reader import UnreadableFileError
from devices.models import Domain, ImportBatch, ImportProblem
from devices.vocabulary import Duplicates
from devices.wizard.frame import ADD, COMMIT, UNDO, VIEW

from .described import DescribedSerializer
from .errors import NotPossibleError
from .file_upload import FileParser
from .frame import AdminApi, NumberOfFilter, VisibleField

MOST_MAPPED = 100


class UploadSerializer(serializers.Serializer):
    """A file, and how it is read."""

    file = serializers.FileField(max_length=255, help_text="CSV or XLSX.")
    domain = VisibleField(queryset=Domain.objects.all(), help_text="Number of the domain of the device users.")
    validate_only = serializers.BooleanField(default=False, help_text="Check the file; nothing can be imported.")
    map = serializers.ListField(
        child=serializers.CharField(max_length=1_000),
        max_length=MOST_MAPPED,
        required=False,
        help_text="Columns, each as FIELD=HEADER; FIELD==VALUE: one value for all rows. Others are recognised.",
    )


class CommitSerializer(serializers.Serializer):
    """What becomes of the rows."""

    on_duplicate = serializers.ChoiceField(
        Duplicates.choices, default=Duplicates.SKIP, help_text="Of rows whose user or device is in the portal already."
    )
    accept_good_rows = serializers.BooleanField(
        default=False, help_text="Import the rows without errors, leave the others."
    )


class ImportBatchSerializer(DescribedSerializer):
    """An import."""

    failure = serializers.SerializerMethodField(help_text="Why the last step failed; empty: it didn't.")
    counts = serializers.DictField(read_only=True, help_text="How many rows, by what became of them.")
    created_by = serializers.CharField(source="created_by.username", default="", help_text="Who uploaded it.")

    class Meta:
        model = ImportBatch
        fields = (
            *("id", "domain", "file_name", "file_size", "sha256", "state", "progress", "validate_only", "duplicates"),
            *("accept_good_rows", "channel", "counts", "failure", "created_by", "created_at", "committed_at"),
        )
        read_only_fields = fields

    def get_failure(self, batch: ImportBatch) -> str:
        return str(batch.failure.get("message", "")) if batch.failure else ""


class ProblemSerializer(DescribedSerializer):
    """Something wrong, or odd, in a file."""

    message = serializers.SerializerMethodField(help_text="What is wrong, and what to do.")

    class Meta:
        model = ImportProblem
        fields = ("id", "line", "column", "value", "code", "severity", "message", "suggestion")

    def get_message(self, problem: ImportProblem) -> str:
        return problems.message(problem.code, column=problem.column, value=problem.value, detail=problem.detail)


class ImportBatchFilter(django_filters.FilterSet):
    """Imports by state and domain."""

    state = django_filters.ChoiceFilter(choices=ImportBatch.State.choices, help_text="How far it is.")
    domain = NumberOfFilter(field_name="domain_id", help_text="Number of its domain.")


class ImportBatchApi(mixins.ListModelMixin, mixins.RetrieveModelMixin, AdminApi):
    """Imports."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": (ADD, VIEW),
        "problems": VIEW,
        "commit": (COMMIT, VIEW),
        "undo": (UNDO, VIEW),
        "destroy": (ADD, VIEW),
    }
    http_method_names = ("get", "head", "options", "post", "delete")
    serializer_class = ImportBatchSerializer
    queryset = ImportBatch.objects.select_related("created_by").defer("headers", "mapping", "fixes", "file_format")
    filterset_class = ImportBatchFilter

    @extend_schema(
        summary="Upload a file, and have it checked",
        description="The check is a worker's: ask for the import until its state is `ready` or `failed`.",
        request={"multipart/form-data": UploadSerializer},
        responses={201: ImportBatchSerializer},
    )
    def create(self, request: Request) -> Response:
        sent = UploadSerializer(data=request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        file = given["file"]
        try:
            only = given["validate_only"]
            batch = steps.upload(given["domain"], file, file.name, self.person, validate_only=only)
        except UnreadableFileError as error:
            raise ValidationError({"file": [error.message]}) from error
        try:
            steps.save_mapping(batch, self._mapping(batch, given.get("map")))
            steps.start_check(batch)
        except (UnreadableFileError, MappingError, steps.StepError) as error:
            steps.discard(batch)
            name = "file" if isinstance(error, UnreadableFileError) else "map"
            raise ValidationError({name: [str(getattr(error, "message", error))]}) from error
        return Response(self.get_serializer(batch).data, status=status.HTTP_201_CREATED)

    def _mapping(self, batch: ImportBatch, given: list[str] | None) -> Mapping:
        return from_arguments(batch.headers, given) if given else steps.suggestion(batch).mapping

    @extend_schema(
        summary="List what is wrong in a file",
        responses=ProblemSerializer(many=True),
    )
    @action(methods=["get"], detail=True, filter_backends=[])
    def problems(self, request: Request, pk: str) -> Response:
        found = ImportProblem.objects.filter(batch=self.get_object())
        page = self.paginate_queryset(found)
        return self.get_paginated_response(ProblemSerializer(page, many=True).data)

    @extend_schema(
        summary="Import the checked rows",
        description="A worker imports them: ask until the state is `committed`. Back in `ready`, `failure` says why.",
        request=CommitSerializer,
        responses={202: ImportBatchSerializer},
    )
    @action(methods=["post"], detail=True)
    def commit(self, request: Request, pk: str) -> Response:
        batch = self.get_object()
        sent = CommitSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        good = given["accept_good_rows"]
        try:
            none = ImportBatch.Channel.NONE
            steps.choose(batch, duplicates=given["on_duplicate"], channel=none, accept_good_rows=good)
            steps.start_commit(batch, self.person)
        except steps.StepError as error:
            raise NotPossibleError(str(error)) from error
        return Response(self.get_serializer(batch).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Take an import back", request=None, responses={202: ImportBatchSerializer})
    @action(methods=["post"], detail=True)
    def undo(self, request: Request, pk: str) -> Response:
        batch = self.get_object()
        try:
            steps.start_undo(batch, self.person)
        except steps.StepError as error:
            raise NotPossibleError(str(error)) from error
        return Response(self.get_serializer(batch).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Discard a file that is not imported", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        try:
            steps.discard(self.get_object())
        except steps.StepError as error:
            raise NotPossibleError(str(error)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_parsers(self) -> list[Any]:
        return [FileParser()] if getattr(self, "action_map", {}).get("post") == "create" else super().get_parsers()
