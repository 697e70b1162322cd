"""Every template in every state that looks different, with made-up people, for whoever edits templates.

`stage` is where that happens: a database of its own in memory. `states` are what is shown there, `heads` what
templates say about themselves, `check` what would stop working with a theme.
"""
