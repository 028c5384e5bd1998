"""How is a passkey renamed and removed? allauth's views, in the console's frame."""

from typing import Any

from allauth.mfa.webauthn.views import EditWebAuthnView, RemoveWebAuthnView


class _NamedView:
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Leave out `object`: the frame would lead to the list of its kind, which the console doesn't have."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        context["passkey"] = context.pop("object")
        return context


class RenamePasskeyView(_NamedView, EditWebAuthnView):
    pass


class RemovePasskeyView(_NamedView, RemoveWebAuthnView):
    pass
