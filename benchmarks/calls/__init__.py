"""What calls cost beside the kernels they run."""
