"""Reading, saving, discarding and publishing at Marketplace, and what became of it."""
