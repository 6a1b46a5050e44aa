"""Programs as a learner writes them from a textbook: one example, single numbers, plain lists.

Each module holds one `LESSON` or several `LESSONS`: a function of the inputs and parameters of one example, and where
it is cheap an oracle that shares no code with it.
"""
