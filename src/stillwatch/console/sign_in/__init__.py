"""Signing in and out: passwords, passkeys, an OpenID provider, and one-time links."""
