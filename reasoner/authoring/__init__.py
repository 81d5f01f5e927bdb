"""What an author of a policy is given: a scaffold, a guide to the next missing piece, a tutorial."""
