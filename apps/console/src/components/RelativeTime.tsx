import { Tooltip } from '@patternfly/react-core';
import { useSyncExternalStore, type ReactElement } from 'react';

import { formatDateTime, formatRelativeTime } from './format';

const tickMs = 5_000;
let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time now, advancing every five seconds; one timer serves the whole page. */
export function useNowMs(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

/** "4 min ago", with the exact time on hover; keeps itself current. */
export function RelativeTime({ iso }: { readonly iso: string | null | undefined }): ReactElement {
  const now = useNowMs();
  if (!iso) return <span>–</span>;
  return (
    <Tooltip content={formatDateTime(iso)}>
      <time dateTime={iso}>{formatRelativeTime({ iso, nowMs: now })}</time>
    </Tooltip>
  );
}
