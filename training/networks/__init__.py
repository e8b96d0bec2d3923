"""Network architectures, one file a family, and the catalogue of them by name (`training.networks.catalogue`)."""
