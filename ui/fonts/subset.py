"""Cuts the till's two faces out of Noto Sans CJK; see README.md beside it."""

from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection

SOURCE = Path("/usr/share/fonts/opentype/noto")
FACE = "Noto Sans CJK SC"
FAMILY = "Noto Sans SC"


def gb2312():
    """The hanzi and signs of GB 2312, in code order."""
    for row in [*range(0xA1, 0xAA), *range(0xB0, 0xF8)]:
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                pass  # An unassigned cell.


def wanted():
    """Every character the till can draw without the system's fonts."""
    yield from gb2312()
    yield from range(0x0020, 0x007F)  # ASCII
    yield from range(0x00A0, 0x0180)  # Latin-1 and Extended-A
    yield from range(0x2010, 0x2040)  # general punctuation
    yield from range(0x20A0, 0x20C0)  # currency
    yield from range(0x2150, 0x2190)  # fractions and Roman numerals
    yield from range(0x3000, 0x3040)  # CJK punctuation
    yield from range(0xFF00, 0xFFF0)  # full-width forms
    yield from map(ord, "←↑→↓↵⇧⌫⌥⏎−≈≠≤≥×÷★☆✓✔✕✗✘●○■□▲△▼▽▶◀◆◇℃㎏㎡㎝㎎㎜№™℠")
    # Characters of people's names and of goods that GB 2312 lacks.
    yield from map(ord, "喆玥珺瑄堃昇镕翀煊玮淏昕晗梓甯祎弢頔彧旻洺鋆赟曌犇骉堃榉槟煲煸馕糍啫囍噜嘢")


def subset(weight):
    """Writes one face."""
    collection = TTCollection(SOURCE / f"NotoSansCJK-{weight}.ttc")
    font = next(face for face in collection.fonts if face["name"].getDebugName(1).startswith(FACE))
    options = Options()
    # No OpenType features: figures stay tabular and no pair is kerned.
    options.layout_features = []
    options.hinting = False
    options.desubroutinize = False
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx", "GPOS", "GSUB", "GDEF", "DSIG"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)

    names = {1: FAMILY, 3: f"{FAMILY} {weight} subset", 4: f"{FAMILY} {weight}", 6: f"NotoSansSC-{weight}"}
    for record in list(font["name"].names):
        if record.nameID in names:
            font["name"].setName(names[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID)
    cff = font["CFF "].cff
    cff.fontNames = [f"NotoSansSC-{weight}"]
    top = cff.topDictIndex[0]
    top.FamilyName, top.FullName = FAMILY, f"{FAMILY} {weight}"

    # Figures share one width, or columns of money would not align.
    digits = {font["hmtx"][font.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}
    assert len(digits) == 1, digits

    font.recalcTimestamp = False
    font.save(Path(__file__).with_name(f"NotoSansSC-{weight}.otf"))


for weight in ["Regular", "Bold"]:
    subset(weight)
