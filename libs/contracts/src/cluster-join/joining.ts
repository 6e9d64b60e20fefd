/** What a joining node and the cluster say to each other. Every text and list from outside has a limit. */
import { z } from 'zod';
import { driveTierSchema } from '../api/drives';
import { listOf } from '../api/lists';
import {
  absolutePathSchema,
  byteCountSchema,
  guidSchema,
  nameSchema,
  timeSchema,
} from '../api/primitives';
import { named } from '../api/schema-names';

export const JOIN_PROTOCOL = 1;
const PEM_MAX = 8 * 1024;

/** 64 lower-case hexadecimal digits. */
export const fingerprintSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits');

/** An IP address or a host name in lower case. */
export const nodeAddressSchema = z.union([
  z.ipv4(),
  z.ipv6(),
  z
    .string()
    .max(253)
    .regex(
      /^(?!\d+(?:\.\d+){3}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/,
      'must be an IP address or a host name in lower case',
    ),
]);

/** `host:port`; an IPv6 address stands in brackets. */
export const endpointSchema = z
  .string()
  .max(270)
  .regex(/^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+):[1-9][0-9]{0,4}$/, 'must be host:port');

/** PEM blocks and nothing else. */
const pemSchema = (label: string) =>
  z
    .string()
    .max(PEM_MAX)
    .regex(
      new RegExp(`^-----BEGIN ${label}-----\\n[A-Za-z0-9+/=\\n]+-----END ${label}-----\\n?$`),
      `must be a ${label} in PEM`,
    );

export const nodeAddressesSchema = named(
  'NodeAddresses',
  z.strictObject({
    management: nodeAddressSchema,
    storage: nodeAddressSchema.describe(
      'The management address where there is no storage network.',
    ),
  }),
);
export type NodeAddresses = z.infer<typeof nodeAddressesSchema>;

/** Who a node is; what an operator sees before approving it. */
export const nodeFactsSchema = named(
  'NodeFacts',
  z.strictObject({
    nodeId: guidSchema,
    name: nameSchema,
    version: z.string().min(1).max(64),
    addresses: nodeAddressesSchema,
    failureDomain: nameSchema.describe(
      'Nodes of the same domain fail together: rack, chassis, site.',
    ),
    etcd: z
      .strictObject({ peer: endpointSchema, client: endpointSchema })
      .describe('Where its etcd member listens if it carries one.'),
    threads: z.int().min(1).max(65_536),
    memoryBytes: byteCountSchema,
    drives: z
      .array(
        z.strictObject({
          path: absolutePathSchema,
          tier: driveTierSchema,
          model: z.string().max(128).nullable(),
          serial: z.string().max(128).nullable(),
          sizeBytes: byteCountSchema,
        }),
      )
      .max(256),
  }),
);
export type NodeFacts = z.infer<typeof nodeFactsSchema>;

export const clusterInitSchema = named(
  'ClusterInit',
  z.strictObject({
    name: nameSchema,
    addresses: nodeAddressesSchema,
    failureDomain: nameSchema.optional(),
  }),
);
export type ClusterInit = z.infer<typeof clusterInitSchema>;

export const joinRequestSchema = named(
  'JoinRequest',
  z.strictObject({
    protocol: z.literal(JOIN_PROTOCOL),
    clusterId: guidSchema,
    secret: z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .describe('Of the join token, hexadecimal.'),
    certificateRequest: pemSchema('CERTIFICATE REQUEST'),
    node: nodeFactsSchema,
  }),
);
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** What an admitted node needs to take part. */
export const admissionSchema = named(
  'Admission',
  z.object({
    clusterId: guidSchema,
    clusterName: z.string(),
    certificate: pemSchema('CERTIFICATE'),
    etcdEndpoints: z.array(endpointSchema).min(1),
    issuer: z
      .object({
        encryptedKey: pemSchema('ENCRYPTED PRIVATE KEY'),
        passphrase: z.string().min(16),
      })
      .nullable()
      .describe('The authority’s key, for the few nodes that keep it.'),
  }),
);
export type Admission = z.infer<typeof admissionSchema>;

export const joinRefusalReasons = [
  'token-unknown',
  'token-expired',
  'token-used',
  'wrong-cluster',
  'node-exists',
  'refused-by-operator',
] as const;
export type JoinRefusalReason = (typeof joinRefusalReasons)[number];

export const joinAnswerSchema = named(
  'JoinAnswer',
  z.discriminatedUnion('state', [
    z.object({
      state: z.literal('waiting'),
      keyFingerprint: fingerprintSchema.describe('Of the key the cluster saw: compare.'),
      retryAfterSeconds: z.int().min(1).max(60),
    }),
    z.object({ state: z.literal('admitted'), admission: admissionSchema }),
    z.object({
      state: z.literal('refused'),
      reason: z.enum(joinRefusalReasons),
      message: z.string().describe('A sentence for people.'),
    }),
  ]),
);
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;

/** A node that asked to join, for the operator who decides. */
export const joinCandidateSchema = named(
  'JoinCandidate',
  z.object({
    node: nodeFactsSchema,
    keyFingerprint: fingerprintSchema,
    requestedAt: timeSchema,
    state: z.enum(['waiting', 'approved', 'refused']),
  }),
);
export type JoinCandidate = z.infer<typeof joinCandidateSchema>;

export const joinCandidateListSchema = listOf('JoinCandidate', joinCandidateSchema);

export const joinApprovalSchema = named(
  'JoinApproval',
  z.strictObject({
    keyFingerprint: fingerprintSchema.describe('As the joining node shows it.'),
  }),
);
export type JoinApproval = z.infer<typeof joinApprovalSchema>;

export const renewalRequestSchema = named(
  'RenewalRequest',
  z.strictObject({
    certificateRequest: pemSchema('CERTIFICATE REQUEST'),
    addresses: nodeAddressesSchema,
  }),
);
export type RenewalRequest = z.infer<typeof renewalRequestSchema>;

export const renewalAnswerSchema = named(
  'RenewalAnswer',
  z.object({ certificate: pemSchema('CERTIFICATE') }),
);
export type RenewalAnswer = z.infer<typeof renewalAnswerSchema>;
