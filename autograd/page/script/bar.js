// The bar of controls: play, step, back, the slider and the keys, of every page that goes through positions in order.

/** A page has forward(), back(), go(position), slide(count), ahead(), length, paint() and speak() beside these. */
class Player {
  timer = 0;
  haste = 1; // So many positions pass in the time of one step.

  play() {
    if (!this.ahead()) this.at = 0;
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      this.forward();
      if (!this.ahead()) this.pause();
    }, Number(byId("speed").value) / this.haste);
    this.paint();
  }

  pause() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = 0;
    this.paint();
    this.speak();
  }

  stopAnd(act) {
    this.pause();
    act();
  }

  listenToBar() {
    byId("next").addEventListener("click", () => this.stopAnd(() => this.forward()));
    byId("back").addEventListener("click", () => this.stopAnd(() => this.back()));
    byId("play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    byId("speed").addEventListener("change", () => this.timer && this.play());
    byId("slider").addEventListener("input", (event) => this.stopAnd(() => this.slide(Number(event.target.value))));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const { target, key } = event;
    const typing = target.matches("input:not([type=range]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.keyOn(event)) return;
    if (key === " " && target.matches("button, summary")) return;
    const acts = {
      ArrowRight: () => this.stopAnd(() => this.forward()),
      ArrowLeft: () => this.stopAnd(() => this.back()),
      Home: () => this.stopAnd(() => this.go(0)),
      End: () => this.stopAnd(() => this.go(this.length)),
      " ": () => (this.timer ? this.pause() : this.play()),
    };
    if (!(key in acts)) return;
    event.preventDefault();
    acts[key]();
  }
}

function byId(id) {
  return document.getElementById(id);
}
