"""The texts of a goal: its content, the writing rules, the catalogue of measures, causes for reviews.

A new writing rule needs a new edition (docs/decisions/0018-editions-of-the-writing-rules.md).
"""
