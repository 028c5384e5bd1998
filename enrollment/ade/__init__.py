"""Apple ADE accounts: whose devices are pre-approved the moment they are bought."""
