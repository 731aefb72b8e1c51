"use strict";
// Plays what `live` sends: pictures as they are, video through the browser's own decoder.

const LATE = 10; // seconds without a picture, after which it is not shown as the present one
const KEEP = 8; // seconds of video that are kept behind the present
const MOST_WAITING = 240; // segments that may wait for the decoder

let token = "";
try { token = sessionStorage.getItem("bambu-camera-token") || ""; } catch { /* none is kept */ }

const element = (name, parent, text) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
};
const headers = () => (token ? { Authorization: "Bearer " + token } : {});
const protocols = () => {
  if (!token) return ["bambu.camera"];
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  const coded = btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  return ["bambu.camera", "bearer." + coded];
};

/** Asks for JSON; without the right token the form is shown and nothing comes back. */
async function ask(path) {
  const answer = await fetch(path, { headers: headers(), cache: "no-store" });
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) {
    askForToken(token ? body.message : "");
    return null;
  }
  if (!answer.ok) throw new Error(body.message || "the server answers " + answer.status);
  return body;
}

function askForToken(why) {
  document.getElementById("cameras").replaceChildren();
  document.getElementById("refused").textContent = why || "";
  document.getElementById("door").hidden = false;
  document.getElementById("token").focus();
}

/** Video: segments go into the browser's buffer, and the present is never far behind. */
class Film {
  constructor(video, failed) {
    this.video = video;
    this.failed = failed;
    this.waiting = [];
    this.buffer = null;
    this.source = null;
  }

  /** What follows is this; the first segment comes next. */
  open(codec) {
    const Source = window.ManagedMediaSource || window.MediaSource;
    const type = 'video/mp4; codecs="' + codec + '"';
    if (!Source || !Source.isTypeSupported(type)) return false;
    this.close();
    const source = (this.source = new Source());
    this.video.disableRemotePlayback = true;
    this.video.src = URL.createObjectURL(source);
    source.addEventListener("sourceopen", () => {
      URL.revokeObjectURL(this.video.src);
      if (this.source !== source) return;
      this.buffer = source.addSourceBuffer(type);
      this.buffer.mode = "segments";
      this.buffer.addEventListener("updateend", () => this.feed());
      this.feed();
    }, { once: true });
    return true;
  }

  take(segment) {
    this.waiting.push(segment);
    if (this.waiting.length > MOST_WAITING) this.failed("this browser is too slow for the video");
    else this.feed();
  }

  feed() {
    const { buffer, video } = this;
    if (!buffer || buffer.updating || this.source.readyState !== "open") return;
    if (video.error) return this.failed("the browser cannot play this video");
    this.chase();
    const { buffered } = buffer;
    try {
      if (buffered.length && buffered.start(0) < video.currentTime - 2 * KEEP) {
        buffer.remove(0, video.currentTime - KEEP);
      } else if (this.waiting.length) {
        buffer.appendBuffer(this.waiting[0]);
        this.waiting.shift();
      }
    } catch (error) {
      const end = buffered.length ? buffered.end(buffered.length - 1) : 0;
      if (error.name === "QuotaExceededError" && end > 1) buffer.remove(0, end - 1);
      else this.failed("the browser cannot play this video");
    }
  }

  /** Jumps to the present when it is far away: at the start, after a gap, after a tab slept. */
  chase() {
    const { video, buffer } = this;
    const { buffered } = buffer;
    if (!buffered.length) return;
    const last = buffered.length - 1;
    const [start, end] = [buffered.start(last), buffered.end(last)];
    const behind = end - video.currentTime;
    if (video.currentTime < start || behind > 2 || behind < -0.5) {
      video.currentTime = Math.max(start, end - 0.2);
    }
    video.playbackRate = behind > 0.8 && behind <= 2 ? 1.1 : 1;
    if (video.paused) video.play().catch(() => {});
  }

  close() {
    this.waiting = [];
    this.buffer = this.source = null;
    this.video.removeAttribute("src");
    this.video.load();
  }
}

/** One camera: its place on the page, its connection, and why it shows nothing. */
class Camera {
  constructor(parent, told, folder) {
    this.folder = folder;
    this.tries = 0;
    this.seen = 0;
    this.pictures = 0;
    const figure = element("figure", parent);
    this.screen = element("div", figure);
    this.screen.className = "screen blank";
    this.image = element("img", this.screen);
    this.image.alt = "";
    this.video = element("video", this.screen);
    Object.assign(this.video, { muted: true, autoplay: true, playsInline: true });
    this.words = element("p", this.screen, "Connecting …");
    this.words.setAttribute("role", "status");
    const caption = element("figcaption", figure);
    element("b", caption, told.name || told.serial);
    this.facts = element("small", caption);
    const still = element("button", caption, "Picture");
    still.type = "button";
    still.addEventListener("click", () => this.still().then((url) => url && open(url)));
    const large = element("button", caption, "Full screen");
    large.type = "button";
    large.addEventListener("click", () => {
      if (this.screen.requestFullscreen) this.screen.requestFullscreen();
      else if (this.video.webkitEnterFullscreen) this.video.webkitEnterFullscreen();
    });
    this.film = new Film(this.video, (why) => this.again(why));
    setInterval(() => this.look(), 1000);
    this.connect();
  }

  say(text) {
    this.words.textContent = text || "";
  }

  show(which) {
    this.image.hidden = which !== this.image;
    this.video.hidden = which !== this.video;
  }

  connect() {
    const url = new URL(this.folder + "live", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.socket = new WebSocket(url, protocols()));
    socket.binaryType = "arraybuffer";
    this.plays = null;
    this.polls = false;
    this.opened = Date.now();
    socket.addEventListener("message", ({ data }) => {
      if (this.socket !== socket) return;
      if (typeof data === "string") this.hear(JSON.parse(data));
      else this.take(data);
    });
    socket.addEventListener("close", () => {
      if (this.socket === socket) this.again();
    });
  }

  hear(message) {
    if (message.type === "state") {
      this.why = message.message;
      if (message.message) {
        const seconds = message.retry_in_seconds;
        this.say(message.message + (seconds ? " (next try in " + Math.ceil(seconds) + " s)" : ""));
        this.screen.classList.add("old");
      } else if (message.state === "connecting") {
        this.say("Waiting for the printer's camera …");
      }
    } else if (message.type === "video") {
      this.facts.textContent = message.width ? message.width + " × " + message.height : "";
      this.plays = message.codec === "image/jpeg" ? "image" : "video";
      if (this.plays === "video" && !this.film.open(message.codec)) {
        this.plays = "stills";
        this.poll();
      }
      this.show(this.plays === "video" ? this.video : this.image);
    }
  }

  take(data) {
    this.seen = Date.now();
    if (this.plays === "image") this.picture(new Blob([data], { type: "image/jpeg" }));
    if (this.plays === "video") {
      this.film.take(data);
      this.shown();
    }
  }

  picture(blob) {
    const old = this.image.src;
    this.image.src = URL.createObjectURL(blob);
    if (old) URL.revokeObjectURL(old);
    this.shown();
  }

  shown() {
    this.tries = 0;
    this.why = null;
    this.pictures += 1;
    this.screen.classList.remove("blank", "old");
    this.say("");
  }

  /** Still pictures, where the browser plays no video in parts. */
  async poll() {
    const socket = this.socket;
    while (this.socket === socket && this.plays === "stills") {
      await this.still().then((url) => url && fetch(url)).then((it) => it && it.blob())
        .then((blob) => blob && this.picture(blob)).catch((error) => this.say(error.message));
      await new Promise((done) => setTimeout(done, 1000));
    }
  }

  async still() {
    const answer = await fetch(this.folder + "snapshot.jpg", { headers: headers() });
    if (answer.ok) return URL.createObjectURL(await answer.blob());
    const body = await answer.json().catch(() => ({}));
    this.say(body.message || "there is no picture");
    return null;
  }

  /** Once a second: a picture that is old is not shown as the present one. */
  look() {
    if (this.plays === "video") this.film.feed();
    const since = (Date.now() - Math.max(this.seen, this.opened)) / 1000;
    if (this.plays === "stills" || since < LATE) return;
    this.screen.classList.add("old");
    this.say(this.why || "No picture for " + Math.round(since) + " s");
    if (since > 6 * LATE && this.socket.readyState === WebSocket.OPEN && !this.why) this.again();
  }

  /** Connects anew, after asking why. */
  async again(why) {
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
    this.screen.classList.add("old");
    this.say(why || this.why || "The connection is lost; connecting again …");
    this.tries += 1;
    const wait = Math.min(1000 * 2 ** Math.min(this.tries, 4), 10000);
    await new Promise((done) => setTimeout(done, wait));
    try {
      const told = await ask(this.folder + "../camera");
      if (!told) return;
      if (told.message) this.say(told.message);
    } catch (error) {
      const lost = error instanceof TypeError;
      this.say(lost ? "The server does not answer; trying again …" : error.message);
    }
    this.connect();
  }
}

async function start() {
  const main = document.getElementById("cameras");
  document.getElementById("door").hidden = true;
  main.replaceChildren();
  try {
    if (main.className === "wall") {
      const all = await ask("api/v2/cameras");
      for (const told of all ? all.cameras : []) {
        new Camera(main, told, "api/v2/printers/" + encodeURIComponent(told.serial) + "/camera/");
      }
    } else {
      const told = await ask("../camera");
      if (told) {
        document.title = (told.name || told.serial) + " - bambu";
        new Camera(main, told, "");
      }
    }
  } catch (error) {
    element("p", main, error instanceof TypeError ? "The server does not answer." : error.message);
    setTimeout(start, 5000);
  }
}

document.getElementById("door").addEventListener("submit", (event) => {
  event.preventDefault();
  token = document.getElementById("token").value.trim();
  try { sessionStorage.setItem("bambu-camera-token", token); } catch { /* it is asked for again */ }
  start();
});
start();
