"""Weights and their model card, on their way to the Hugging Face Hub."""
