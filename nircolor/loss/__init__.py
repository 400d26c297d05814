"""Training losses: differentiable functions of images (b, 3, H, W), sRGB in [0, 1]."""
