import type { LinkChannel } from './ReconnectingLink';

/** A guest's serial port: bytes both ways. */
export interface SerialChannel extends LinkChannel {
  send(text: string): void;
}

/** Opens a serial connection over `url`; `onBytes` gets what the guest writes, in order. */
export function openSerial(options: {
  readonly url: string;
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
  readonly makeSocket?: (url: string) => WebSocket;
}): Promise<SerialChannel> {
  const socket = options.makeSocket?.(options.url) ?? new WebSocket(options.url, 'binary');
  socket.binaryType = 'arraybuffer';
  const encoder = new TextEncoder();
  options.signal.addEventListener('abort', () => socket.close(), { once: true });
  const closed = new Promise<string>((resolve) => {
    socket.addEventListener('close', (event) =>
      resolve(event.reason || 'The connection to the serial port was lost'),
    );
  });
  socket.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (event.data instanceof ArrayBuffer) options.onBytes(new Uint8Array(event.data));
    else if (typeof event.data === 'string') options.onBytes(encoder.encode(event.data));
  });
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () =>
      resolve({
        closed,
        close: () => socket.close(),
        send: (text) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text));
        },
      }),
    );
    void closed.then((reason) => reject(new Error(reason)));
  });
}
