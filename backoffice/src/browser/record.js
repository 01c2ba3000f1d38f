// Tells what a person does on a page, from a world of its own. What they type as a password or a code is not told.
(() => {
  if (window !== window.top || !location.protocol.startsWith('http')) return;
  const getter = (proto, name) => {
    const get = Object.getOwnPropertyDescriptor(proto, name).get;
    return (node) => get.call(node);
  };
  const tag = (node) => getter(Element.prototype, 'tagName')(node).toLowerCase();
  const parent = getter(Node.prototype, 'parentElement');
  const attribute = (node, name) => Element.prototype.getAttribute.call(node, name) || '';
  const names = (node) => Element.prototype.getAttributeNames.call(node);
  const closest = (node, selector) => Element.prototype.closest.call(node, selector);
  const count = (selector) => Document.prototype.querySelectorAll.call(document, selector).length;
  const tell = (shown) => globalThis.shown(JSON.stringify(shown));

  // A mark that is written by people and will be there tomorrow: short, and no number that counts something.
  const steady = (value) => value && value.length <= 60 && !/\d{3,}|["'\\{};]/.test(value);
  // What could name a node by itself, the steadiest first.
  const marks = (node) => {
    const found = [];
    const id = attribute(node, 'id');
    if (steady(id)) found.push('#' + CSS.escape(id));
    const data = names(node).filter((name) => /^data-[a-z-]+$/.test(name));
    for (const name of ['name', ...data, 'aria-label', 'placeholder']) {
      if (steady(attribute(node, name))) found.push(`${tag(node)}[${name}="${attribute(node, name)}"]`);
    }
    const end = attribute(node, 'href').split(/[?#]/)[0].split('/').pop();
    if (steady(end)) found.push(`a[href$="/${end}"]`);
    const classes = attribute(node, 'class').split(/\s+/).filter(steady);
    return [...found, ...classes.map((name) => `${tag(node)}.${CSS.escape(name)}`)];
  };
  const alone = (selector) => count(selector) === 1;
  const place = (node) => {
    const above = parent(node);
    const same = above ? [...above.children].filter((child) => tag(child) === tag(node)) : [node];
    return `${tag(node)}:nth-of-type(${same.indexOf(node) + 1})`;
  };
  const selector = (node) => {
    const mark = marks(node).find(alone);
    if (mark) return { selector: mark, positional: false };
    let path = place(node);
    for (let above = parent(node); above; above = parent(above)) {
      const outer = marks(above).find(alone);
      const both = outer && [...marks(node), tag(node)].map((inner) => `${outer} ${inner}`).find(alone);
      if (both) return { selector: both, positional: false };
      if (outer) return { selector: `${outer} > ${path}`, positional: true };
      path = `${place(above)} > ${path}`;
    }
    return { selector: path, positional: true };
  };

  const label = (node) => {
    const labels = node.labels && node.labels[0];
    const own = labels ? [...labels.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE) : [];
    return own.map((child) => child.textContent.trim()).join(' ').trim().slice(0, 20);
  };
  const secret = /pass|pwd|otp|captcha|verif|vcode|secret|密码|口令|验证码|校验码|动态码/i;
  const is_secret = (node) => node.type === 'password' || /password|one-time-code/.test(attribute(node, 'autocomplete')) ||
    [attribute(node, 'id'), attribute(node, 'name'), attribute(node, 'placeholder'), label(node)].some((word) => secret.test(word));

  const pressed = 'a,button,summary,[role=button],[role=tab],[role=menuitem],[onclick],' +
    'input:is([type=submit],[type=button],[type=image],[type=checkbox],[type=radio])';
  addEventListener('click', (event) => {
    const node = event.target;
    if (!event.isTrusted || !(node instanceof Element)) return;
    const found = closest(node, pressed);
    if (!found && (closest(node, 'input,textarea,select,label') || getComputedStyle(node).cursor !== 'pointer')) return;
    tell({ kind: 'click', ...selector(found || node) });
  }, true);
  addEventListener('change', (event) => {
    const node = event.target;
    if (!event.isTrusted) return;
    const about = () => ({ ...selector(node), name: attribute(node, 'name') || attribute(node, 'id'), label: label(node) });
    if (node instanceof HTMLSelectElement) {
      const chosen = node.selectedOptions[0];
      if (chosen) tell({ kind: 'choose', ...about(), value: chosen.text.trim() });
    } else if (node instanceof HTMLTextAreaElement || node instanceof HTMLInputElement) {
      if (['checkbox', 'radio', 'file', 'hidden'].includes(node.type)) return;
      tell(is_secret(node) ? { kind: 'secret' } : { kind: 'fill', ...about(), value: node.value.slice(0, 2000) });
    }
  }, true);

  const came = () => {
    const mains = Document.prototype.querySelectorAll.call(document, 'main,[role=main]');
    const root = mains.length === 1 ? selector(mains[0]).selector : 'body';
    tell({ kind: 'page', url: location.href, title: document.title.slice(0, 40), root });
  };
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', came);
  else came();
})();
