import type { ConsoleKind } from '@cairn/contracts';
import { useCallback } from 'react';

import { useGateway } from './gateway';

/** Gets one-time addresses of a VM's screen or serial port; each is good for one connection. */
export function useConsoleUrl(
  vmId: string,
  kind: ConsoleKind,
): (signal: AbortSignal) => Promise<string> {
  const gateway = useGateway();
  return useCallback(
    async (signal) => {
      const ticket = await gateway.call('createConsoleTicket', {
        params: { vmId },
        body: { kind },
        signal,
      });
      const url = new URL(ticket.path, window.location.href);
      url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
      return url.href;
    },
    [gateway, vmId, kind],
  );
}
