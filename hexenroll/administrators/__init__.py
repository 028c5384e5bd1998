"""Who works in the console, with which roles, in which domains? Pages of administrators and roles, and their rules."""
