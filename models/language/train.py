#!/usr/bin/env python3
"""Train a language identifier on the man pages of Debian 12 and export it to ONNX.

The pages come with `apt-get download` (Debian 12; run `apt-get update` before), or from
--debs, a folder that already holds the packages. Nothing is installed.
"""
import os

# One BLAS thread: sums come in the same order each time, so the bytes stay the same.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import collections
import gzip
import hashlib
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

FLOOR = 0.98  # least accuracy accepted on the held-out segments
SEED = 3
PACKAGES = {  # exact versions: other pages would give another model
    "de": ["manpages-de=4.18.1-1"],
    "en": ["manpages=6.03-2", "manpages-dev=6.03-2"],
    "es": ["manpages-es=4.18.1-1", "manpages-es-dev=4.18.1-1"],
    "fr": ["manpages-fr=4.18.1-1"],
    "it": ["manpages-it=4.18.1-1", "manpages-it-dev=4.18.1-1"],
    "ja": ["manpages-ja=0.5.0.0.20221215+dfsg-1"],
    "nl": ["manpages-nl=4.18.1-1", "manpages-nl-dev=4.18.1-1"],
    "pl": ["manpages-pl=1:4.18.1-1"],
    "pt": ["manpages-pt-br=4.18.1-1", "manpages-pt-br-dev=4.18.1-1"],
    "ru": ["manpages-ru=4.18.1-1"],
    "tr": ["manpages-tr=2.0.6-2"],
    "zh": ["manpages-zh=1.6.4.0-1"],
}
LANGUAGES = sorted(PACKAGES)
TRAIN_CAP, TEST_CAP = 5000, 1000   # segments for each language
NGRAMS_PER_LANGUAGE = 4000         # the commonest n-grams of each language are kept
HAN_KEPT = 1200                    # Chinese characters with a code of their own
SAMPLE = ["Wo ist der nächste Bahnhof?", "今天的天气很好，我们去公园吧。"]


# --- From man pages to segments of plain text

def unpack(debs):
    """Yield (language, page name, text) for each page."""
    with tempfile.TemporaryDirectory() as temp:
        if debs is None:
            debs = pathlib.Path(temp)
            wanted = [p for language in LANGUAGES for p in PACKAGES[language]]
            # The folder is private, so apt must not switch to a user of its own.
            subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
                            *wanted], cwd=debs, check=True, stdout=subprocess.DEVNULL)
        for language in LANGUAGES:
            for package in PACKAGES[language]:
                name, version = package.split("=")
                deb = debs / f"{name}_{version.replace(':', '%3a')}_all.deb"
                target = pathlib.Path(temp, name)
                subprocess.run(["dpkg-deb", "-x", deb, target], check=True)
                for page in sorted((target / "usr/share/man").rglob("*.gz")):
                    if page.is_file() and not page.is_symlink():
                        yield language, page.name[:-3], gzip.decompress(
                            page.read_bytes()).decode("utf-8")


FONT = re.compile(r"\.\s*(B|I|SM|SB|BR|RB|BI|IB|IR|RI)\s+(.*)")
BLOCK = re.compile(r"\.\s*(nf|EX|TS|ig|de1?|Bd|EQ)\b")
BLOCK_END = {"nf": "fi", "EX": "EE", "TS": "TE", "ig": ".", "de": ".", "de1": ".", "Bd": "Ed",
             "EQ": "EN"}
HAN_KANA = "\u3000-\u30ff\u3400-\u9fff\uff00-\uffef"


def strip_escapes(line):
    line = re.sub(r"\\[\"#].*", "", line)
    line = re.sub(r"\\[fF](\[[^]]*\]|\(..|.)", "", line)
    line = re.sub(r"\\s[-+]?\d+", "", line)
    line = re.sub(r"\\m\[[^]]*\]|\\[hvwlLk]'[^']*'", "", line)
    line = line.replace(r"\(aq", "'").replace(r"\(cq", "’").replace(r"\(co", " ")
    line = re.sub(r"\\\[u([0-9A-F]{4,5})\]", lambda m: chr(int(m[1], 16)), line)
    line = re.sub(r"\\\*?(\[[^]]*\]|\(..)", " ", line)
    line = re.sub(r"\\[&%:,/|^)c]", "", line)
    line = re.sub(r"\\[~ 0]", " ", line)
    return re.sub(r"\\(.)", r"\1", line)


def paragraphs(roff):
    """The running text of a page: no headings, examples, tables or comments."""
    words, end = [], None
    for line in roff.splitlines():
        if end is not None:  # inside a block that holds no running text
            if re.match(rf"\.\s*{re.escape(end)}\b" if end != "." else r"\.\.", line):
                end = None
            continue
        font = FONT.match(line)
        if font:
            parts = [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', font[2])]
            words.append(strip_escapes(("" if len(font[1]) == 2 else " ").join(parts)))
        elif re.match(r"[.']\s*\\\"", line):
            continue
        elif line.startswith((".", "'")) or not line.strip():
            yield " ".join(words)
            words = []
            block = BLOCK.match(line)
            end = BLOCK_END[block[1]] if block else None
        else:
            words.append(strip_escapes(line))
    yield " ".join(words)


def segments(roff):
    for text in paragraphs(roff):
        # Names of functions, options, paths and variables are of no language.
        text = " ".join(t for t in text.split()
                        if not re.search(r"[_/=<>{}|$@\\\[\]]|\(\d\w*\)|^[-(]+\w", t))
        text = re.sub(rf"(?<=[{HAN_KANA}]) (?=[{HAN_KANA}])", "", text)
        for part in re.split(r"(?<=[.!?:;]) |(?<=[。！？；：])", text):
            part = part.strip()
            letters = sum(c.isalpha() for c in part)
            dense = re.search("[\u3040-\u30ff\u4e00-\u9fff]", part)  # says more per letter
            if (5 if dense else 15) <= letters and letters >= 0.6 * len(part) and \
                    len(part) <= 250:
                yield part


# Common short words, used only to tell text that was left in English.
COMMON = {language: set(words.split()) for language, words in {
    "de": "der die das und ist zu den von für mit auf ein eine nicht wird in im des sie an als",
    "en": "the of and is to this that with are for be by not it which as an or from you will "
          "can if has was all when on in at no its these function returns file see used more",
    "es": "el la los las de y es que en un una para con por se no del como al o si",
    "fr": "le la les de et est que en un une pour avec par se ne pas du des dans à au ou on",
    "it": "il la le di e è che in un una per con da si non del della i gli al nel o se",
    "nl": "de het een en is van te in dat op met voor niet die zijn als wordt om of aan was",
    "pl": "i w z na do nie się jest to że od przez dla o po jak lub są a ze",
    "pt": "o a os as de e é que em um uma para com por se não do da no na ou",
    "tr": "ve bir bu için ile olarak veya de da değil gibi olan her ne ise en olduğu sonra",
}.items()}
SCRIPT = {"ru": "\u0400-\u04ff", "ja": "\u3040-\u30ff\u4e00-\u9fff", "zh": "\u4e00-\u9fff"}


def in_own_script(language, text):
    own = len(re.findall(f"[{SCRIPT[language]}]", text)) if language in SCRIPT else len(text)
    return own and own >= 0.5 * sum(c.isalpha() for c in text)


def usable(language, text):
    """False for bare lists of names, and for passages that a translation left in English:
    those would be wrongly labelled."""
    if language in SCRIPT:
        return in_own_script(language, text)
    words = re.findall(r"[^\W\d_]{2,}", text)
    if len(words) < 4 or sum(w.islower() for w in words) < 3 or "()" in text:
        return False
    words = text.lower().split()
    english, own = (sum(w in COMMON[l] for w in words) for l in ("en", language))
    return language == "en" or own > english or english == 0


def window(rng, text):
    """A short piece of a segment, so that the model also learns from few words."""
    if re.search("[\u3040-\u30ff\u4e00-\u9fff]", text):
        size, units, glue = rng.randint(4, 12), list(text), ""
    else:
        size, units, glue = rng.randint(2, 6), text.split(), " "
    start = rng.randint(0, max(0, len(units) - size))
    return glue.join(units[start:start + size])


def load(debs):
    """(train, test, unfiltered test): dicts from language to texts. A page is on one side
    only, and so are its translations, as the side is drawn from the page's name."""
    rng = random.Random(SEED)
    seen = set()
    found = {side: {language: [] for language in LANGUAGES}
             for side in ("train", "test", "all_test")}
    for language, page, roff in unpack(debs):
        side = "test" if hashlib.sha256(page.encode()).digest()[0] < 51 else "train"
        for text in segments(roff):
            key = (language, re.sub(r"\W+", " ", text.lower()))
            if key not in seen:
                seen.add(key)
                if usable(language, text):
                    found[side][language].append(text)
                if side == "test":
                    found["all_test"][language].append(text)
    for side, cap in (("train", TRAIN_CAP), ("test", TEST_CAP), ("all_test", TEST_CAP)):
        for language, texts in found[side].items():
            texts[:] = rng.sample(texts, min(cap, len(texts)))
    for language, texts in found["train"].items():
        windows = [window(rng, t) for t in texts]
        texts += [w for w in windows if in_own_script(language, w)]
    return found["train"], found["test"], found["all_test"]


# --- The classifier. Each character gets a code: letters by their lower case, rare Chinese
# --- characters one code together, all else (space, digits, signs, emoji) code 0. Features
# --- are runs of 1 to 4 codes without two zeros in a row, weighted by TF-IDF.

HAN_RANGE = range(0x3400, 0xa000)


def lower(c):
    return "i" if c == "İ" else c.lower()  # the one letter whose lower case is two


def build_alphabet(texts):
    """A dict from character to code."""
    counts = collections.Counter(lower(c) for t in texts for c in t if c.isalpha())
    han = [c for c, _ in counts.most_common() if ord(c) in HAN_RANGE]
    other = sorted(c for c, n in counts.items() if n >= 20 and ord(c) not in HAN_RANGE)
    codes = {c: i + 1 for i, c in enumerate(other + han[:HAN_KEPT])}
    for c in map(chr, HAN_RANGE):
        codes.setdefault(c, len(other) + HAN_KEPT + 1)
    for c in map(chr, range(0x2fff)):  # upper case letters share the code of the lower case
        if lower(c) in codes:
            codes[c] = codes[lower(c)]
    return codes


class Analyzer:
    def __init__(self, alphabet):
        self.alphabet = alphabet

    def __call__(self, text):
        codes = [self.alphabet.get(c, 0) for c in f" {text} "]
        grams = [tuple(codes[i:i + n]) for n in (1, 2, 3, 4) for i in range(len(codes) - n + 1)]
        return [g for g in grams
                if g != (0,) and (0, 0) not in zip(g, g[1:])]


def common_ngrams(analyzer, train):
    chosen = set()
    for texts in train.values():
        counts = collections.Counter(g for t in texts for g in set(analyzer(t)))
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        chosen.update(g for g, _ in ranked[:NGRAMS_PER_LANGUAGE])
    return sorted(chosen, key=lambda g: (len(g), g))


def fit(train):
    analyzer = Analyzer(build_alphabet([t for texts in train.values() for t in texts]))
    vocabulary = common_ngrams(analyzer, train)
    pipeline = make_pipeline(
        TfidfVectorizer(analyzer=analyzer, vocabulary=vocabulary, sublinear_tf=True,
                        lowercase=False,  # the analyzer does it
                        dtype=np.float64),
        # No intercept: a text without a known letter then gets equal probabilities.
        LogisticRegression(C=10, class_weight="balanced", fit_intercept=False,
                           max_iter=1000, tol=1e-6))
    pipeline.fit([t for l in LANGUAGES for t in train[l]],
                 [l for l in LANGUAGES for _ in train[l]])
    # Three decimals are plenty, and hide differences in the last bits between machines.
    pipeline[-1].coef_ = pipeline[-1].coef_.round(3)
    return pipeline, vocabulary


def export(pipeline, vocabulary):
    """The same sums as an ONNX graph. skl2onnx is not used: its character analyzer needs
    StringNormalizer, which depends on the locales installed and takes one row only."""
    tfidf, linear = pipeline[0], pipeline[-1]
    alphabet = tfidf.analyzer.alphabet
    # Where the 1-grams, 2-grams ... begin in the pool, counted in codes.
    offsets = [sum(len(g) for g in vocabulary if len(g) < n) for n in (1, 2, 3, 4)]
    constants = {
        "space": np.array(" ", dtype=object),
        "one": np.float32(1), "tiny": np.float32(1e-12),
        "idf": tfidf.idf_.astype(np.float32),
        "weight": linear.coef_.T.astype(np.float32),
        "languages": np.array(LANGUAGES, dtype=object),
        "last": np.array([-1], np.int64),
    }
    node = helper.make_node
    nodes = [
        # A space at both ends marks the first and the last word, and no text is empty.
        node("StringConcat", ["space", "text"], ["left"]),
        node("StringConcat", ["left", "space"], ["padded"]),
        node("Tokenizer", ["padded"], ["characters"], domain="com.microsoft",
             mark=0, mincharnum=1, pad_value=" ", separators=[""]),
        node("LabelEncoder", ["characters"], ["codes"], domain="ai.onnx.ml",
             keys_strings=list(alphabet), values_int64s=list(alphabet.values()),
             default_int64=0),
        node("TfIdfVectorizer", ["codes"], ["counts"], mode="TF",
             min_gram_length=1, max_gram_length=4, max_skip_count=0,
             ngram_counts=offsets, ngram_indexes=list(range(len(vocabulary))),
             pool_int64s=[code for g in vocabulary for code in g]),
        # sublinear_tf: 1 + log(count), and 0 where the count is 0
        node("Max", ["counts", "one"], ["at_least_one"]),
        node("Log", ["at_least_one"], ["logs"]),
        node("Min", ["counts", "one"], ["present"]),
        node("Add", ["logs", "present"], ["tf"]),
        node("Mul", ["tf", "idf"], ["tfidf"]),
        node("ReduceL2", ["tfidf", "last"], ["norm"], keepdims=1),
        node("Max", ["norm", "tiny"], ["safe_norm"]),
        node("Div", ["tfidf", "safe_norm"], ["features"]),
        node("MatMul", ["features", "weight"], ["scores"]),
        node("Softmax", ["scores"], ["probabilities"], axis=-1),
        node("ArgMax", ["scores"], ["best"], axis=-1, keepdims=0),
        node("Gather", ["languages", "best"], ["label"], axis=0),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "language", [info("text", TensorProto.STRING, ["batch"])],
        [info("label", TensorProto.STRING, ["batch"]),
         info("probabilities", TensorProto.FLOAT, ["batch", len(LANGUAGES)])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
    model = helper.make_model(
        graph, ir_version=10, producer_name="skiff-models",
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3),
                       helper.make_opsetid("com.microsoft", 1)])
    onnx.checker.check_model(model)
    return model


# --- Measure

def answer(session, texts):
    labels, probabilities = [], []
    for start in range(0, len(texts), 64):
        out = session.run(["label", "probabilities"],
                          {"text": np.array(texts[start:start + 64], dtype=object)})
        labels += out[0].tolist()
        probabilities.append(out[1])
    return labels, np.concatenate(probabilities)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent,
                        help="folder to write model.onnx, sample.json and reply.json to")
    parser.add_argument("--debs", type=pathlib.Path,
                        help="folder that already holds the Debian packages")
    args = parser.parse_args()

    train, test, all_test = load(args.debs)
    for language in LANGUAGES:
        print(f"{language}: {len(train[language])} training texts, "
              f"{len(test[language])} held-out")
    pipeline, vocabulary = fit(train)
    model = export(pipeline, vocabulary)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    truth = np.array([l for l in LANGUAGES for _ in test[l]])
    texts = [t for l in LANGUAGES for t in test[l]]
    labels, probabilities = answer(session, texts)
    right = np.array(labels) == truth
    expected = pipeline.predict_proba(texts)
    agreement = np.mean(np.array(labels) == pipeline.classes_[expected.argmax(1)])
    accuracy = right.mean()
    print(f"{len(vocabulary)} n-grams; held-out accuracy {accuracy:.4f} on {len(texts)} segments")
    for language in LANGUAGES:
        print(f"  {language} {right[truth == language].mean():.4f}", end="")
    print()
    short = np.array([len(t) < 40 for t in texts])
    print(f"segments under 40 characters: {right[short].mean():.4f} of {short.sum()}")
    everything = [(l, t) for l in LANGUAGES for t in all_test[l]]
    guesses, _ = answer(session, [t for _, t in everything])
    right = np.mean([l == g for (l, _), g in zip(everything, guesses)])
    print(f"without the filter for usable segments: {right:.4f} of {len(everything)}")
    print(f"agreement of ONNX Runtime with scikit-learn: labels {agreement:.4f}, "
          f"largest difference of a probability {np.abs(expected - probabilities).max():.1e}")

    rows = [line.split("\t") for line in
            pathlib.Path(__file__).with_name("everyday.tsv").read_text("utf-8").splitlines()]
    labels, _ = answer(session, [text for _, text in rows])
    wrong = [(want, got, text) for (want, text), got in zip(rows, labels) if want != got]
    print(f"everyday sentences: {len(rows) - len(wrong)} of {len(rows)} right", *wrong, sep="\n  ")
    if accuracy < FLOOR:
        sys.exit(f"accuracy is below the floor of {FLOOR}")

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    labels, probabilities = answer(session, SAMPLE)
    reply = {"predictions": [{"label": l, "probabilities": [float(str(p)) for p in row]}
                             for l, row in zip(labels, probabilities)]}
    (args.out / "sample.json").write_text(
        json.dumps({"instances": SAMPLE}, ensure_ascii=False) + "\n", "utf-8")
    (args.out / "reply.json").write_text(json.dumps(reply) + "\n", "utf-8")


if __name__ == "__main__":
    main()
