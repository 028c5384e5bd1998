"""Does the clock start what has to be done again and again?"""

from hexenroll.celery import app

ENTRIES = app.conf.beat_schedule.values()


def test_every_task_of_the_clock_exists_and_expires_before_it_piles_up() -> None:
    app.loader.import_default_modules()
    for entry in ENTRIES:
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] > 0


def test_what_is_kept_for_a_time_only_is_forgotten_by_the_clock() -> None:
    assert {"devices.tasks.forget_old_imports", "invitations.tasks.forget_old_callbacks"} <= {
        entry["task"] for entry in ENTRIES
    }
