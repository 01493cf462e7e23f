// Heldout's pages while they are open: they work without this file; with it they keep up with what happens.
"use strict";

(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400; // seconds
  const QUIET = 400; // ms: several events in a row are one change
  const LATER = 10000; // ms until a page that couldn't be had is asked for once more
  const SLOWEST = 60000; // ms between attempts to listen again

  // ---------------------------------------------------------------- time, as `formats.py` has it

  const lasting = (whole) => {
    const days = Math.floor(whole / DAY), hours = Math.floor((whole % DAY) / HOUR), minutes = Math.floor((whole % HOUR) / MINUTE);
    if (whole >= 3 * DAY) return `${days} days`;
    if (whole >= DAY) return `${days} day${days > 1 ? "s" : ""}${hours ? ` ${hours} h` : ""}`;
    if (whole >= HOUR) return `${hours} h${minutes ? ` ${minutes} min` : ""}`;
    return whole >= MINUTE ? `${minutes} min` : `${whole} s`;
  };

  const relative = (moment) => {
    const seconds = Math.trunc((moment - Date.now()) / 1000);
    if (seconds > 0) return `in ${lasting(seconds)}`; // the last minute by the second
    return seconds > -MINUTE ? "just now" : `${lasting(-seconds)} ago`;
  };

  const tick = () => {
    for (const each of document.querySelectorAll("[data-relative]")) {
      const moment = Date.parse(each.dataset.relative);
      const text = relative("past" in each.dataset ? Math.min(moment, Date.now()) : moment); // clocks differ
      if (each.textContent !== text) each.textContent = text;
    }
  };

  const localise = () => {
    for (const each of document.querySelectorAll("time[datetime]")) {
      const moment = new Date(each.dateTime);
      if (!Number.isNaN(moment.getTime())) each.title = moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
    }
  };

  // ---------------------------------------------------------------- what people have begun to type stays

  const unsaved = (main) => [...main.querySelectorAll("form")].some((form) => [...form.elements].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
  }));

  // ---------------------------------------------------------------- a fresh <main> in place of the old one

  const key = (element) => element.id || element.querySelector("summary")?.textContent || "";

  const carry = (from, to) => {
    const open = new Map([...from.querySelectorAll("details")].map((each) => [key(each), each.open]));
    for (const each of to.querySelectorAll("details")) if (open.has(key(each))) each.open = open.get(key(each));
  };

  const boxes = (main) => [...main.querySelectorAll(".scroll, .log, .difference, .tabs")];

  const path = (element, main) => {
    const steps = [];
    for (let here = element; here && here !== main; here = here.parentElement) steps.unshift([...here.parentElement.children].indexOf(here));
    return steps;
  };

  const follow = (main, steps) => steps.reduce((here, step) => here?.children[step], main);

  const swap = (fresh) => {
    const main = document.querySelector("main");
    const focused = main.contains(document.activeElement) && main !== document.activeElement ? document.activeElement : null;
    const steps = focused && path(focused, main), id = focused?.id;
    const scrolled = boxes(main).map((each) => [each.scrollLeft, each.scrollTop, each.scrollTop + each.clientHeight >= each.scrollHeight - 2]);
    const place = [window.scrollX, window.scrollY];
    carry(main, fresh);
    main.replaceWith(fresh);
    if (!fresh.dataset.events) leave(); // nothing more will happen here
    boxes(fresh).forEach((each, number) => {
      if (!scrolled[number]) return;
      each.scrollLeft = scrolled[number][0];
      each.scrollTop = scrolled[number][2] && each.matches(".log") ? each.scrollHeight : scrolled[number][1]; // a log is followed
    });
    window.scrollTo(...place);
    if (focused) ((id && document.getElementById(id)) || follow(fresh, steps))?.focus({ preventScroll: true });
    tick();
    localise();
  };

  let asking = null;

  const refresh = async () => {
    const main = document.querySelector("main");
    if (unsaved(main) || document.hidden) return; // the next event asks again
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, signal: asking.signal });
      if (answer.status === 429 || answer.status >= 500) setTimeout(heard, LATER);
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      if (fresh && !unsaved(main) && fresh.innerHTML !== main.innerHTML) {
        document.title = page.title;
        swap(document.adoptNode(fresh));
      }
    } catch (error) {
      if (error.name !== "AbortError") setTimeout(heard, LATER);
    }
  };

  // ---------------------------------------------------------------- the server tells when something happened

  let soon = 0, wait = 1000, source = null;

  const heard = () => {
    soon ||= setTimeout(() => { soon = 0; refresh(); }, QUIET); // also when events never pause
  };

  const leave = () => { source?.close(); source = null; };

  const listen = () => {
    const url = document.querySelector("main")?.dataset.events;
    if (!url || source || document.hidden) return;
    source = new EventSource(new URL(url, location.href));
    source.onopen = () => { wait = 1000; heard(); }; // what happened since the page was written
    source.onmessage = heard;
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      leave();
      setTimeout(listen, wait);
      wait = Math.min(2 * wait, SLOWEST);
    };
  };

  tick();
  localise();
  setInterval(tick, 1000);
  // A page that nobody looks at doesn't listen: a browser has six connections to a server, for all its tabs.
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else listen(); });
  listen();
})();
