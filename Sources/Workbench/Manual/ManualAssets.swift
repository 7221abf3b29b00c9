/// The style and the search of the HTML manual.
enum ManualAssets {
  static let style = """
    :root { color-scheme: light dark; --line: #d5d9e0; --soft: #f4f5f8; --link: #0b57b0; --mark: #7a4b00; }
    @media (prefers-color-scheme: dark) { :root { --line: #3a3f4a; --soft: #21252d; --link: #8ab8f5; --mark: #e0b060; } }
    * { box-sizing: border-box; }
    body { margin: 0; font: 16px/1.55 system-ui, sans-serif; }
    a { color: var(--link); }
    header { position: sticky; top: 0; z-index: 2; display: flex; gap: 1rem; align-items: center; padding: .5rem 1rem;
      border-bottom: 1px solid var(--line); background: Canvas; }
    .home { font-weight: 700; font-size: 1.2rem; text-decoration: none; }
    #search { flex: 1; max-width: 28rem; padding: .35rem .6rem; font: inherit; border: 1px solid var(--line); border-radius: .4rem; }
    #results { position: absolute; top: 3rem; left: 1rem; right: 1rem; max-width: 44rem; max-height: 70vh; overflow: auto; margin: 0;
      padding: .3rem; list-style: none; background: Canvas; border: 1px solid var(--line); border-radius: .4rem; }
    #results a { display: block; padding: .3rem .5rem; text-decoration: none; border-radius: .3rem; }
    #results a:focus, #results a:hover { background: var(--soft); }
    #results small { display: block; color: GrayText; }
    .columns { display: flex; align-items: flex-start; max-width: 84rem; margin: 0 auto; }
    nav { position: sticky; top: 3.4rem; flex: 0 0 17rem; max-height: calc(100vh - 3.4rem); overflow: auto; padding: 1rem; font-size: .92rem; }
    nav ul { margin: .2rem 0 .8rem; padding-left: .9rem; list-style: none; }
    nav summary { font-weight: 600; cursor: pointer; }
    nav a { text-decoration: none; }
    nav a[aria-current] { font-weight: 700; color: inherit; }
    main { flex: 1; min-width: 0; padding: 1rem 1.5rem 4rem; max-width: 56rem; }
    h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; }
    code { font: .92em ui-monospace, monospace; }
    h1 code, h2 code { overflow-wrap: anywhere; }
    pre { overflow-x: auto; padding: .7rem .9rem; background: var(--soft); border: 1px solid var(--line); border-radius: .4rem; line-height: 1.4; }
    pre .language-math { font-size: 1rem; }
    .table { overflow-x: auto; }
    table { border-collapse: collapse; margin: .6rem 0; font-size: .93rem; }
    main > table { display: block; overflow-x: auto; }
    th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
    section.function { border-top: 1px solid var(--line); scroll-margin-top: 4rem; }
    .deprecated { color: var(--mark); }
    :target { background: var(--soft); scroll-margin-top: 4rem; }
    .to-contents { display: none; }
    @media (max-width: 800px) { .columns { flex-direction: column-reverse; align-items: stretch; } .to-contents { display: inline; }
      nav { position: static; flex: none; max-height: none; border-top: 1px solid var(--line); } main { padding: 1rem; }
      header { gap: .7rem; } #search { min-width: 0; } }

    """

  static let search = """
    const up = document.body.dataset.up, box = document.getElementById("search"), list = document.getElementById("results");
    function score([title, , summary, words], terms) {
      const places = [title.toLowerCase(), summary.toLowerCase(), words.toLowerCase()];
      let total = 0;
      for (const term of terms) {
        const [head, line, body] = places.map((text) => text.indexOf(term));
        const name = places[0].split(/[.:\\/]/).pop();
        const points = name === term ? 200 : name.startsWith(term) ? 100 : head >= 0 ? 50 : line >= 0 ? 10 : body >= 0 ? 1 : 0;
        if (!points) return 0;
        total += points;
      }
      return total - title.length / 1000;
    }
    function show() {
      const terms = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
      const found = terms.length ? pages.map((page) => [score(page, terms), page]).filter(([points]) => points > 0) : [];
      found.sort((a, b) => b[0] - a[0]);
      list.replaceChildren(...found.slice(0, 20).map(([, [title, path, summary]]) => {
        const row = document.createElement("li"), link = document.createElement("a"), note = document.createElement("small");
        link.href = up + path;
        link.textContent = title;
        note.textContent = summary;
        link.append(note);
        row.append(link);
        return row;
      }));
      if (terms.length && !found.length) list.append("Nothing found.");
      list.hidden = !terms.length;
    }
    box.addEventListener("input", show);
    document.addEventListener("keydown", (event) => {
      const links = [...list.querySelectorAll("a")], at = links.indexOf(document.activeElement);
      if (event.key === "/" && document.activeElement !== box) box.focus();
      else if (event.key === "Escape") { box.value = ""; show(); box.blur(); }
      else if (event.key === "Enter" && document.activeElement === box && links.length) links[0].click();
      else if (event.key === "ArrowDown" && links.length && !list.hidden) links[Math.min(at + 1, links.length - 1)].focus();
      else if (event.key === "ArrowUp" && at >= 0) (links[at - 1] ?? box).focus();
      else return;
      event.preventDefault();
    });

    """
}
