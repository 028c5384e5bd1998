"""How long is an invitation still valid, in one round number? Shown by invitation_page.py beside the exact time."""

from datetime import timedelta

from django.utils.timesince import TIME_STRINGS

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def time_left(left: timedelta) -> str:
    """Return a duration as the nearest whole number of a unit, in the active language.

    | left                          | unit                                |
    |-------------------------------|-------------------------------------|
    | less than an hour             | minutes, at least 1                 |
    | less than two days            | hours; 24 of them are 1 day         |
    | else                          | days, never weeks: as people choose |

    Rounded, not cut off: the page that is opened at once says as many days as were chosen.
    """
    minutes, hours, days = (int(left / unit + 0.5) for unit in (MINUTE, HOUR, DAY))
    if minutes < 60:
        unit, number = "minute", max(1, minutes)
    elif hours != 24 and hours < 48:
        unit, number = "hour", hours
    else:
        unit, number = "day", days
    return str(TIME_STRINGS[unit] % {"num": number}).replace("\xa0", " ")
