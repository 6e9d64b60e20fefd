/** Network cards of a VM. */
import { z } from 'zod';
import { idSchema } from './primitives';
import { named } from './schema-names';

export const nicModelSchema = z.enum(['virtio-net', 'e1000', 'e1000e', 'rtl8139']);
export type NicModel = z.infer<typeof nicModelSchema>;

export const VM_NICS_MAX = 16;

/** A unicast hardware address with colons; upper case is accepted and lowered. */
export const macSchema = z
  .string()
  .toLowerCase()
  .regex(
    /^(?!00(?::00){5}$)[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/,
    'must be a unicast address such as 52:54:00:12:34:56',
  );

/** Linux interface names are at most 15 characters. */
export const bridgeNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]{0,14}$/, 'must be the name of a network interface');

/** What the card is plugged into. */
export const nicNetworkSchema = named(
  'NicNetwork',
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z
        .literal('user')
        .describe('Outgoing connections only, through the node; needs no set-up.'),
    }),
    z.strictObject({ kind: z.literal('bridge'), bridge: bridgeNameSchema }),
  ]),
);
export type NicNetwork = z.infer<typeof nicNetworkSchema>;

export const vmNicSchema = named(
  'VmNic',
  z.object({
    id: idSchema,
    slot: z.int().min(0),
    model: nicModelSchema,
    mac: z.string(),
    network: nicNetworkSchema,
    connected: z.boolean(),
    ips: z.array(z.string()).describe('As the guest agent reports them.'),
  }),
);
export type VmNic = z.infer<typeof vmNicSchema>;

export const vmNicCreateSchema = named(
  'VmNicCreate',
  z.strictObject({
    id: idSchema.optional(),
    model: nicModelSchema.default('virtio-net'),
    mac: macSchema.optional().describe('Chosen by Cairn if it is left out.'),
    network: nicNetworkSchema.default({ kind: 'user' }),
    connected: z.boolean().default(true),
  }),
);
export type VmNicCreate = z.infer<typeof vmNicCreateSchema>;
export type VmNicCreateInput = z.input<typeof vmNicCreateSchema>;

export const vmNicPatchSchema = named(
  'VmNicPatch',
  z.strictObject({
    model: nicModelSchema.optional().describe('Only while the VM is stopped.'),
    mac: macSchema.optional().describe('Only while the VM is stopped.'),
    network: nicNetworkSchema.optional().describe('Only while the VM is stopped.'),
    connected: z.boolean().optional().describe('The virtual cable, at any time.'),
  }),
);
export type VmNicPatch = z.infer<typeof vmNicPatchSchema>;
