"""Every table once more, in plain Python, from what the sandbox held: the models are judged by it."""
