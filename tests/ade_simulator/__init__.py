"""What does Apple's device enrollment service answer? A simulator of it, for tests and for `make run` without Apple.

`python -m tests.ade_simulator` runs it in a process of its own, on this machine only; tests ask for the fixture
`ade_simulator` (running.py). It imports nothing of the portal, and only packages of requirements/run.in.
"""
