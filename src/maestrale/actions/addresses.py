"""`host:port`, as parameters of actions name a server."""


def split_address(text: str, default_port: int) -> tuple[str, int] | None:
    """The host and the port in `name`, `name:port`, an address of IPv6, or one in brackets with a port.

    Returns:
        None: It is none of these.
    """
    name, colon, digits = text.strip().rpartition(":")
    if not colon or (":" in name and not name.endswith("]")):
        name, digits = text.strip(), str(default_port)
    host = name.removeprefix("[").removesuffix("]")
    # A program that is given the host must not take it for an option.
    if not host or host.startswith("-") or any(character.isspace() for character in host):
        return None
    if not (digits.isascii() and digits.isdecimal() and 0 < int(digits) < 65536):
        return None
    return host, int(digits)
