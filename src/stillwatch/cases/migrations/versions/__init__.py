"""How the store's schema came to be what it is: one file for each revision, up and down."""
