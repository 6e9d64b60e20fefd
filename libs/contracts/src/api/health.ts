/** Health of the process and its readiness to serve. */
import { z } from 'zod';
import { named } from './schema-names';

export const healthSchema = named('Health', z.object({ status: z.literal('ok') }));
export type Health = z.infer<typeof healthSchema>;

export const readinessSchema = named(
  'Readiness',
  z.object({
    status: z.enum(['ready', 'notReady']),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), message: z.string() })),
  }),
);
export type Readiness = z.infer<typeof readinessSchema>;
