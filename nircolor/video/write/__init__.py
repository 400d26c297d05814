"""Where frames go: videos, pieces of them that can be gone on with, folders of pictures."""
