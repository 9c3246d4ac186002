"""Parts of bench/console.py."""
