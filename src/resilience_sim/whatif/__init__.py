"""The what-if page: sliders in, the arms side by side out, on this machine alone.

`cases` composes what can be chosen, `scenario` turns sliders into settings, `live` runs them stage by
stage, `ahead` begins the first run while Streamlit starts, `telling` and `compare` make numbers of what
came out, `sharing` files of it, `charts` pictures; `page` and `views` only lay out. Nothing but these two
knows Streamlit. It stands above the command line, from which it takes the composition of cases.
"""
