"""A gentle second look at what an observer writes: hints beside a field, never a block. Pure.

Four things are noticed in Spanish words, whatever their accents and endings, and only in whole
words (`mal` is not in `animal`):

- words that judge instead of telling what happened, with why, and what to say instead. What stands
  between quotation marks was said in the lesson, and is never judged;
- diagnoses, also between quotation marks;
- names of the class list, as in the notes of the coding screen; `Tomas` without its accent is read
  as the verb;
- a note that does not tell what was seen: shorter than four words; or without any verb of doing or
  saying that is known here, and either short or with a word of praise or blame. A long note
  without a known verb raises nothing: the lists below are short, and a false alarm costs more
  than a silence. A quotation always tells something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from observe.text import WORD, Message, message, named, plain

SHORTEST_NOTE: Final = 4  # words
SHORT_NOTE: Final = 8  # words: with so few, a note that does something says so
_QUOTED: Final = re.compile(r"«[^»]*»|“[^”]*”|\"[^\"]*\"")
_QUOTE: Final = " quotedspeech "  # keeps the words before and after it apart


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


@dataclass(frozen=True)
class Rule:
    """Words to look at twice: a pattern of plain words, and why, with what to say instead."""

    pattern: str
    why: Message
    not_after: frozenset[str] = frozenset()  # plain words before it that make it harmless
    not_before: frozenset[str] = frozenset()


_SENTIR: Final = _words(
    "sentir sentirse siento sientes siente sienten sentia sentian sintio sintieron sintiendo"
)
_IN_TALES: Final = _words("lobo loba bruja brujo personaje hada rey reina madrastra")

JUDGEMENTS: Final = (
    Rule(
        r"debil(es|idad|idades)?|deficien(te|tes|cia|cias)|insuficientes?|carencias?|pesim[oa]s?"
        r"|incompetentes?|incapa(z|ces)|peor(es)?|fallaste|te falt(a|an|o|aron|aba|aban)",
        message("it judges what was missing. Say what happened, and then what could be tried."),
    ),
    Rule(
        "mal",
        message("it grades without telling. Say what was done or said, and what followed."),
        not_after=_SENTIR | {"menos"},
    ),
    Rule(
        "mal[oa]s?",
        message("it grades without telling. Say what was done or said, and what followed."),
        not_after=_IN_TALES,
    ),
    Rule(
        "nunca|jamas",
        message("one lesson does not show that. Say what happened this time, or how often."),
    ),
    Rule(
        "siempre",
        message("one lesson does not show that. Say what happened this time, or how often."),
        not_after=frozenset({"para"}),
        not_before=frozenset({"que", "y"}),  # siempre que, siempre y cuando
    ),
    Rule(
        "deberias|debieras|debiste|tendrias que|tienes que",
        message("it gives an order. Offer it: “you could try…”, “what would happen if…?”."),
    ),
    Rule(
        r"floj[oa]s?|malcriad[oa]s?|porfiad[oa]s?|manos[oa]s?|agresiv[oa]s?|conflictiv[oa]s?"
        r"|(ninos?|ninas?|estudiantes?|alumn[oa]s?|curso) problematic[oa]s?|manipulador(a|es|as)?"
        r"|autoritari[oa]s?|irrespetuos[oa]s?|fomes?|aburrid[oa]s?",
        message("it labels a person or the lesson. Say what she or he did or said."),
    ),
    Rule(
        "evaluacion docente|fiscalizacion",
        message("this goes along with her work; it does not evaluate her. Say what it is for."),
    ),
)

_NOT_OURS: Final = message(
    "a diagnosis is not ours to write, and it follows a child. Say what she or he did."
)
DIAGNOSES: Final = (
    Rule(
        r"tdah?|autis(ta|tas|mo)|asperger|hiperactiv(o|a|os|as|idad)|hiper(kin|quin)etic[oa]s?"
        r"|deficit (de )?atencion(al)?|dislexi(a|c[oa]s?)|discalculia|disfasia|trastornos?"
        r"|sindromes?|discapaci(dad|dades|tad[oa]s?)|retraso (mental|madurativo|cognitivo"
        r"|del lenguaje)|epilep(sia|tic[oa]s?)|depresi(on|v[oa]s?)|diagnosticad[oa]s?",
        _NOT_OURS,
    ),
)
# Small letters make other words of these.
_AS_CAPITALS: Final = re.compile(r"(?<!\w)(TEA|TEL|SDA|NEE[PT]?)(?!\w)")
_ALSO_VERBS: Final = frozenset({"tomas"})


# --- hints ---------------------------------------------------------------------------------------


def of_note(text: str, names: frozenset[str] = frozenset()) -> tuple[Message, ...]:
    """Return what to look at twice in a note that should tell what was seen and heard."""
    return (*of_words(text, names), *_unseen(text))


def of_words(text: str, names: frozenset[str] = frozenset()) -> tuple[Message, ...]:
    """Return what to look at twice in other words for an educator; `names` are plain words.

    >>> [str(hint) for hint in of_words("Nunca esperas; una niña dice: «está mal».")]
    ['“Nunca”: one lesson does not show that. Say what happened this time, or how often.']
    """
    told = list(_Words.of(_QUOTED.sub(_QUOTE, text)).told(JUDGEMENTS))
    return (*told, *of_children(text, names))


def of_children(text: str, names: frozenset[str] = frozenset()) -> tuple[Message, ...]:
    """Return the diagnoses and the names of the class list in `text`, of whatever it tells."""
    diagnoses = _Words.of(text).told(DIAGNOSES)
    capitals = dict.fromkeys(_AS_CAPITALS.findall(text))
    return (
        *diagnoses,
        *(_hint(word, _NOT_OURS) for word in capitals),
        *(
            message(
                "“%(word)s” is on the class list: write “a girl”, “a boy” or the list number.",
                word=name,
            )
            for name in named(text, names)
            if name.casefold() not in _ALSO_VERBS
        ),
    )


def _hint(word: str, why: Message) -> Message:
    return message("“%(word)s”: %(why)s", word=word, why=why)


@dataclass(frozen=True)
class _Words:
    """A text as its words, and as they are compared: `plain`, joined by single spaces."""

    typed: tuple[str, ...]
    plain: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Words:
        typed = tuple(WORD.findall(text))
        return cls(typed, tuple(plain(word) for word in typed))

    def told(self, rules: Iterable[Rule]) -> Iterator[Message]:
        """Tell each word that a rule notices, once."""
        for rule in rules:
            for found in dict.fromkeys(self._found(rule)):
                yield _hint(found, rule.why)

    def _found(self, rule: Rule) -> Iterator[str]:
        joined = " ".join(self.plain)
        for match in re.finditer(rf"(?<!\S)(?:{rule.pattern})(?!\S)", joined):
            first = joined.count(" ", 0, match.start())
            after = first + match[0].count(" ") + 1
            before = self.plain[first - 1] if first else ""
            follows = self.plain[after] if after < len(self.plain) else ""
            if before not in rule.not_after and follows not in rule.not_before:
                yield " ".join(self.typed[first:after])


# --- does it tell what was seen? -----------------------------------------------------------------

# How verbs of doing and saying in a classroom begin, without accents; and short forms as they are.
_STEMS: Final = _words("""
    abraz acerc acomod acompan agach agradec agreg aline animas anot anotan aplaud apoya apunt
    argument arrodill ayud baila busc cambia camin clasific coloc coment comenz comienz compar
    comprueb conect consol constru contest conversa copia corr cuenta decid demuestr detien
    detuv devolv devuelv dibuj dirig discut dispon divid elabor eleg elig empez empiez encontr
    encuentr ensen entreg escog escond escrib escrit escuch espera experiment explic expres
    formad formul grit guard guia habla imagin indic inici intent intercambi interrump invent
    invit juega jugar junta levant llama llega lleva llor manipul marca mencion mezcl mira
    moja mostr movi muestr muev negoci nombr observ obten obtuv ofrec orden ordena pasa pega
    pens piens pinta planta pregunt proba propon propus prueb recib recog reconoc record
    recort recuerd reform regres relat reparte repas repet repit represent resolv respir
    respond resuelv resum retom reun sabe saca salta salud senal sent sient sonri sosten
    sostien sostuv suben tapa toca toma trabaja turna usa utiliz vuelv
""")
_FORMS: Final = _words("""
    abre abren abres acoge acogen acoges canta cantan cantas cierra cierran cierras conto cort
    corta cortan crea crean creas da dale dales dan dar das decir deja dejan dejas dejo dice
    dicen dices dijeron dijiste dijo dio diste entra entran entras entro hablo jugo junto lee
    leen leer lees leyeron leyo mide miden oye oyen oyes oyo pedir pide piden pides pidio pone
    ponen pones pusieron puso rie rien sale salen suma suman tira tiran trae traen traes va
    van ve vemos ven ver ves viste
""")
_DOING: Final = re.compile(f"(?:{'|'.join(sorted(_STEMS))})\\w*|{'|'.join(sorted(_FORMS))}")
_ENDINGS: Final = re.compile(
    r"\w{2,}(?:aste|iste|aron|ieron|ando|iendo|yendo|aban|abas)(?:l[aeo]s?)?"
)
_NO_VERBS: Final = _words(
    "cuando blando triste chiste existe contraste desgaste consiste siendo estando teniendo"
)
_VAGUE: Final = re.compile(  # these tell of nothing by themselves
    "est[au]|ten|tuv|fu[ei]|hub|hab|parec|gust|encant|felicit|logr|mant|gener|promov|promuev"
    "|favorec|foment|valor|respet|destac|demostr|caracteriz"
)
_MAKING: Final = re.compile(r"hac|hic|hiz|haz")  # «haces dos torres», but «lo hiciste muy bien»
# Before one of these words it is a thing and no deed: «unas preguntas», «tu ayuda», «buen trabajo».
_OF_THINGS: Final = _words(
    "un una unos unas de del al con en sin tu tus su sus mi mis este esta estos estas ese esa gran"
    " mucho mucha muchos muchas mejor excelente"
)
_OF_LOOKS: Final = _words("observa observan ve ven")  # «se observa un buen clima» tells no deed
_PRAISE: Final = re.compile(
    "buen|bien|muy|excelen|lind[oa]|hermos|adecuad|positiv|gran(de)?s?$|calid[oa]|efectiv|correct"
    "|apropiad|interesant|entreten|dinamic|motivad|destac|notable|genial|perfect|afectuos|cercan"
    "|respetuos|ordenad|organizad|atractiv|fantastic|increible|maravill|bonit|agradabl|claridad"
    "|creativ|participativ|felicit|gust|encant|logr|mejor|super$|clima$|manejo$|dominio$|aprendizaje"
)


def _unseen(text: str) -> Iterator[Message]:
    words = _Words.of(_QUOTED.sub("", text)).plain
    if not text.strip() or _QUOTED.search(text):
        return
    if len(words) < SHORTEST_NOTE:
        yield message("Very short: say who did or said what in this moment.")
    elif not any(_tells(words, place) for place in range(len(words))) and (
        len(words) < SHORT_NOTE or any(_PRAISE.match(word) for word in words)
    ):
        yield message(
            "It does not tell yet what was seen: say what she or the children did or said."
        )


def _tells(words: tuple[str, ...], place: int) -> bool:
    word, before = words[place], words[place - 1] if place else ""
    if before in _OF_THINGS or before.startswith("buen") or (before == "se" and word in _OF_LOOKS):
        return False
    if _MAKING.match(word):
        return not any(_PRAISE.match(each) for each in words[place + 1 : place + 3])
    if _DOING.fullmatch(word):
        return True
    return bool(_ENDINGS.fullmatch(word)) and word not in _NO_VERBS and not _VAGUE.match(word)
