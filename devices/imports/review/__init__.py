"""What does the administrator look at, and choose, between the check and the commit? Asked by the wizard's pages.

Of the check: problem_list, and offers (one click for many rows). Of the review: rows and choices, replacement (before
and after), forecast (what the import will do). The choices for the whole batch are a step: steps.py.
"""
