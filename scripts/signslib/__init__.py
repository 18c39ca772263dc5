"""What the signs tell of recordings that other people made, rightly and wrongly."""
