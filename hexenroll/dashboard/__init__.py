"""The console's first page: how far are the devices, what needs somebody, and what happened last?"""
