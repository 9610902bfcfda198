"""What the budgets of the architecture promise, measured. Run `python -m benchmarks`."""
