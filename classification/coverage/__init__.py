"""What is classified and what is not: counts and exports."""
