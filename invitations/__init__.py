"""Who was told about a device, and did it arrive? The messages to device users."""
