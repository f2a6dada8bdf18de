"""The media type of an address by its suffix: a table of our own, since those of operating systems differ."""

from __future__ import annotations

_TYPES = {
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "wma": "audio/x-ms-wma",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4v": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "ogv": "video/ogg",
    "webm": "video/webm",
    "wmv": "video/x-ms-wmv",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "doc": "application/msword",
    "epub": "application/epub+zip",
    "gz": "application/gzip",
    "json": "application/json",
    "pdf": "application/pdf",
    "srt": "application/x-subrip",
    "torrent": "application/x-bittorrent",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "zip": "application/zip",
}


def type_by_suffix(url: str) -> str | None:
    """The media type by the suffix of the path; None if it has none, or one that is not in the table. Never raises."""
    path = url.partition("#")[0].partition("?")[0]
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return _TYPES.get(suffix.lower()) if dot else None
