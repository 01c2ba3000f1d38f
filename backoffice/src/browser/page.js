// Runs before any script of a page, in every document and worker. What it takes away leads past the interception of
// requests; a page that needs it does not work here.
(() => {
  const gone = ['WebSocket', 'WebSocketStream', 'WebTransport', 'RTCPeerConnection', 'webkitRTCPeerConnection',
    'RTCDataChannel', 'SharedWorker', 'fetchLater', 'BackgroundFetchManager', 'PaymentRequest', 'PushManager',
    'Notification', 'IdentityCredential', 'TCPSocket', 'UDPSocket', 'Presentation', 'PresentationRequest'];
  const shut = (target, name) => {
    try {
      delete target[name];
      Object.defineProperty(target, name, { value: undefined, writable: false, configurable: false });
    } catch { /* It is not there, or shut already. */ }
  };
  for (const name of gone) shut(globalThis, name);
  const navigators = [globalThis.Navigator, globalThis.WorkerNavigator].filter(Boolean);
  for (const each of navigators) {
    for (const name of ['serviceWorker', 'credentials', 'registerProtocolHandler', 'share']) shut(each.prototype, name);
  }
})();
