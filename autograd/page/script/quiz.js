// The quiz: the student says the next number before the walk shows it.

class Quiz {
  constructor(page) {
    this.page = page;
    this.form = byId("quiz");
    this.on = false;
    this.right = 0;
    this.asked = 0;
    this.counted = false; // Whether the question in front is counted already.
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
    byId("hint").addEventListener("click", () => this.hint());
    byId("show").addEventListener("click", () => this.reveal());
    byId("ask").addEventListener("click", () => this.toggle());
  }

  toggle() {
    this.on = !this.on;
    this.page.pause();
    this.form.hidden = !this.on;
    document.body.classList.toggle("quizzing", this.on);
    const button = byId("ask");
    button.setAttribute("aria-pressed", this.on);
    button.textContent = say(this.on ? "leave" : "quiz");
    this.tell("");
    this.page.paint();
    if (!this.on) return;
    byId("answer").focus({ preventScroll: true });
    this.form.scrollIntoView({ block: "nearest" });
  }

  /** Ask about the step ahead. */
  ask() {
    if (!this.on) return;
    const step = this.page.ahead();
    if (step !== this.step) [this.step, this.counted] = [step, false];
    const question = !step ? say("done") : `${this.question(step)} = ?`;
    byId("asked").replaceChildren(...wordwise(question));
    byId("score").textContent = say("score", { right: this.right, asked: this.asked });
    for (const control of this.form.querySelectorAll("input, button")) control.disabled = !step;
  }

  /** What is asked for, in names alone. */
  question({ to, parts }) {
    if (to !== undefined) return parts.length > 1 ? parts[0] : parts[0].replace(/ = 1$/, "");
    return parts.slice(0, 2).join(" = ");
  }

  count(right) {
    if (!this.counted) [this.asked, this.right] = [this.asked + 1, this.right + (right ? 1 : 0)];
    this.counted = true;
  }

  check() {
    const input = byId("answer");
    const typed = read(input.value);
    if (!this.step) return;
    if (!typed) {
      this.tell(say("bad_number"));
      return;
    }
    if (!agrees(typed, Number(this.step.value))) {
      this.count(false);
      this.tell(say("wrong"), "bad");
      this.ask();
      input.select();
      return;
    }
    this.count(true);
    this.go("right");
  }

  /** The formula, and the numbers put in. */
  hint() {
    const { node, to, arg, parts, end } = this.step;
    const forward = to === undefined;
    const numbers = parts.slice(forward ? 2 : 1, -1).join(" = ");
    const formula = forward ? data.rules[data.nodes[node].op][0] : arg === null ? "" : end.trim().split(";")[0];
    this.count(false);
    this.tell([numbers, formula].filter(Boolean).join("   "));
    this.ask();
    byId("answer").focus();
  }

  reveal() {
    this.count(false);
    this.go("solution");
  }

  /** Take the step, say its sentence, and go on with the next question. */
  go(name) {
    const sentence = this.page.sentence(this.step);
    byId("answer").value = "";
    this.page.forward();
    this.tell(say(name, { sentence }), name === "right" ? "good" : "");
    byId("answer").focus();
  }

  tell(words, kind = "") {
    const verdict = byId("verdict");
    verdict.textContent = words;
    verdict.className = kind;
  }
}
