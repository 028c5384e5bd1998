"""The administrators' REST API of invitations."""
