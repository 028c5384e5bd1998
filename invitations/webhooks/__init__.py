"""What do providers report about the messages that they took? The views that take their signed callbacks.

Each asks in the same order: is it small and of the right kind (bounds.py), is it signed, was it taken before
(replay.py); only then it is read. Whoever has no signature learns nothing but that.
"""
