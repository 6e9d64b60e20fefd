// One-time tickets: a WebSocket cannot send headers, so the right to one connection travels in the
// address, works once and only for 30 seconds.
import { Injectable } from '@nestjs/common';
import { CONSOLE_PATH, limits, type ConsoleKind, type ConsoleTicket } from '@cairn/contracts';
import { newSecret } from '../platform/ids';
import { ProblemError } from '../platform/problem';

export interface TicketGrant {
  readonly vmId: string;
  readonly kind: ConsoleKind;
  readonly userName: string;
}

const OPEN_MAX = 1_000;

@Injectable()
export class ConsoleTickets {
  readonly #open = new Map<string, { readonly grant: TicketGrant; readonly expiresAtMs: number }>();

  issue(grant: TicketGrant, nowMs = Date.now()): ConsoleTicket {
    this.#forgetExpired(nowMs);
    if (this.#open.size >= OPEN_MAX) {
      throw new ProblemError('rate.limited', 'Too many console tickets are open.');
    }
    const ticket = newSecret();
    const expiresAtMs = nowMs + limits.consoleTicketSeconds * 1000;
    this.#open.set(ticket, { grant, expiresAtMs });
    return {
      kind: grant.kind,
      ticket,
      path: `${CONSOLE_PATH}?ticket=${ticket}`,
      expiresAt: new Date(expiresAtMs).toISOString(),
    };
  }

  /** What the ticket opens; null when it is unknown, used or expired. It is used up either way. */
  redeem(ticket: string, nowMs = Date.now()): TicketGrant | null {
    const found = this.#open.get(ticket);
    this.#open.delete(ticket);
    return found === undefined || found.expiresAtMs < nowMs ? null : found.grant;
  }

  #forgetExpired(nowMs: number): void {
    for (const [ticket, { expiresAtMs }] of this.#open) {
      if (expiresAtMs < nowMs) this.#open.delete(ticket);
    }
  }
}
