"""Lia, the assistant, in the making: nobody can reach any of this yet.

There are the contract of its engines, the arguments and answers of its tools, the operations that the tools may send,
proposals with their signatures, guards, words, and the dialogues that an engine will have to pass. Conversations,
engines and everything in GraphQL are missing.
"""
