/**
 * The screen and serial line of a VM over WebSocket.
 *
 * A ticket is good for one connection within 30 seconds. The client connects to the ticket's `path` on the same server
 * without other credentials. Both kinds carry binary frames; `vnc` speaks RFB, `serial` the bytes of the line.
 */
import { z } from 'zod';
import { timeSchema } from './primitives';
import { named } from './schema-names';

export const consoleKindSchema = z.enum(['vnc', 'serial']);
export type ConsoleKind = z.infer<typeof consoleKindSchema>;

export const consoleTicketCreateSchema = named(
  'ConsoleTicketCreate',
  z.strictObject({ kind: consoleKindSchema }),
);
export type ConsoleTicketCreate = z.infer<typeof consoleTicketCreateSchema>;

export const consoleTicketSchema = named(
  'ConsoleTicket',
  z.object({
    kind: consoleKindSchema,
    ticket: z.string(),
    path: z.string().describe('Path and query to open a WebSocket at.'),
    expiresAt: timeSchema,
  }),
);
export type ConsoleTicket = z.infer<typeof consoleTicketSchema>;

export const consoleQuerySchema = z.strictObject({
  ticket: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/),
});
