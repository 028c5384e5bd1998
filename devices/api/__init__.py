"""The administrators' REST API of devices, device users, groups, policies, domains and imports."""
