"""A page that colorizes pictures in the browser: what it is made of, and how it becomes a folder to be served."""
