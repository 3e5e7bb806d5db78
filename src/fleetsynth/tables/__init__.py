"""Rows as they are published: laid out, digested, counted, with what they say of their making."""
