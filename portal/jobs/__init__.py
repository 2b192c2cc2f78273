"""Long work and what only one may do at a time: jobs, leases, processes, and calls made for a page."""
