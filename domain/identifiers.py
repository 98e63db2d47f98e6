"""The forms of single values that have one: references, codes, hashes, keys, addresses."""

from typing import Final

from domain.fields import Text

REFERENCE: Final = Text(64, r"[A-Z0-9][A-Z0-9.-]{1,63}", "2 to 64 of A-Z 0-9 . - beginning with a letter or digit")
PROGRAMME_CODE: Final = Text(64, r"[a-z0-9][a-z0-9-]{1,63}", "2 to 64 of a-z 0-9 - beginning with a letter or digit")
PARTNER_CODE: Final = Text(32, r"[A-Z0-9][A-Z0-9-]{0,31}", "1 to 32 of A-Z 0-9 - beginning with a letter or digit")
ACTOR: Final = Text(64, r"[a-z0-9][a-z0-9-]{1,63}", "2 to 64 of a-z 0-9 - beginning with a letter or digit")
THEME: Final = Text(64, r"[a-z0-9][a-z0-9-]{0,63}", "1 to 64 of a-z 0-9 - beginning with a letter or digit")
EXTERNAL_ID: Final = Text(128, r"[A-Za-z0-9._:/-]{1,128}", "1 to 128 of A-Z a-z 0-9 . _ : / -")
SHA256: Final = Text(64, r"[0-9a-f]{64}", "64 hexadecimal digits in lower case")
ORIGIN: Final = Text(200, r"[!-*,-~]+", "1 to 200 visible ASCII characters without plus")
VERIFIER_KEY: Final = Text(300, r"[!-*,-~]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*", "<name>+<8 hexadecimal digits>+<base64>")
UTC_INSTANT: Final = Text(
    27, r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", "an instant of UTC with six decimals"
)
LANGUAGE: Final = Text(35, r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", "a BCP 47 tag such as en or pt-BR")
URL: Final = Text(2_000, r"https?://[!-~\u00a1-\uffff]+", "an http or https address")
DECIMAL: Final = Text(40, r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?", "a decimal number in quotes, such as “12.50”")
