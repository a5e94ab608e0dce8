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
_QUALIFIER = re.compile(r"\s*\([^)]*\)\Z")


def render_link(inner: str) -> str:
    """The text shown for the content of `[[…]]`.

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
    name = prefix.strip()
    return name.lower() in _HIDDEN or _LANGUAGE.match(name) is not None
