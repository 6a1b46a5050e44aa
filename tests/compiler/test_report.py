"""The report of a program, and its products of matrices in words."""

import pytest

from autograd.compiler.report import Facts, ProductFact, duration, in_words, report

SHAPES = {
    "a.weight": (3, 4),
    "a.bias": (3,),
    "b.weight": (3, 4),
    "b.bias": (3,),
    "c.weight": (3, 4),
    "kernel": (2, 3, 3),
    "row": (1, 6),
    "vector": (5,),
    "scale": (),
}


def test_a_report_of_one_of_each() -> None:
    facts = Facts(1, 1, (ProductFact("w", 1, 2, 1, 3),), 1, 1, (1, 1), 8, 16, ((1, "it is alone"),), 0.0, 0.0, 1)
    assert report(facts, 1).splitlines() == [
        "1 node in 1 group, 1 parameter",
        "1 product of matrices",
        "    w                                      (N × 3) · (3 × 2)",
        "1 elementwise statement, 1 number for each example",
        "1 call of NumPy forward, 1 backward",
        "8 bytes for each example, 16 bytes of parameters",
        "1 node stayed irregular: it is alone",
        "blocks of 1 example, whose numbers stay in the cache",
    ]


def test_a_report_of_many() -> None:
    products = ProductFact("w", 1, 1000, 4000, 3000), ProductFact("v", 1500, 2, 2, 3)
    facts = Facts(
        nodes=2000,
        groups=1200,
        products=(*products, products[0]),
        maps=3000,
        elements=4000,
        calls=(5000, 6000),
        bytes_per_example=7000,
        bytes_of_parameters=8000,
        irregular=((9000, "alone"), (2, "odd")),
        overhead=0.0025,
        block=4096,
    )
    assert report(facts, 10_000).splitlines() == [
        "2,000 nodes in 1,200 groups, 10,000 parameters",
        "3 products of matrices",
        "    w                                      (N·4,000 × 3,000) · (3,000 × 1,000), 2 times",
        "    v                                      1,500 of (N·2 × 3) · (3 × 2)",
        "3,000 elementwise statements, 4,000 numbers for each example",
        "5,000 calls of NumPy forward, 6,000 backward",
        "7,000 bytes for each example, 8,000 bytes of parameters",
        "9,000 nodes stayed irregular: alone",
        "2 nodes stayed irregular: odd",
        "blocks of 4,096 examples, whose numbers stay in the cache",
        "a step of N examples takes about 2.5 ms + N · 0 ns",
    ]
    assert (
        report(Facts(seconds_per_example=2.0), 0).splitlines()[-1] == "a step of N examples takes about 0 ns + N · 2 s"
    )
    assert report(Facts(), 0).splitlines() == [
        "0 nodes in 0 groups, 0 parameters",
        "0 products of matrices",
        "0 elementwise statements, 0 numbers for each example",
        "0 calls of NumPy forward, 0 backward",
        "0 bytes for each example, 0 bytes of parameters",
    ]


def test_a_report_of_what_makes_no_arrays() -> None:
    facts = Facts(nodes=2000, operations=9000, bytes_of_parameters=8, threads=2, backend="c", reason="backend='c'")
    assert report(facts, 1).splitlines() == [
        "2,000 nodes, 1 parameter",
        "about 9,000 operations on each example, several examples at a time",
        "8 bytes of parameters",
        "up to 2 threads share a large batch",
        "back end c: backend='c'",
    ]
    assert in_words(facts, {"w": ()}) == ["2,000 nodes of N examples in about 9,000 operations on each example"]
    nothing = Facts(operations=0, backend="native")
    assert report(nothing, 0).splitlines()[:2] == [
        "0 nodes, 0 parameters",
        "about 0 operations on each example, several examples at a time",
    ]


@pytest.mark.parametrize(
    ("product", "times", "sentence"),
    [
        (
            ("a.weight", 1, 3, 1, 5),
            1,
            "your 3 neurons of a.weight are one `X @ W.T + b`: (N × 5) · (5 × 3), with a 1 in each row for b",
        ),
        (
            ("a.weight", 1, 6, 1, 4),
            1000,
            "your 6 neurons of a.weight, b.weight are one `X @ W.T + b` in each of 1,000 steps: (N × 4) · (4 × 6)",
        ),
        (
            ("b.weight", 1, 2, 1, 4),
            2,
            "your 2 neurons of b.weight are one `X @ W.T + b` in each of 2 steps: (N × 4) · (4 × 2)",
        ),
        (("c.weight", 1, 3, 1, 4), 1, "your 3 neurons of c.weight are one `X @ W.T`: (N × 4) · (4 × 3)"),
        (
            ("kernel", 1, 2, 1600, 9),
            1,
            "your 2 filters of kernel at 1,600 positions are one `X @ W.T`: (N·1,600 × 9) · (9 × 2)",
        ),
        (
            ("kernel", 1, 2, 2, 10),
            1,
            "your 2 filters of kernel at 2 positions are one `X @ W.T`: (N·2 × 10) · (10 × 2)"
            ", with a 1 in each row for b",
        ),
        (("row", 1, 1, 1, 6), 1, "your 1 neuron of row is one `X @ W.T`: (N × 6) · (6 × 1)"),
        (("of nodes", 1, 2, 1, 3), 1, "products of nodes are one `A @ B`: (N × 3) · (3 × 2)"),
        (("of nodes", 1, 1, 2, 3), 1, "products of nodes are one `A @ B`: (N·2 × 3) · (3 × 1)"),
        (("of nodes", 2, 2, 1, 3), 1, "2 products of nodes are one batched `A @ B`: 2 of (N × 3) · (3 × 2)"),
        (("of nodes", 4000, 2, 1, 3), 1, "4,000 products of nodes are one batched `A @ B`: 4,000 of (N × 3) · (3 × 2)"),
    ],
)
def test_a_product_in_words(product: tuple[str, int, int, int, int], times: int, sentence: str) -> None:
    assert in_words(Facts(products=(ProductFact(*product),) * times), SHAPES) == [sentence]


@pytest.mark.parametrize(
    "product",
    [
        ("of nodes", 1, 1, 1, 9),  # A sum.
        ("a.weight", 1, 3, 1, 3),  # Of some of the weights.
        ("a.weight", 1, 3, 1, 6),  # Of other weights too.
        ("vector", 1, 5, 1, 1),
        ("scale", 1, 1, 1, 1),
    ],
)
def test_a_product_that_is_no_layer_has_no_words(product: tuple[str, int, int, int, int]) -> None:
    facts = Facts(products=(ProductFact(*product),), nodes=7, maps=1)
    assert in_words(facts, SHAPES) == ["7 nodes of N examples in 1 elementwise statement"]


def test_times_have_the_unit_that_suits_them() -> None:
    shown = {
        2.0: "2 s",
        1.0: "1 s",
        0.9996: "1e+03 ms",
        0.25: "250 ms",
        1e-3: "1 ms",
        9.5e-4: "950 µs",
        1e-6: "1 µs",
        9.25e-7: "925 ns",
        0.0: "0 ns",
    }
    assert {seconds: duration(seconds) for seconds in shown} == shown
