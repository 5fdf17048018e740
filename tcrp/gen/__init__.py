"""The generator: schemas, constants and state tables -> IR (`model`) -> one text per artefact.

    python -m tcrp.gen            write every artefact
    python -m tcrp.gen --check    compare with the files, print what differs, exit 1 if anything does
    python -m tcrp.gen --list     name the artefacts

`introspect` reads, `model` holds, each renderer is a function `render(model) -> str`. Only this package and
the tests import it; what it writes needs nothing of it.
"""
