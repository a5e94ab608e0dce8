"""The text that a wiki link shows."""

import re

_FILES = (
    "file image media datei bild fichier archivo imagen immagine ficheiro imagem файл изображение "
    "картинка bestand afbeelding plik grafika ファイル 画像 文件 档案 檔案 圖像 图像 파일 그림 "
    "fil lêer beeld dosya resim berkas soubor tiedosto slika קובץ ملف صورة پرونده"
)
_CATEGORIES = (
    "category kategorie catégorie categoría categoria категория категорія categorie kategoria "
    "kategori カテゴリ 分类 分類 luokka kategorija 분류 קטגוריה تصنيف رده"
)
_HIDDEN = frozenset(f"{_FILES} {_CATEGORIES}".split())
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[a-z]{2,8})*|simple)\Z")
_WITH_A_PREFIX = frozenset(
    [
        "w",
        "wikt",
        "wiktionary",
        "wikipedia",
        "s",
        "wikisource",
        "q",
        "wikiquote",
        "d",
        "c",
        "commons",
    ]
)
_QUALIFIER = re.compile(r"\s*\([^)]*\)\Z")


def link_text(inner: str) -> str:
    """The text shown for what stands between `[[` and `]]`.

    Files, categories and links to the same page in another language show nothing. The pipe trick
    (`[[Mercury (planet)|]]`) shows the title without its qualifier.
    """
    target, pipe, label = inner.partition("|")
    if "\n" in target:
        return inner
    prefix, colon, rest = target.partition(":")
    if colon and prefix and _is_hidden(prefix):
        return ""
    if pipe:
        return label.strip("\n") or _QUALIFIER.sub("", rest if colon else target)
    return target.lstrip(":")


def _is_hidden(prefix: str) -> bool:
    name = prefix.strip().lower()
    if name in _HIDDEN:
        return True
    return name not in _WITH_A_PREFIX and _LANGUAGE.match(prefix.strip()) is not None
