"""THE DEVICE LIST: what it shows of a million devices, page by page. Filters are in devices/filters.py."""
