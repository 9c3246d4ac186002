"""Asks a proxy with two real clients that try again by themselves, and prints the error of each, a line each.

python refused_clients.py URL CUSTOMER_OF_OPENAI CUSTOMER_OF_ANTHROPIC
"""

from __future__ import annotations

import sys
from typing import Any

import anthropic
import openai

url, first, second = sys.argv[1:]
asked: Any = [{"role": "user", "content": "what is a reef"}]
try:
    openai.OpenAI(base_url=f"{url}/v1", api_key=f"sk-{first}").chat.completions.create(
        model="heron", messages=asked
    )
except openai.APIStatusError as error:
    print(type(error).__name__)
try:
    anthropic.Anthropic(base_url=url, api_key=f"sk-{second}").messages.create(
        model="heron", messages=asked, max_tokens=50
    )
except anthropic.APIStatusError as error:
    print(type(error).__name__)
