"""What devices and agents call over HTTP: plain views, JSON in and out."""
