import { useEffect, useState, useSyncExternalStore } from 'react';

import type { ConsoleConnection } from './connection';
import { ReconnectingLink, type LinkChannel } from './ReconnectingLink';

const idle: ConsoleConnection = { kind: 'connecting', attempt: 0 };
const never = (): (() => void) => () => undefined;

/**
 * Keeps one link open while the component is on the page and `open` stays the same function; pass a
 * memoized one, or null while there is nothing to connect to.
 */
export function useLink<Channel extends LinkChannel>(
  open: ((signal: AbortSignal) => Promise<Channel>) | null,
): { readonly link: ReconnectingLink<Channel> | null; readonly connection: ConsoleConnection } {
  const [link, setLink] = useState<ReconnectingLink<Channel> | null>(null);
  useEffect(() => {
    if (!open) return;
    const next = new ReconnectingLink<Channel>({ open });
    setLink(next);
    next.start();
    return () => {
      next.stop();
      setLink(null);
    };
  }, [open]);
  const connection = useSyncExternalStore(
    link?.subscribe ?? never,
    link?.getConnection ?? (() => idle),
  );
  return { link, connection };
}
