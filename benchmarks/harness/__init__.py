"""What runs workloads: cases and workers (any Python from 3.7), races, variations, reports."""
