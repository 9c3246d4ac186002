"""What pages show of tables that grow with the accounts: sums and single rows."""
