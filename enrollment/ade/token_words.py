"""Why did a file give no token, and what to upload instead? Said on the page of the token and by `ade_account`."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .token_file import TokenProblem

_FIND_IT: Final = _("The token file comes from “Download Token” at Apple; its name ends in “_smime.p7m”.")
# What the file is, and what to do about it.
TOKEN_WORDS: Final[dict[TokenProblem, tuple[str | Promise, str | Promise]]] = {
    TokenProblem.EMPTY: (_("The file is empty."), _("Download the token at Apple once more, and upload that file.")),
    TokenProblem.TOO_LARGE: (_("The file is far too large for a server token, which has a few kilobytes."), _FIND_IT),
    TokenProblem.NOT_A_TOKEN_FILE: (_("This is not a server token of Apple's."), _FIND_IT),
    TokenProblem.IS_CERTIFICATE: (
        _("This is a certificate or public key, such as the one that you uploaded at Apple, and not the token."),
        _FIND_IT,
    ),
    TokenProblem.IS_PRIVATE_KEY: (
        _("This is a private key, and not the token. Keep it to yourself: nothing needs it here."),
        _FIND_IT,
    ),
    TokenProblem.IS_ARCHIVE: (
        _("This is an archive (ZIP), or an XLSX workbook, and not the token."),
        _("If the token is in it, unpack it, and upload the file whose name ends in “_smime.p7m”."),
    ),
    TokenProblem.IS_PROPERTY_LIST: (
        _("This is a property list, such as a configuration profile, and not the token."),
        _FIND_IT,
    ),
    TokenProblem.IS_WEB_PAGE: (
        _("This is a web page that was saved, and not the token."),
        _("Download the token with the button at Apple; don’t save the page."),
    ),
    TokenProblem.IS_TABLE: (_("This is a table (CSV), such as a list of devices, and not the token."), _FIND_IT),
    TokenProblem.IS_CONTENT_TOKEN: (
        _("This is a content token for Apps and Books (.vpptoken), and not the token of a device management server."),
        _("Open the device management service at Apple, not “Payments and Billing”, and download its token there."),
    ),
    TokenProblem.IS_OPEN_TOKEN: (
        _("This is JSON, such as a token that somebody decrypted already."),
        _("Upload the file as Apple gave it: only that one shows that it was made for this account."),
    ),
    TokenProblem.OTHER_KEY: (
        _("Apple made this token for another public key than the one of this account."),
        _("Upload the public key of this account at Apple, save there, then download the token again."),
    ),
    TokenProblem.DAMAGED: (
        _("The file is damaged: it begins like a token and can’t be read to its end."),
        _("Download the token at Apple once more, and upload it without opening or changing it."),
    ),
    TokenProblem.UNKNOWN_CIPHER: (
        _("The token is encrypted in a way that the portal doesn’t know."),
        _("Download it at Apple once more, and upload that file as it is. If this stays so, tell the maintainers."),
    ),
    TokenProblem.INCOMPLETE: (
        _("The file could be opened, but a part of the token is missing in it."),
        _("Download the token at Apple once more, and upload that file."),
    ),
    TokenProblem.EXPIRED: (
        _("This token has expired: each is good for one year."),
        _("Download a new token at Apple, and upload that one."),
    ),
}


def words_of(problem: TokenProblem) -> str:
    """Return what is wrong with a file, and what to do, as two sentences."""
    what, do = TOKEN_WORDS[problem]
    return f"{what} {do}"
