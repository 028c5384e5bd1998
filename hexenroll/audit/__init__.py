"""THE AUDIT LOG: who did what to which object, from where, before and after. Never changed, and without secrets."""
