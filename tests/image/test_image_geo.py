"""The georeference of a TIFF, from file to file, as rasterio sees both."""
