"""How does a file become pre-approved devices? The pipeline, in the order in which a file flows through it:

columns (the CSV contract) and cells (what one cell may hold) -> reader (bytes to rows) -> mapping (which column is
which field) -> check (rows to staging, with every problem) -> review (choices) -> commit -> undo.
"""
