"""What does a message say? Templates, their variables, and the messages made of them."""
