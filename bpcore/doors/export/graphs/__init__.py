"""A Program as an ONNX graph: one function of the table after the other, in ONNX's operators."""
