// Tries every way to write, one after the other; one that fails stops no other one.
const w = (name) => '/w/' + name;
const act = (name) => '/act/' + name;
const add = (tag, attributes, parent = document.body) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
};
const form = (name, attributes, target = name + '-frame') => {
  if (target !== '_blank') add('iframe', { name: target, width: 10, height: 10 });
  const made = add('form', { action: w(name), method: 'post', target, ...attributes });
  add('input', { type: 'hidden', name: 'way', value: name }, made);
  return made;
};
const frame = (attributes) => add('iframe', { width: 10, height: 10, ...attributes });
const post = (name, more = {}) => fetch(w(name), { method: 'POST', body: 'x', ...more }).catch(() => {});
const request = (name, method, asynchronous = true) => {
  const made = new XMLHttpRequest();
  made.open(method, w(name), asynchronous);
  made.send('x');
};
const socket = (Constructor, name) => {
  const made = new Constructor(location.origin.replace('http', 'ws') + '/socket/' + name);
  made.onopen = () => made.send('x');
};
const blank = () => frame({}).contentWindow;

const ways = {
  button: () => {
    const button = add('button', { type: 'button' });
    button.addEventListener('click', () => post('button'));
    button.click();
  },
  'form-post': () => form('form-post', {}).submit(),
  'form-request-submit': () => form('form-request-submit', {}).requestSubmit(),
  'form-popup': () => form('form-popup', {}, '_blank').submit(),
  'form-multipart': () => form('form-multipart', { enctype: 'multipart/form-data' }).submit(),
  'form-text-plain': () => form('form-text-plain', { enctype: 'text/plain' }).submit(),
  'form-get': () => form('form-get', { method: 'get', action: act('form-get') }).submit(),
  'fetch-post': () => post('fetch-post'),
  'fetch-put': () => post('fetch-put', { method: 'PUT' }),
  'fetch-patch': () => post('fetch-patch', { method: 'PATCH' }),
  'fetch-delete': () => post('fetch-delete', { method: 'DELETE' }),
  'fetch-keepalive': () => post('fetch-keepalive', { keepalive: true }),
  'fetch-no-cors': () => fetch(abroad + w('fetch-no-cors'), { method: 'POST', mode: 'no-cors', body: 'x' }).catch(() => {}),
  'fetch-preflight': () => fetch(abroad + w('fetch-preflight'), { method: 'PUT', body: 'x' }).catch(() => {}),
  'xhr-post': () => request('xhr-post', 'POST'),
  'xhr-put': () => request('xhr-put', 'PUT'),
  'xhr-sync': () => request('xhr-sync', 'POST', false),
  'beacon-text': () => navigator.sendBeacon(w('beacon-text'), 'x'),
  'beacon-blob': () => navigator.sendBeacon(w('beacon-blob'), new Blob(['x'], { type: 'text/plain' })),
  'beacon-form': () => navigator.sendBeacon(w('beacon-form'), new FormData()),
  ping: () => add('a', { href: '#ping', ping: w('ping') }).click(),
  'csp-report': () => add('img', { src: 'http://192.0.2.1/forbidden-by-policy.png' }),
  'srcdoc-fetch': () => frame({ srcdoc: `<script>fetch('${location.origin}/w/srcdoc-fetch',{method:'POST',body:'x'})</` + 'script>' }),
  'blank-fetch': () => blank().fetch(location.origin + w('blank-fetch'), { method: 'POST', body: 'x' }).catch(() => {}),
  'cross-site-frame': () => frame({ src: abroad + '/frame/cross-site-frame' }),
  'sandbox-form': () => frame({ sandbox: 'allow-scripts allow-forms',
    srcdoc: `<form method=post action='${location.origin}/w/sandbox-form'></form><script>document.forms[0].submit()</` + 'script>' }),
  'sandbox-fetch': () => frame({ sandbox: 'allow-scripts allow-popups allow-popups-to-escape-sandbox',
    srcdoc: `<script>fetch('${location.origin}/w/sandbox-fetch',{method:'POST',mode:'no-cors',body:'x'})</` + 'script>' }),
  'pagehide-beacon': () => {
    const own = blank();
    own.addEventListener('pagehide', () => navigator.sendBeacon(w('pagehide-beacon'), 'x'));
    setTimeout(() => own.frameElement.remove(), 50);
  },
  'popup-fetch': () => {
    const popup = window.open('about:blank');
    if (popup) popup.fetch(location.origin + w('popup-fetch'), { method: 'POST', body: 'x' }).catch(() => {});
  },
  'popup-page': () => window.open('/frame/popup-page'),
  'noopener-page': () => window.open('/frame/noopener-page', '_blank', 'noopener'),
  'worker-fetch': () => new Worker('/static/worker.js'),
  'worker-blob': () => {
    const source = `fetch('${location.origin}/w/worker-blob',{method:'POST',body:'x'})`;
    return new Worker(URL.createObjectURL(new Blob([source])));
  },
  'shared-worker': () => new SharedWorker('/static/shared.js'),
  'service-worker': () => navigator.serviceWorker.register('/service.js').catch(() => {}),
  websocket: () => socket(WebSocket, 'websocket'),
  'websocket-blank-frame': () => socket(blank().WebSocket, 'websocket-blank-frame'),
  'fetch-later': () => window.fetchLater(w('fetch-later'), { method: 'POST', body: 'x', activateAfter: 0 }),
  'get-image': () => add('img', { src: act('get-image') }),
  'get-fetch': () => fetch(act('get-fetch')).catch(() => {}),
  'get-frame': () => frame({ src: act('get-frame') }),
  'get-prefetch': () => add('link', { rel: 'prefetch', href: act('get-prefetch') }, document.head),
  'get-style': () => add('link', { rel: 'stylesheet', href: act('get-style') }, document.head),
  'get-script': () => add('script', { src: act('get-script') }),
  'get-import': () => import(act('get-import')).catch(() => {}),
  'get-background': () => add('p', { style: `background:url(${act('get-background')})` }).append('x'),
  'get-video': () => add('video', { src: act('get-video'), preload: 'auto' }),
  'get-object': () => add('object', { data: act('get-object') }),
  'get-event-source': () => new EventSource(act('get-event-source')),
  'get-download': () => add('a', { href: act('get-download'), download: 'x' }).click(),
};

const state = document.getElementById('state');
const everything = () => {
  state.dataset.state = 'running';
  for (const way of Object.values(ways)) {
    try { way(); } catch { /* This browser has no such way. */ }
  }
  setTimeout(() => {
    state.textContent = '已全部执行';
    state.dataset.state = 'done';
  }, 1200);
};
document.getElementById('go').addEventListener('click', everything);
everything();
