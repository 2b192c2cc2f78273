"""The portal’s own pages."""
