"""What do pages of lower layers show of invitations? Their templates may link up; their code may not."""
