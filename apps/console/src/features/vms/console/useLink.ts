import { useCallback, useEffect, useRef, useState } from 'react';

import type { ConsoleConnection } from './connection';
import { ReconnectingLink, type LinkChannel } from './ReconnectingLink';

export interface KeptLink<Channel> {
  readonly connection: ConsoleConnection;
  /** The open channel, for use in event handlers; null while there is none. */
  readonly channel: () => Channel | null;
  /** Connects again after the link gave up. */
  readonly retry: () => void;
}

/** Keeps one link open while the component is on the page and `open` stays the same function. */
export function useLink<Channel extends LinkChannel>(
  open: (signal: AbortSignal) => Promise<Channel>,
): KeptLink<Channel> {
  const kept = useRef<ReconnectingLink<Channel> | null>(null);
  const [connection, setConnection] = useState<ConsoleConnection>({
    kind: 'connecting',
    attempt: 0,
  });
  useEffect(() => {
    const link = new ReconnectingLink<Channel>({ open });
    kept.current = link;
    const unsubscribe = link.subscribe(() => setConnection(link.getConnection()));
    link.start();
    return () => {
      unsubscribe();
      link.stop();
      kept.current = null;
    };
  }, [open]);
  return {
    connection,
    channel: useCallback(() => kept.current?.channel ?? null, []),
    retry: useCallback(() => kept.current?.start(), []),
  };
}
