"""Which files do the tests upload? Generators of good and bad ones."""
