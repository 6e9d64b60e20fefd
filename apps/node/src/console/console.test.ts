import { describe, expect, it } from 'vitest';
import { ConsoleTickets } from './console-tickets';
import { withoutOverlap } from './serial-line';

const grant = { vmId: 'x', kind: 'serial', userName: 'ada' } as const;

describe('a console ticket', () => {
  it('opens one connection', () => {
    const tickets = new ConsoleTickets();
    const { ticket, path } = tickets.issue(grant);
    expect(path).toBe(`/api/v1/console?ticket=${ticket}`);
    expect(tickets.redeem(ticket)).toEqual(grant);
    expect(tickets.redeem(ticket)).toBeNull();
  });

  it('is worthless after thirty seconds', () => {
    const tickets = new ConsoleTickets();
    const { ticket } = tickets.issue(grant, 0);
    expect(tickets.redeem(ticket, 30_001)).toBeNull();
  });
});

describe('the serial replay', () => {
  const overlap = (past: string, next: string): string =>
    withoutOverlap(Buffer.from(past), Buffer.from(next)).toString();

  it('does not repeat what the log and the line both had', () => {
    expect(overlap('login: ro', 'ro\r\nPassword: ')).toBe('\r\nPassword: ');
    expect(overlap('abc', 'abc')).toBe('');
    expect(overlap('abc', 'xyz')).toBe('xyz');
    expect(overlap('', 'xyz')).toBe('xyz');
  });
});
