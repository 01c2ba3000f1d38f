// Looks at a page from a world of its own: the page's scripts see none of it and cannot replace what it calls. A form's
// fields can hide properties of the form, so properties are read by the prototypes' own getters.
(() => {
  const getter = (proto, name) => {
    const get = Object.getOwnPropertyDescriptor(proto, name).get;
    return (node) => get.call(node);
  };
  const tag = getter(Element.prototype, 'tagName');
  const classes = getter(Element.prototype, 'classList');
  const children = getter(Element.prototype, 'children');
  const parent = getter(Node.prototype, 'parentNode');
  const text = getter(HTMLElement.prototype, 'innerText');
  const attribute = (node, name) => Element.prototype.getAttribute.call(node, name);
  const all = (selector, from = document) =>
    [...(from === document ? Document : Element).prototype.querySelectorAll.call(from, selector)];
  const body = () => getter(Document.prototype, 'body')(document);
  const words = (node) => {
    if (node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement) return node.value;
    if (node instanceof HTMLSelectElement) return node.selectedOptions[0] ? node.selectedOptions[0].text : '';
    return node instanceof HTMLElement ? text(node) : node.textContent;
  };
  const shown = (node) => {
    const boxes = Element.prototype.getClientRects.call(node);
    return boxes.length > 0 && getComputedStyle(node).visibility !== 'hidden';
  };
  const rectangle = (node) => Element.prototype.getBoundingClientRect.call(node);
  const one = (selector) => {
    const found = all(selector);
    return found.length === 1 ? found[0] : null;
  };
  const labels = ['TH', 'DT', 'LABEL', 'LEGEND', 'BUTTON', 'H1', 'H2', 'H3'];
  const own = (node) => {
    const id = attribute(node, 'id');
    const sorted = [...classes(node)].sort().map((name) => '.' + name).join('');
    const marks = ['name', 'type', 'method'].map((name) => attribute(node, name)).map((v) => (v ? `[${v}]` : '')).join('');
    const label = labels.includes(tag(node)) ? '=' + node.textContent.trim().replace(/\s+/g, ' ').slice(0, 60) : '';
    return tag(node).toLowerCase() + (id ? '#' + id : '') + sorted + marks + label;
  };
  const cover = 'color:transparent!important;text-shadow:none!important;caret-color:transparent!important;' +
    'background:#8a8f99!important;border-color:#8a8f99!important;filter:none!important;-webkit-text-fill-color:transparent!important;';

  globalThis.look = {
    // How many elements there are, the words of the first, and whether it can be seen.
    read: (selector, name) => {
      const found = all(selector);
      if (!found.length) return { count: 0 };
      const said = name ? attribute(found[0], name) : words(found[0]);
      return { count: found.length, said: said === null ? null : said.slice(0, 20000) };
    },
    // Whether any of these can be seen.
    seen: (selectors) => selectors.some((selector) => all(selector).some(shown)),
    // The first of the named groups of selectors of which one can be seen.
    state: (groups) => {
      const found = groups.find(([, selectors]) => selectors.some((selector) => all(selector).some(shown)));
      return { url: location.href, sign: found ? found[0] : null };
    },
    // Paths of tags, ids, classes and labels below the root, each once. What a list or a table holds is data.
    skeleton: (selector) => {
      const root = one(selector);
      if (!root) return null;
      const paths = new Set();
      const walk = (node, above) => {
        const data = tag(node) === 'LI' || (tag(node) === 'TR' && parent(node) && parent(node).nodeName === 'TBODY');
        if (data || paths.size > 5000) return;
        const path = above + '>' + own(node);
        paths.add(path);
        for (const child of children(node)) walk(child, path);
      };
      walk(root, '');
      return [...paths].sort();
    },
    table: (rows, columns) => all(rows).slice(0, 201).map((row) => columns.map((selector) => {
      // The row itself is its only cell where the selector is `:scope`.
      const cells = selector === ':scope' ? [row] : all(selector, row);
      return cells.length === 1 ? words(cells[0]) : null;
    })),
    // Where to click, if what would be hit there is the element itself.
    point: (selector) => {
      const node = one(selector);
      if (!node) return { count: all(selector).length };
      Element.prototype.scrollIntoView.call(node, { block: 'center', behavior: 'instant' });
      const box = rectangle(node);
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      let hit = Document.prototype.elementFromPoint.call(document, x, y);
      while (hit && hit !== node) hit = parent(hit);
      return { count: 1, x, y, free: hit === node };
    },
    // Whether something on the page takes what is typed.
    focused: () => ![null, body(), document.documentElement].includes(document.activeElement),
    focus: (selector) => {
      const node = one(selector);
      const field = node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement;
      if (!field || node.disabled || node.readOnly) return false;
      HTMLElement.prototype.focus.call(node);
      node.select();
      return true;
    },
    choose: (selector, option) => {
      const node = one(selector);
      if (!(node instanceof HTMLSelectElement) || node.disabled) return false;
      const found = [...node.options].filter((each) => each.text.trim() === option && !each.disabled);
      if (found.length !== 1) return false;
      node.value = found[0].value;
      for (const name of ['input', 'change']) node.dispatchEvent(new Event(name, { bubbles: true }));
      return true;
    },
    // The element's box on the page.
    box: (selector) => {
      const node = one(selector);
      if (!node) return null;
      const box = rectangle(node);
      return { x: box.left + scrollX, y: box.top + scrollY, width: box.width, height: box.height };
    },
    text: () => (body() ? text(body()) : ''),
    // Covers what matches, and what is inside of it.
    cover: (selectors) => {
      const sheet = new CSSStyleSheet();
      for (const selector of selectors) {
        sheet.insertRule(`:is(${selector}), :is(${selector}) * {${cover}}`);
        sheet.insertRule(`:is(${selector}) img, :is(${selector}) svg, :is(${selector}) canvas, img:is(${selector}) {visibility:hidden!important}`);
      }
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
  };
})();
