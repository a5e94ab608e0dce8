"""The mini's tokenizer and chat template.

Byte-level BPE with GPT-2's splitting rule, which llama.cpp reads too: no normalizer, no prefix
space. The template puts a space before each message and after each newline, so a word has the same
tokens in a passage, a question and an answer.
"""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

PAD, BOS, EOS, SYSTEM, USER, ASSISTANT = range(6)
SPECIAL = ("<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% set said = ' ' + (m['content'] | trim | replace('\\n', '\\n ')) %}"
    "{% if m['role'] == 'assistant' %}"
    "<|assistant|>{% generation %}{{ said + eos_token }}{% endgeneration %}"
    "{% else %}{{ '<|' + m['role'] + '|>' + said + eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def train_tokenizer(texts: Iterable[str], vocabulary: int, context: int) -> PreTrainedTokenizerFast:
    """Train a tokenizer with `vocabulary` tokens on texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[PAD],
        bos_token=SPECIAL[BOS],
        eos_token=SPECIAL[EOS],
        additional_special_tokens=list(SPECIAL[SYSTEM:]),
        model_max_length=context,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = TEMPLATE
    return fast
