"""DEVICE GROUPS: which devices are in one, by hand, by its rule or by a file, and who may change that?"""
