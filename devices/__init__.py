"""Which devices are approved, and how did they get on the list?"""
