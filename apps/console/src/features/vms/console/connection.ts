/** The life of a console connection, drawn by the VNC and the serial view alike. */
export type ConsoleConnection =
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'connected' }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly reason: string }
  | { readonly kind: 'closed'; readonly reason: string };

const delaysMs = [500, 1_000, 2_000, 4_000, 8_000] as const;

/** After so many failures in a row the person is asked. */
export const reconnectAttemptsMax = 20;

/** The pause before the next attempt; grows, and stays bounded. */
export function reconnectDelayMs(attempt: number): number {
  return delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? delaysMs[0];
}

/** The state after a connection was lost or could not be made. */
export function afterLoss(attempt: number, reason: string): ConsoleConnection {
  if (attempt >= reconnectAttemptsMax) return { kind: 'closed', reason };
  return { kind: 'waiting', attempt: attempt + 1, reason };
}
