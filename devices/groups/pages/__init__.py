"""Pages about the devices of groups, beside the form: members, the preview of a rule, files of groups."""
