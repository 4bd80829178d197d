"""The built-in demo: two small datasets, and a tiny model whose answers to them are known.

    humaneval.jsonl, mbpp.jsonl               the datasets `demo` and `demo-mbpp`
    answers.jsonl ─▶ bundled_answers.py       the model's answers, replayed where no server can run
                         │                    scores.py: their scores, known in advance
                         ▼
    tokenizer.py ─▶ chains.py ─▶ weights.py ─▶ model.py ─▶ demo.gguf

The model is not trained. Each key phrase is one token of its vocabulary; each answer is a chain of tokens that occur
nowhere else, so that a token determines the next one; one layer of attention searches for the key.
"""
