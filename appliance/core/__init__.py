"""What decides: bytes, values and a time go in, values come out; nothing here touches the machine."""
