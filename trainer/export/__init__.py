"""Adapters as whole models for llama.cpp, Ollama and vLLM."""
