"""Benchmarks; see benchmarks/throughput.py."""
