"""The pages on which an administrator takes a file into the portal. frame.py first: all of them stand in it."""
