// The bar of every page that goes through positions in order: play, step, back, the slider, and the keys for them.

/** A page that plays. It has forward(), back(), go(position), slide(count), ahead(), length, paint() and speak(), too. */
class Player {
  timer = 0;
  haste = 1; // So many positions pass in the time of one step of a lesson.

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
}

/** Calls back whenever the page has another width than now; a frame that isn't shown yet has none. */
function whenWide(change) {
  let width = document.body.clientWidth;
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    change();
  }).observe(document.body);
}

class Bar {
  constructor(page) {
    this.page = page;
    this.listen();
  }

  listen() {
    byId("next").addEventListener("click", () => this.stopAnd(() => this.page.forward()));
    byId("back").addEventListener("click", () => this.stopAnd(() => this.page.back()));
    byId("play").addEventListener("click", () => this.toggle());
    byId("speed").addEventListener("change", () => this.page.timer && this.page.play());
    byId("slider").addEventListener("input", (event) => this.stopAnd(() => this.page.slide(Number(event.target.value))));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  stopAnd(act) {
    this.page.pause();
    act();
  }

  toggle() {
    if (this.page.timer) this.page.pause();
    else this.page.play();
  }

  key(event) {
    const { target, key } = event;
    const typing = target.matches("input:not([type=range]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.keyOn(event)) return;
    if (key === " " && target.matches("button, summary")) return;
    const acts = {
      ArrowRight: () => this.stopAnd(() => this.page.forward()),
      ArrowLeft: () => this.stopAnd(() => this.page.back()),
      Home: () => this.stopAnd(() => this.page.go(0)),
      End: () => this.stopAnd(() => this.page.go(this.page.length)),
      " ": () => this.toggle(),
    };
    if (!(key in acts)) return;
    event.preventDefault();
    acts[key]();
  }

  /** The further keys of a page: true if this was one. */
  keyOn() {
    return false;
  }
}
