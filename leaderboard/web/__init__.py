"""Boards as web pages."""
