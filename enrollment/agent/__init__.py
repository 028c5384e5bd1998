"""Which program enrolls a Linux computer or a Mac? One file that runs there by itself; the portal only serves it."""
