"""Who may use the console: users, what they sign in with, sessions, tokens, and the log of access."""
