"""Device groups: rules, membership, rights, files."""
