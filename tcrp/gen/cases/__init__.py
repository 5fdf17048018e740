"""The vectors as people chose them: what goes in, what must come out, and why. `tcrp.gen.cases.vectors` writes them.

One module a file of spec/vectors, each with one function: it is called whenever the vectors are rendered, so that
octets follow the schemas. `case` has the short ways to write a case, `refusal` those for fields
that must not be encoded, `playbook` those to write a dialogue.
An id keeps its meaning for ever: a case that changes its meaning gets another id.
"""
