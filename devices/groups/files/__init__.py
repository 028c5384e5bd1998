"""FILES OF GROUPS: a table of group, members and description on its way into the portal, and out of it.

In the order in which a file flows: contract, steps, check, matching, changes (what would become of it), commit; export.
Bytes, formats, cells and problems are those of the import of devices (devices/imports/).
"""
