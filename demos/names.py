"""Language models of names, by counting and by training: read it from top to bottom, or run it cell by cell.

python demos/names.py --out pictures
python demos/names.py --words my_names.txt --epochs 5
"""

# %% [markdown]
# # Names: from counts to a network
#
# A language model gives the probability of the next character. Here there are three models of names:
#
# 1. a *bigram* depends on the last character only, and its probabilities are counted;
# 2. the same bigram, trained by gradient descent, must come to the same table;
# 3. a small network like that of Bengio et al. (2003) depends on the last three characters.
#
# All are measured by the mean negative log-likelihood per character, −log p(next character): lower is better.

# %%
import argparse
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from lesson import BLUE, ORANGE, agree, check, compare, parser, positive, save, show, words

import matplotlib.pyplot as plt
from matplotlib.colors import PowerNorm

from autograd import Value, explain, log_softmax, losses, nn, no_grad, optim, softmax, total, train
from autograd.console import columns

MADE_UP = """
velora velorin velith velune velanor thalmir thalora thaleth thaldor thalune narune narith naroel narimor narelos
kelara kelune kelion kelithar keldor sorion sorith soruna sorelos soramir ithara ithune ithoril ithelos ithamir
morune morith moreth morelos morandor elunor elumir eloth elaris elandor zorith zorune zaruna zelion zelamir
quorin quelos quelara quorune queth aranith arunel aroth arimel arandor lunoth lunara lunelos lunimir luneth
oranith orelos oruna orimel oroth isilune isara iselos isimir isoth vanith vanora vanelos vanimel vandor
tarune tareth tarion tarimel tarelos ulanor ulith ulara ulimir uloth fenora fenith fenelos fenimir fendor
galune galith galoth galimel galoron nerion nerith nerune nerelos neroth calanor calith caloth calimel calune
sylune sylara sylith sylion sylanor xanith xanune xelos xoruna xandor beloth belune belara belimir belanor
hythor hythune hythara hythelos hythiel
"""
LONGEST, FEWEST, CHARACTERS = 40, 20, 200


def names_in(file: str) -> list[str]:
    """The names in a file of one a line, in lower case, for argparse."""
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except OSError as problem:
        raise argparse.ArgumentTypeError(f"{file} can't be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise argparse.ArgumentTypeError(f"{file} is no UTF-8 text: byte {problem.start} is wrong") from None
    for i, line in enumerate(lines, 1):
        if len(line.strip()) > LONGEST:
            raise argparse.ArgumentTypeError(
                f"{file}, line {i}, has {len(line.strip())} characters; a line is one name of at most {LONGEST}"
            )
    found = [line.strip().lower() for line in lines if line.strip()]
    if len(found) < FEWEST:
        raise argparse.ArgumentTypeError(f"{file} has {len(found)} names; give at least {FEWEST}")
    if len(set("".join(found))) > CHARACTERS:
        raise argparse.ArgumentTypeError(
            f"{file} has more than {CHARACTERS} different characters, too many for the table"
        )
    return found


made = parser(
    "This lesson makes language models of names. You see that a counted bigram and a trained one agree, how "
    "embeddings and a hidden layer do better, and how unseen names show when to stop.",
    epochs=60,
)
made.add_argument(
    "--words", type=names_in, default=MADE_UP.split(), metavar="FILE", help="names, one a line, instead of ours"
)
made.add_argument("--samples", type=positive, default=10, help="the number of new names from each model; %(default)s")
made.add_argument(
    "--context", type=positive, default=3, help="the number of characters that the network reads; %(default)s"
)
made.add_argument("--embedding", type=positive, default=2, help="the size of the embedding of a character; %(default)s")
made.add_argument("--hidden", type=positive, default=24, help="the hidden size of the network; %(default)s")
options = words(made, epochs=5, hidden=8)
rng = random.Random(options.seed)

# %% [markdown]
# ## Names as indices
#
# Each character has an index; 0 is the end of the line, which comes before and after each name. An example is a
# context, the characters before, and the index of the character that follows. A fifth of the names is kept for
# validation: they are not used in training.

# %%
END = "\n"
Context = tuple[int, ...]
Model = Callable[[Context], list[Value]]
alphabet = [END, *sorted(set("".join(options.words)))]
number = {character: i for i, character in enumerate(alphabet)}
shown = [{END: "·", " ": "␣"}.get(character, character) for character in alphabet]

shuffled = rng.sample(options.words, len(options.words))
fifth = len(shuffled) // 5
validation, training = shuffled[:fifth], shuffled[fifth:]


def examples(names: Sequence[str], length: int) -> list[tuple[Context, int]]:
    """An example for each character of the names and for the end of each, with contexts of the given length."""
    found = []
    for name in names:
        context = (0,) * length
        for character in name + END:
            found.append((context, number[character]))
            context = (*context[1:], number[character])
    return found


def table(names: Sequence[str], length: int) -> dict[Context, list[int]]:
    """For each context that occurs, how often each character follows it."""
    counts: dict[Context, list[int]] = {}
    for context, following in examples(names, length):
        counts.setdefault(context, [0] * len(alphabet))[following] += 1
    return counts


print(f"{len(training)} names for training, {len(validation)} for validation, {len(alphabet)} characters with the end")
first = [f"{''.join(shown[i] for i in context)} → {shown[n]}" for context, n in examples(training[:1], options.context)]
print(f"{training[0]}:  {',  '.join(first[:6])}{' …' if len(first) > 6 else ''}")

# %% [markdown]
# ## The bigram, counted
#
# Let n(a, b) be the number of times that b follows a in the training names, and n(a) the sum of n(a, b) over b. The
# bigram with the lowest negative log-likelihood on the training names is p(b | a) = n(a, b) / n(a). Its loss is
#
#     −1/N · Σ n(a, b)·log(n(a, b) / n(a))
#
# So the best possible loss is known in closed form, before any training.


# %%
def closed_form(pairs: dict[Context, list[int]]) -> float:
    """The least negative log-likelihood per character that a bigram can have on the names with these counts."""
    return -sum(n * math.log(n / sum(row)) for row in pairs.values() for n in row if n) / characters_in(pairs)


def characters_in(counts: dict[Context, list[int]]) -> int:
    """The number of characters that were counted."""
    return sum(map(sum, counts.values()))


pairs = table(training, 1)
optimum = closed_form(pairs)
uniform = math.log(len(alphabet))
print(f"\na guess at random costs log {len(alphabet)} = {uniform:.4f} per character, the counted bigram {optimum:.4f}")

# %% [markdown]
# ## The bigram, learnt
#
# Now each character has a row of logits, one for each character that may follow, and softmax turns them into
# probabilities. All logits start at 0, so the first loss is that of a random guess.
#
# All examples with the same context have the same logits. So the sum of their cross-entropies takes the counts of a
# whole row at once, and an epoch over all names costs one row for each character. `fit` takes the mean over rows, and
# the factor turns it into the mean over characters.

# %%
EPOCHS = 100


class Bigram(nn.Module):
    """A row of logits for each character, one logit for each character that may follow."""

    def __init__(self, logits: list[list[Value]]) -> None:
        self.logits = logits

    def __call__(self, context: Context) -> list[Value]:
        return self.logits[context[-1]]


def of_counts(logits: list[Value], counts: Sequence[float]) -> Value:
    """The sum of −log p over all characters that were counted after a context."""
    return -total([n * log_p for n, log_p in zip(counts, log_softmax(logits), strict=True) if n])


bigram = Bigram([[Value(0.0) for _ in alphabet] for _ in alphabet])
factor = len(pairs) / characters_in(pairs)
rows = [(context, [n * factor for n in counts]) for context, counts in pairs.items()]
learning = train.fit(bigram, rows, of_counts, optim.Adam(bigram.parameters(), lr=0.3), epochs=EPOCHS)
print(f"bigram of {len(alphabet)}·{len(alphabet)} logits: {learning}")


# %% [markdown]
# The optimum is approached and never reached: the probability of a pair that doesn't occur is 0, so its logit would
# have to become -∞.
#
# ## Three characters and a hidden layer
#
# A table for three characters would have a row for each of thousands of contexts, and nearly all would be empty.
# Instead, each character has an *embedding*, a short list of parameters. The embeddings of the context go through a
# hidden tanh layer to the logits. They are trained like all parameters, so similar characters get similar embeddings.
#
# The training uses Adam and mini-batches of 16 examples. The network soon overfits so few names, which the loss on the
# validation names shows. The parameters of the best epoch are kept (*early stopping*).


# %%
class Network(nn.Module):
    """Logits for the character after a context, by embeddings and one hidden layer."""

    def __init__(self, rng: random.Random) -> None:
        self.embedding = [[Value(rng.gauss(0.0, 1.0)) for _ in range(options.embedding)] for _ in alphabet]
        widths = [options.hidden, len(alphabet)]
        self.layers = nn.MLP(options.context * options.embedding, widths, activation="tanh", init="fan_in", rng=rng)

    def __call__(self, context: Context) -> list[Value]:
        logits: list[Value] = self.layers([v for character in context for v in self.embedding[character]])
        return logits


def nll(model: Model, counts: dict[Context, list[int]]) -> float:
    """The mean negative log-likelihood per character."""
    with no_grad():
        of_rows = [of_counts(model(context), row) for context, row in counts.items()]
        return total(of_rows).data / characters_in(counts)


network = Network(rng)
parameters = network.parameters()
best = [p.data for p in parameters]
kept_back: list[float] = []
unseen = table(validation, options.context)


def after(epoch: int, loss: float) -> None:
    """Keep the parameters if no earlier epoch had a lower loss on the validation names."""
    kept_back.append(nll(network, unseen))
    if kept_back[-1] == min(kept_back):
        best[:] = [p.data for p in parameters]


optimizer = optim.Adam(parameters, lr=0.03 if options.quick else 0.01)  # Few epochs need long steps.
history = train.fit(
    network,
    examples(training, options.context),
    losses.cross_entropy,
    optimizer,
    epochs=options.epochs,
    batch_size=16,
    rng=rng,
    callback=after,
)
for p, data in zip(parameters, best, strict=True):
    p.data = data
print(f"network of {len(parameters)} parameters: {history}")
if kept_back:
    print(f"kept: epoch {kept_back.index(min(kept_back)) + 1}, with {min(kept_back):.4f} on the validation names")

# %% [markdown]
# ## How good are they?
#
# The counted bigram gives the probability 0 to a pair that doesn't occur in training, and one such pair makes the loss
# infinite. The usual remedy is to add 1 to every count. Both are bigrams whose logits are logarithms of counts, since
# softmax(log n) = n / Σn. The epoch of the network was chosen by the validation names, so its loss there is a little
# too low.

# %%
every = [pairs.get((a,), [0] * len(alphabet)) for a in range(len(alphabet))]
with no_grad():
    counted = Bigram([[Value(n).log() for n in row] for row in every])
    smoothed = Bigram([[Value(n + 1).log() for n in row] for row in every])
models: list[tuple[str, Model, int]] = [
    ("bigram, counted", counted, 1),
    ("bigram, counts + 1", smoothed, 1),
    ("bigram, learnt", bigram, 1),
    ("network", network, options.context),
]
scores: dict[str, list[float]] = {}
print(f"\n{'per character':<20}{'training':>10}{'validation':>12}")
for says, model, length in models:
    scores[says] = [nll(model, table(names, length)) for names in (training, validation)]
    print(f"{says:<20}{scores[says][0]:>10.4f}{scores[says][1]:>12.4f}")

# %% [markdown]
# ## Why this character?
#
# The context is the start of a name, and the network finds one character the most likely. How does its logit depend on
# the first coordinate of the embedding of "·"? `explain` adds up all ways between the two: one through each hidden
# unit, for each place in the context.

# %%
logits = network((0,) * options.context)
likeliest = max(range(len(alphabet)), key=lambda k: logits[k].data)
logits[likeliest].label = f"logit {shown[likeliest]}"
print()
show(explain(logits[likeliest], network.embedding[0][0], most=3))

# %% [markdown]
# ## New names
#
# Draw a character from the probabilities, put it at the end of the context, and go on until the end is drawn.


# %%
def new_name(model: Model, rng: random.Random) -> str:
    """A name drawn from the model, character by character, of at most LONGEST characters."""
    context, name = (0,) * options.context, ""
    while len(name) < LONGEST:
        weights = [p.data for p in softmax(model(context))]
        [drawn] = rng.choices(range(len(alphabet)), weights)
        if alphabet[drawn] == END:
            break
        name += alphabet[drawn]
        context = (*context[1:], drawn)
    return name


with no_grad():
    of_bigram, of_network = (
        [new_name(model, draws) for _ in range(options.samples)]
        for model, draws in ((bigram, random.Random(options.seed)), (network, random.Random(options.seed)))
    )
print(f"\n{'bigram, learnt':<24}network")
for left, right in zip(of_bigram, of_network, strict=True):
    print(f"  {left}{' ' * max(2, 24 - columns(left))}{right}")
in_the_list = [sum(name in options.words for name in drawn) for drawn in (of_bigram, of_network)]
print(f"already in the list: {in_the_list[0]} and {in_the_list[1]} of {options.samples}")

# %% [markdown]
# ## Pictures
#
# The table shows the trained bigram: a row has the probabilities of what follows its character, and · is the end.
# Vowels and consonants often alternate, so their embeddings differ.

# %%
right_hand = ["loss", "embedding"] if options.embedding == 2 else ["loss"]
figure, panels = plt.subplot_mosaic([["table", panel] for panel in right_hand], figsize=(13, 7), width_ratios=(1.3, 1))
with no_grad():
    probabilities = [[p.data for p in softmax(bigram((a,)))] for a in range(len(alphabet))]
shades = panels["table"].imshow(probabilities, cmap="Blues", norm=PowerNorm(0.5, 0, 1), aspect="auto")
figure.colorbar(shades, ax=panels["table"], label="probability")
ticks, size = range(len(alphabet)), min(10, 300 / len(alphabet))
panels["table"].set_xticks(ticks, shown, fontsize=size)
panels["table"].set_yticks(ticks, shown, fontsize=size)
panels["table"].set(title="the trained bigram: p(next | last)", xlabel="next character", ylabel="last character")
panels["table"].grid(visible=False)

panels["loss"].plot(learning.losses, color=BLUE, label="bigram, training")
panels["loss"].axhline(optimum, color=BLUE, linestyle="--", linewidth=1, label="bigram, counted optimum")
panels["loss"].plot(history.losses, color=ORANGE, label="network, training")
panels["loss"].plot(kept_back, color=ORANGE, linestyle=":", linewidth=2, label="network, validation")
panels["loss"].set(title="loss", xlabel="epoch", ylabel="−log p per character")
panels["loss"].legend()

if options.embedding == 2:
    for (x, y), character in zip(network.embedding, shown, strict=True):
        colour = ORANGE if character in "aeiouy" else BLUE
        panels["embedding"].scatter(x.data, y.data, s=0)  # A text alone would not extend the axes.
        panels["embedding"].text(x.data, y.data, character, color=colour, fontsize=13, ha="center", va="center")
    panels["embedding"].set(title="the embedding (a, e, i, o, u, y in orange)", xlabel="first coordinate")
    panels["embedding"].set(ylabel="second coordinate")
    panels["embedding"].margins(0.08)
save(figure, options.out / "names.png")

# %% [markdown]
# ## Comparison with the lectures
#
# The published figures are those of A. Karpathy's makemore lectures (2022): 32,033 names of people, 27 characters, a
# network that reads three characters, with embeddings of size 10 and the hidden size 200. Names of people are harder to
# predict than ours, so the columns can't be compared directly. The last line can: its closed form is of the same names.

# %%
known, new = scores["network"]
learnt = scores["bigram, learnt"][0]
compare(
    [
        ("names, characters", "32,033, 27", f"{len(options.words):,}, {len(alphabet)}"),
        ("a guess at random", "3.296 (log 27)", f"{uniform:.3f} (log {len(alphabet)})"),
        ("bigram, counted on all names", "2.454", f"{closed_form(table(options.words, 1)):.3f}"),
        ("bigram, learnt", "2.46 to 2.48", f"{learnt:.3f}"),
        ("network, training", "2.12", f"{known:.3f}"),
        ("network, validation", "2.17", f"{new:.3f}"),
        ("bigram, learnt on our training names", f"{optimum:.4f} (closed form)", f"{learnt:.4f}"),
    ],
    tutorial="lectures, 32,033 names",
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. The loss of a row of logits is −Σ n·log p, with the counts n and p = softmax(logits). What is its derivative by
#    each logit, in terms of n and p?


# %% answer
def by_logits(counts: list[float], p: list[float]) -> list[float]:
    """The derivative of −Σ n·log p by each logit."""
    return [sum(counts) * q - n for n, q in zip(counts, p, strict=True)]


# %%
@check
def by_logits_is_right() -> None:
    for counts in ([2.0, 0.0, 1.0], [1.0, 1.0, 5.0]):
        nodes = [Value(v) for v in (0.1, -0.4, 1.2)]
        of_counts(nodes, counts).backward()
        p = [q.data for q in softmax(nodes)]
        agree(by_logits(counts, p), [v.grad for v in nodes], f"for n = {counts} and p = {p}")


# %% [markdown]
# 2. The perplexity of a model is e^L, for its mean −log p per character, L. A guess among 24 equal characters has the
#    perplexity 24. Compute it from the probabilities that a model gave to the characters that came.


# %% answer
def perplexity(p: list[float]) -> float:
    """The perplexity of a model that gave these probabilities to the characters that came."""
    return math.exp(-sum(map(math.log, p)) / len(p))


# %%
@check
def perplexity_is_right() -> None:
    agree(perplexity([1 / 24] * 5), 24.0, "a guess among 24")
    agree(perplexity([0.5, 0.125]), 4.0, "for p = 0.5, 0.125")
