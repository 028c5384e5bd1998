"""What happened with devices, as tables to read, print, take away as a file, and get by mail.

A report is a small class with a file of its own; registry.py lists them.
"""
