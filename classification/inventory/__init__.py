"""Reading a site into the database: scans, refreshes, rows and their order."""
