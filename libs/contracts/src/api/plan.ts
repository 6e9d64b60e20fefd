/** The answer to `?dryRun=true`: what a write would do, without doing it. */
import { z } from 'zod';
import { byteCountSchema, resourceRefSchema } from './primitives';
import { blockerSchema } from './problem';
import { queryFlagSchema } from './lists';
import { named } from './schema-names';

export const planSchema = named(
  'Plan',
  z.object({
    dryRun: z.literal(true),
    steps: z.array(z.object({ name: z.string(), description: z.string() })),
    effects: z.array(
      z.object({
        kind: z.enum(['create', 'update', 'delete', 'start', 'stop', 'restart', 'pause', 'resume']),
        resource: resourceRefSchema,
        before: z.string().nullable(),
        after: z.string().nullable(),
      }),
    ),
    warnings: z.array(z.string()),
    blockers: z.array(blockerSchema).describe('The write would be refused while there are any.'),
    estimate: z.object({
      bytes: byteCountSchema.nullable(),
      seconds: z.number().min(0).nullable(),
    }),
  }),
);
export type Plan = z.infer<typeof planSchema>;

export const dryRunQuerySchema = z.strictObject({
  dryRun: queryFlagSchema.optional().describe('Answer a plan and change nothing.'),
});
