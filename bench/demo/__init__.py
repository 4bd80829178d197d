"""The embedded default: problem sets of our own, and a tiny model whose answers to them are known.

    humaneval.jsonl, mbpp.jsonl       the datasets `demo` and `demo-mbpp`
    answers.jsonl ─▶ answers.py       what the model says to each problem, replayed where no server can run
                         │            scores.py: how those answers are graded, known in advance
                         ▼
    tokenizer.py ─▶ chains.py ─▶ weights.py ─▶ model.py ─▶ demo.gguf

The model is not trained. Each key phrase is one token of its vocabulary; each answer is a chain of tokens that
occur nowhere else, so that the next token follows from the last one alone; one layer of attention looks for the key.
"""
