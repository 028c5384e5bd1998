"""API keys: by which programs work with the portal as an account (docs/rest-api.md)."""
