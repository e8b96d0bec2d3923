"""Streets, drawn from a generator: what stands in them, where it stands, and in which light."""
