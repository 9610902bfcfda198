"""For our tests and our users' tests: a fake clock, builders, the pure core on a stage, the simulator,
and `cases`, which runs the tests that authors of workflows write.

Nothing here mocks a part of the program: the stage runs the real core, the simulator the real engine's
ledger and a real store.
"""
