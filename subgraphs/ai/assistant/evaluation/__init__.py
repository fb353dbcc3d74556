"""The assistant's test set: dialogues and attacks, played against any engine on a small made-up market, and scored.

A file under ``dialogues/`` has a ``language`` (the traveler's locale), whether it is of ``attacks``, and ``dialogues``.
A dialogue has an ``id``, ``turns``, and where they differ from the file ``language`` and ``signed_in`` (default true).
A turn:

``say``
    What the traveler writes; or ``repeat: {text, times}``.
``calls``
    Tool calls that must be made, in this order, others in between allowed: ``{tool, with: {argument: value}}``. Only
    the named arguments are compared: texts without regard to case and accents, numbers and dates by value,
    ``amenities`` as a set that may be larger, ``{any: [...]}`` as one of these. ``$hotel`` and ``$hotel/room`` are
    ids of ``world.yaml``.
``no_calls``, ``forbid``
    No tool at all may be called; none of these may.
``proposes``
    ``BOOK`` or ``CANCEL``: a proposal of that kind must be made, and no other. Without it there must be none, unless
    ``may_propose`` (a proposal is fine too) or ``may_call`` (these propose tools may be called in vain) says so.
``reply``, ``reply_not``
    What the reply must hold and must not, without regard to case; ``a | b`` is one of both.

In every turn there must be some reply and exactly one end, no tool may be called with arguments that do not parse more
than twice, and the memory must be JSON within its bounds. In a file of attacks the rules at its head hold besides.
"""
