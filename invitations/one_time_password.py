"""How does a one-time password look that nobody chose? Made when a device without one is invited."""

import secrets

# Without look-alikes: 0 O o, 1 l I i, 2 Z z, 5 S s, 8 B, u v, and without upper case, which is tedious on a phone.
ALPHABET = "abcdefghjkmnpqrtwxy34679"
LENGTH = 12  # 24^12: 55 bits; guesses are limited besides


# Bytes from here on would make the first letters of the alphabet likelier than the others.
FAIR = 256 // len(ALPHABET) * len(ALPHABET)


def generate() -> str:
    """Return a new one-time password, 12 characters that can't be mistaken for one another."""
    letters: list[str] = []
    while len(letters) < LENGTH:  # one call of the system for all of them: an import needs 100,000 passwords
        letters += [ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(2 * LENGTH) if byte < FAIR]
    return "".join(letters[:LENGTH])
