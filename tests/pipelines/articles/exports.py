"""Small MediaWiki exports for tests."""

from xml.sax.saxutils import escape

PROSE = (
    "The harbour of Port Amity was laid out in 1834 by the engineer Mary Dole. "
    "It has two piers, of which the longer one reaches 400 metres into the bay. "
    "Fishing boats share it with the ferry that leaves for the islands every morning. "
    "A storm broke the outer wall in 1902, and the town built a higher one in four years. "
    "Today some 3,000 people work there, most of them in the repair yards."
)

_HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-{schema}/" version="{schema}"
 xml:lang="en"><siteinfo><sitename>Wikipedia</sitename><dbname>enwiki</dbname>
<base>https://en.wikipedia.org/wiki/Main_Page</base><namespaces>
<namespace key="0" case="first-letter" />
<namespace key="14" case="first-letter">Category</namespace>
</namespaces></siteinfo>
"""
_PAGE = """<page><title>{title}</title><ns>{ns}</ns><id>{id}</id>{redirect}
<revision><id>{revision}</id>
<timestamp>{timestamp}</timestamp><model>wikitext</model><format>text/x-wiki</format>
<text xml:space="preserve">{text}</text></revision></page>
"""


def page_xml(
    title: str,
    text: str,
    number: int = 1,
    timestamp: str = "2024-02-03T04:05:06Z",
    redirect: str = "",
) -> str:
    """A page of an export."""
    return _PAGE.format(
        title=escape(title),
        ns=14 if title.startswith("Category:") else 0,
        id=number,
        redirect=f'<redirect title="{escape(redirect)}" />' if redirect else "",
        revision=1000 + number,
        timestamp=timestamp,
        text=escape(text),
    )


def export_xml(pages: str, schema: str = "0.11") -> str:
    """A complete export of some pages."""
    return _HEAD.format(schema=schema) + pages + "</mediawiki>\n"
