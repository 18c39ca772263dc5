"""Lists as the steward tends them: fetched, kept, made into the one file that the nameserver maps."""
