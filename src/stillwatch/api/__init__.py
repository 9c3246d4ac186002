"""What `import stillwatch` offers. Each name is loaded by the package when it is used."""
