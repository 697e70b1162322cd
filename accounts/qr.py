import segno


def qr_code(text: str) -> dict[str, int | str]:
    """Return a QR code to draw: how many squares it is wide, and a path around the dark ones, for SVG."""
    rows = list(segno.make_qr(text, error="m").matrix_iter(border=4))
    dark = [(x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark]
    return {"size": len(rows), "path": "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)}
