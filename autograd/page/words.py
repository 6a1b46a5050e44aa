"""Every sentence of the interface of a page, in each of its languages.

>>> from autograd.page.words import WORDS
>>> WORDS["en"]["step_of"].format(n=3, total=9)
'step 3 of 9'

The sentences of steps are arithmetic, the same in all languages. Those of `explain` are translated.
"""

import re
from typing import Final

WORDS: Final = {
    "en": {
        "heading": "{root}, step by step",
        "forward": "forward",
        "backward": "backward",
        "play": "Play",
        "pause": "Pause",
        "next": "Step",
        "back": "Back",
        "position": "Step",
        "step_of": "step {n} of {total}",
        "speed": "Speed",
        "slow": "slow",
        "normal": "normal",
        "fast": "fast",
        "picture": "The graph of {root}: boxes are nodes, lines lead from operands to results",
        "start": "The leaves have their numbers. Take a step, or play.",
        "rule": "rule of {operation}",
        "choose": "Choose a box, and its formula and numbers are here. Point at a line after the backward phase has "
        "reached it, and its product is shown.",
        "node": "About {name}",
        "leaf": "About {name}, a leaf",
        "computed": "computed as",
        "value": "value",
        "gradient": "gradient",
        "not_yet": "not yet",
        "incomplete": "Its gradient is complete after step {n}.",
        "no_gradient": "It gets no gradient.",
        "contributions": "what it passes on",
        "nudge": "If {name} grows by 0.1, {root} changes by about {change}.",
        "paths": "why the gradient of {root} by {name} is what it is",
        "original_paths": "The paths are explained for the original numbers.",
        "set": "new number",
        "drag": "Drag it left or right, or press ↑ and ↓ on it.",
        "bad_number": "Type a number, as -0.5 or 1e-3.",
        "reset": "Original numbers",
        "changed": "A number is changed: this page computes all steps anew.",
        "open": "Open",
        "close": "Close",
        "open_all": "Open all boxes",
        "close_all": "Close all boxes",
        "folded": "Boxes with ▸ hold the nodes that only they use. Open one here, with a double click or with the key "
        "O; the steps inside closed boxes are passed over.",
        "part": "{shown} of {size} nodes are on this page. The steps of the others are left out.",
        "more": "{n} more",
        "edge": "from {node} to {operand}: upstream × local = {product}",
        "quiet_edge": "from {operand} to {node}",
        "quiz": "Quiz",
        "leave": "Leave the quiz",
        "question": "What is the next number?",
        "answer": "your answer",
        "check": "Check",
        "hint": "Hint",
        "show": "Show the answer",
        "tolerance": "Two significant digits are enough, and 1 % off is right.",
        "right": "Right: {sentence}",
        "wrong": "Not yet. Try again, or take a hint.",
        "solution": "The answer: {sentence}",
        "score": "{right} of {asked} right",
        "done": "That was the last step.",
        "legend": "Legend",
        "plus": "contribution above 0",
        "minus": "contribution below 0",
        "zero": "exactly 0",
        "bad": "nan or infinite",
        "width": "a wider line is a larger contribution, up to {largest}",
        "lit": "this step",
        "partial": "∂ in a box: the gradient of {root} by its number, as far as it is added up",
        "keys": "Keys: ← and → go a step, the space bar plays, Home and End go to the ends. Tab goes to boxes and "
        "lines, Enter shows a box, ↑ and ↓ change a leaf.",
        "list": "All steps as a list",
        "noscript": "This page needs JavaScript to show the steps; it loads nothing from the network.",
    },
    "zh": {
        "heading": "{root}，逐步演示",
        "forward": "前向",
        "backward": "反向",
        "play": "播放",
        "pause": "暂停",
        "next": "下一步",
        "back": "上一步",
        "position": "步骤",
        "step_of": "第 {n} 步，共 {total} 步",
        "speed": "速度",
        "slow": "慢",
        "normal": "中",
        "fast": "快",
        "picture": "{root} 的计算图：方框是节点，连线从操作数指向结果",
        "start": "叶节点已有数值。请走一步，或播放。",
        "rule": "{operation} 的求导规则",
        "choose": "选择一个方框，这里会显示它的公式和数值。反向传播到达一条连线之后，指向它即可看到乘积。",
        "node": "节点 {name}",
        "leaf": "叶节点 {name}",
        "computed": "计算式",
        "value": "值",
        "gradient": "梯度",
        "not_yet": "尚未得到",
        "incomplete": "它的梯度在第 {n} 步之后完整。",
        "no_gradient": "它没有梯度。",
        "contributions": "它传出的贡献",
        "nudge": "若 {name} 增加 0.1，{root} 约变化 {change}。",
        "paths": "{root} 对 {name} 的梯度从何而来",
        "original_paths": "路径的解释针对原来的数值。",
        "set": "新的数值",
        "drag": "左右拖动它，或选中后按 ↑ 和 ↓。",
        "bad_number": "请输入一个数，例如 -0.5 或 1e-3。",
        "reset": "恢复原值",
        "changed": "数值已改动：本页重新计算所有步骤。",
        "open": "展开",
        "close": "收起",
        "open_all": "全部展开",
        "close_all": "全部收起",
        "folded": "带 ▸ 的方框内含只被它使用的节点。可在此展开，也可双击或按 O 键；收起的方框内的步骤会被跳过。",
        "part": "本页显示 {size} 个节点中的 {shown} 个，其余节点的步骤从略。",
        "more": "另有 {n} 个",
        "edge": "从 {node} 到 {operand}：上游梯度 × 局部导数 = {product}",
        "quiet_edge": "从 {operand} 到 {node}",
        "quiz": "测验",
        "leave": "退出测验",
        "question": "下一个数是多少？",
        "answer": "你的答案",
        "check": "检查",
        "hint": "提示",
        "show": "显示答案",
        "tolerance": "两位有效数字即可，误差 1 % 以内算对。",
        "right": "正确：{sentence}",
        "wrong": "还不对。再试一次，或看提示。",
        "solution": "答案：{sentence}",
        "score": "答对 {right} 题，共 {asked} 题",
        "done": "这是最后一步。",
        "legend": "图例",
        "plus": "贡献大于 0",
        "minus": "贡献小于 0",
        "zero": "恰好为 0",
        "bad": "nan 或无穷大",
        "width": "线越宽，贡献越大，最大为 {largest}",
        "lit": "当前步骤",
        "partial": "方框中的 ∂：{root} 对它的梯度（到目前为止）",
        "keys": "按键：← 和 → 走一步，空格播放，Home 和 End 到两端。Tab 移到方框和连线，Enter 显示方框，"
        "↑ 和 ↓ 改变叶节点。",
        "list": "所有步骤的列表",
        "noscript": "本页需要 JavaScript 才能显示步骤；它不从网络加载任何内容。",
    },
}
LANGUAGES: Final = {"en": "en", "zh": "zh-Hans"}
"""The languages, with what HTML calls them."""
_EXPLAINED: Final = {
    "en": (),
    "zh": (
        (r": no path leads from (.+) to (.+)$", r"：没有从 \1 到 \2 的路径"),
        (r": it is the node itself$", "：就是它自己"),
        (r", along the only path$", "，沿唯一的路径"),
        (r", the product along the only path$", "，是唯一路径上的乘积"),
        (r", the sum over ([^ ]+|about [^ ]+) paths$", r"，是 \1 条路径之和"),
        (r", the sum of the products along ([^ ]+|about [^ ]+) paths$", r"，是 \1 条路径上的乘积之和"),
        (
            r"^the sum over (.+) other paths? is lost in rounding beside these$",
            r"其余 \1 条路径之和与这些相比，已在舍入中丢失",
        ),
        (r"^([^ ]+) along ([^ ]+|about [^ ]+) other paths?$", r"\1：其余 \2 条路径"),
        (r"^([^ ]+) along ([^ ]+) equal paths, ([^ ]+) on each: ", r"\1：\2 条相等的路径，每条 \3："),
        (r"^([^ ]+) along ", r"\1："),
        (r" in ([\d,]+) arrows\]", r"，共 \1 个箭头]"),
        ("about ", "约 "),
    ),
}


def translated(line: str, lang: str) -> str:
    """A line of an explanation in a language.

    >>> translated("6 along 2 equal paths, 3 on each: y ←[1] v1 ←[3] x", "zh")
    '6：2 条相等的路径，每条 3：y ←[1] v1 ←[3] x'
    """
    for pattern, words in _EXPLAINED[lang]:
        line = re.sub(pattern, words, line)
    return line
