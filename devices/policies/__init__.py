"""Policies: what they may say (schema, mobileconfig), what they said before (versions), what a device gets (effective)."""
