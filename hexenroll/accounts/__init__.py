"""How administrators sign in: password, second step, passkey, sign-on, sessions (docs/sign-in.md)."""
