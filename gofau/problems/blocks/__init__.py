"""What problems are built of: layers, networks, augmentation. These files need torch."""
