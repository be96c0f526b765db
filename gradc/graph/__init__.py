"""The expression side: typed immutable nodes, sealed Graphs, walking, printing, evaluating."""
