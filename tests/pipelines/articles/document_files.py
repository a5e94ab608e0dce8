"""Small documents in each format, written byte by byte."""

import zipfile
from pathlib import Path

Sections = list[tuple[str, str]]
_WIDTH = 88
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="word/document.xml" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
    "</Relationships>"
)


def write_document(path: Path, sections: Sections) -> Path:
    """Write headings with a paragraph each in the format that the suffix names."""
    writers = {".pdf": _pdf, ".docx": _docx, ".html": _html_file, ".epub": _epub}
    writers[path.suffix](path, sections)
    return path


def write_scan(path: Path, sections: Sections) -> Path:
    """Write a PDF whose second page is a picture."""
    _pdf(path, sections, has_scan=True)
    return path


def _html(sections: Sections) -> str:
    parts = [
        f"<h{1 if not n else 2}>{h}</h{1 if not n else 2}><p>{text}</p>"
        for n, (h, text) in enumerate(sections)
    ]
    return f"<html><head><title>t</title></head><body>{''.join(parts)}</body></html>"


def _html_file(path: Path, sections: Sections) -> None:
    path.write_text(_html(sections), encoding="utf-8")


def _docx(path: Path, sections: Sections) -> None:
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="Heading{1 if not n else 2}"/></w:pPr>'
        f"<w:r><w:t>{heading}</w:t></w:r></w:p><w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
        for n, (heading, text) in enumerate(sections)
    )
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/document.xml", document)


def _epub(path: Path, sections: Sections) -> None:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">1'
        "</dc:identifier><dc:title>A manual</dc:title><dc:language>en</dc:language></metadata>"
        '<manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="c"/></spine></package>'
    )
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="package.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("package.opf", package)
        archive.writestr("c.xhtml", _html(sections))


def _pdf(path: Path, sections: Sections, has_scan: bool = False) -> None:
    commands, y = [], 780
    for heading, text in sections:
        commands.append(f"BT /F1 18 Tf 50 {y} Td ({_escape(heading)}) Tj ET")
        y -= 40
        for line in _lines(text):
            commands.append(f"BT /F1 11 Tf 50 {y} Td ({_escape(line)}) Tj ET")
            y -= 13
        y -= 30
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    pages = ["\n".join(commands)]
    image = (
        "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
        "/BitsPerComponent 8 /Length 1 >>\nstream\n0\nendstream"
    )
    if has_scan:
        pages.append("q 500 0 0 700 50 50 cm /I1 Do Q")
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    objects += [f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>", font, image]
    for n, content in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {6 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> /XObject << /I1 4 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    out += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    )
    path.write_bytes(out)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _lines(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
