"""The last step of the import wizard, Send, and the pages of what it started. hexenroll/urls.py lists them."""
