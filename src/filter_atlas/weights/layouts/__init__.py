"""Finding VGG16's convolutions in each kind of file."""
