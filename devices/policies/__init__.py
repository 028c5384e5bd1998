"""Policies: what they may say (schema, mobileconfig), said before (versions), and what devices get (effective)."""
