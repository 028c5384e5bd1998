"""May this device come in now? The endpoint, the rule and the record of attempts."""
