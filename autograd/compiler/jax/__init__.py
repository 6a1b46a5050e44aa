"""Array programs as text of JAX, and trainings on its devices.

Nothing here is imported, and JAX is not, before a program is asked for it.
"""
