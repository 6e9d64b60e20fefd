import type { IncomingMessage } from 'node:http';

/** Whether the connection comes from this very machine; no header can claim that. */
export function isLoopbackPeer(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? '';
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
