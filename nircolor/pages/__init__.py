"""What all HTML pages share: their head and safety, their style, numbers and names as text, thumbnails, axes, lines.

Every page is one file that needs nothing but a browser. Its content security policy lets the browser run and show only
what is in the page: whatever a hostile file name might smuggle in, nothing is run and nothing is fetched.
"""
