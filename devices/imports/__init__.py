"""How does a file become pre-approved devices? The pipeline, in the order in which a file flows through it:

columns (the CSV contract) -> reader (bytes to rows) -> mapping (which column is which field) -> check (rows to staging,
with every problem) -> review (what is looked at and chosen) -> commit -> undo. steps: what moves a batch along it.
"""
