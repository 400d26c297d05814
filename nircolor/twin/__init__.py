"""Weights as an ONNX file, and that file at work in onnxruntime: colours on a CPU without torch."""
