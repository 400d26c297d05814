"""What is said of a picture beside its pixels: EXIF, XMP, IPTC, texts, comments."""
