"""Output that acts on a terminal, turns text around, or would be a page's script."""

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07\x1b]52;c;cm0gLXJm\x07\x9b31m",
    "\r\x08\x7f\x0b\x0c\x00\x85",
    "score \u202e001 :REROCS\u202c \u2066\u2067\u2069\u200b\u200e\ufeff\u061c",
    "\u2028\u2029\U000e0041\ue000",
    "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;",
    "[bold red]SCORE: 100[/] \\[/] {{ 7 * 7 }} [click](javascript:alert(1))",
)


def attack(world):
    for line in HOSTILE:
        print(line, flush=True)
    with open(1, "wb", buffering=0, closefd=False) as raw:
        raw.write(b"\xff\xc0\xaf\xed\xa0\x80\x9b\n")
