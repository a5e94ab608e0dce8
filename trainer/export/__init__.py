"""Export adapters as complete models for llama.cpp, Ollama and vLLM."""
