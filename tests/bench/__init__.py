"""How fast, how small: our server, a C relay that shows what the kernel allows, and other chat servers, in one run.

    python -m tests.bench [--quick]        (make bench; README.md here says how to read it)
"""
