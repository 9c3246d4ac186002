"""Parts of the demo of sharing: planted customers, the wire between the members, and the search for leaks."""
