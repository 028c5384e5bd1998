"""Is the page open on the device that it is about, and what is said about that? Called by invitation_page.py."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.vocabulary import Platform

from .platform_detection import Detected
from .platform_steps import WORDS


@dataclass(frozen=True)
class Place:
    """What is known of the place where the page is open.

    Attributes:
        fits: it is, or may be, the platform of the device that the invitation is for.
        should_move: the page should better be opened elsewhere.
        sentences: what is said about it.
    """

    fits: bool
    should_move: bool
    sentences: tuple[str | Promise, ...]


EITHER = _("This looks like a Mac or an iPad, which can't be told apart.")
FITS = _("That is what the invitation is for.")
FITS_IF_MAC = _("The invitation is for a Mac. If this is the Mac, you are in the right place.")
FITS_IF_IPAD = _("The invitation is for an iPhone or iPad. If this is the iPad, you are in the right place.")
NOBODY_KNOWS = _("It can't be told on what kind of device this page is open.")
OTHER_STEPS = _("These are the steps for another kind of device.")


def opened_on(own: Platform, detected: Detected, chosen: Platform | None) -> Place:
    """Compare where the page is open with what the invitation is for.

    | the page is open on                          | it fits | it should move      |
    |----------------------------------------------|---------|---------------------|
    | what the user chose: the device's platform   | yes     | no                  |
    | what the user chose: another one             | no      | yes, unless Apple TV |
    | the device's platform                        | yes     | no                  |
    | a Mac or an iPad, the device is one of these | yes     | no                  |
    | anything else, or nobody knows what          | no      | yes, unless Apple TV |

    Args:
        own: platform of the device that the invitation is for.
        detected: what the browser's headers tell.
        chosen: whose steps the user asked for; None: the user did not choose.
    """
    possible = (chosen,) if chosen else detected.possible
    if own not in possible:
        if chosen:
            here: str | Promise = OTHER_STEPS
        elif len(possible) > 1:
            here = EITHER
        else:
            here = WORDS[possible[0]].looks_like if possible else NOBODY_KNOWS
        return Place(False, own != Platform.TVOS, (here, WORDS[own].open_there))
    if chosen:
        return Place(True, False, ())
    if len(possible) > 1:
        return Place(True, False, (EITHER, FITS_IF_MAC if own == Platform.MACOS else FITS_IF_IPAD))
    return Place(True, False, (WORDS[own].looks_like, FITS))
