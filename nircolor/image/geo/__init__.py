"""Where a picture lies on the Earth, and files that are read or written by way of GDAL."""
