"""One file a peer: `about()`, and a function a workload that gives its Task."""
