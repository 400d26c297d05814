"""Data sets of NIR/RGB pairs on disk. Knows nothing of models; never imports torch."""
