"""What a labelled image is, how it is stored, and where real ones come from."""
