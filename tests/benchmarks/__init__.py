"""The model behind the sizing page: its laws, and that it still knows what was measured."""
