"""TIFF and BigTIFF: directories, pages, strips and tiles, in and out."""
