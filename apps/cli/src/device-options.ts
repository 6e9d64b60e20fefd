/**
 * Reading disks and network cards from the command line.
 *
 *     disk = "size=" SIZE / "image=" NAME [ ",size=" SIZE ] / "volume=" NAME, then [ ",bus=" BUS ] …
 *     nic  = ( "user" / "bridge=" NAME ) [ ",model=" MODEL ] [ ",mac=" MAC ]
 *
 * A bare size is a blank disk: `--disk 20G`.
 */
import type { CairnClient, components } from '@cairn/api-client';
import { diskBusSchema, macSchema, nicModelSchema } from '@cairn/contracts';
import type { z } from 'zod';
import { UsageError } from './exit';
import { imageIdOf, volumeIdOf } from './resolve';
import { parseCount, parseSize } from './units';

type Schemas = components['schemas'];

/** A disk as it is written, before names are looked up. */
export interface DiskText {
  readonly size?: number;
  readonly image?: string;
  readonly volume?: string;
  readonly bus?: z.infer<typeof diskBusSchema>;
  readonly readOnly?: boolean;
  readonly iopsLimit?: number;
}

export function parseDisk(text: string): DiskText {
  const pairs = pairsOf(text, 'size', ['size', 'image', 'volume', 'bus', 'readonly', 'iops']);
  const disk: DiskText = {
    ...only('size', mapped(pairs.get('size'), parseSize)),
    ...only('image', pairs.get('image')),
    ...only('volume', pairs.get('volume')),
    ...only(
      'bus',
      mapped(pairs.get('bus'), (value) => choice('bus', diskBusSchema, value)),
    ),
    ...only('readOnly', mapped(pairs.get('readonly'), parseSwitch)),
    ...only('iopsLimit', mapped(pairs.get('iops'), parseCount)),
  };
  if (disk.image !== undefined && disk.volume !== undefined)
    throw new UsageError(`"${text}": a disk comes from an image or a volume, not from both.`);
  if (disk.volume !== undefined && disk.size !== undefined)
    throw new UsageError(`"${text}": a volume has its size already.`);
  if (disk.image === undefined && disk.volume === undefined && disk.size === undefined)
    throw new UsageError(`"${text}": say size=20G, image=NAME or volume=NAME.`);
  return disk;
}

/** Looks up the names in a disk. */
export async function diskCreateOf(
  client: CairnClient,
  disk: DiskText,
): Promise<Schemas['VmDiskCreate']> {
  return {
    kind: 'disk',
    source: await sourceOf(client, disk),
    ...only('bus', disk.bus),
    ...only('readOnly', disk.readOnly),
    ...only('iopsLimit', disk.iopsLimit),
  };
}

async function sourceOf(client: CairnClient, disk: DiskText): Promise<Schemas['DiskSource']> {
  if (disk.volume !== undefined)
    return { kind: 'volume', volumeId: await volumeIdOf(client, disk.volume) };
  if (disk.image !== undefined)
    return {
      kind: 'image',
      imageId: await imageIdOf(client, disk.image),
      ...only('sizeBytes', disk.size),
    };
  return { kind: 'blank', sizeBytes: disk.size ?? 0 };
}

export function parseNic(text: string): Schemas['VmNicCreate'] {
  const pairs = pairsOf(text, 'network', ['network', 'bridge', 'model', 'mac']);
  const network = networkOf(pairs.get('network'), pairs.get('bridge'));
  if (network === undefined)
    throw new UsageError(`"${text}": a network card is "user" or "bridge=NAME".`);
  return {
    network,
    ...only(
      'model',
      mapped(pairs.get('model'), (value) => choice('model', nicModelSchema, value)),
    ),
    ...only(
      'mac',
      mapped(pairs.get('mac'), (value) => choice('mac', macSchema, value)),
    ),
  };
}

function networkOf(
  network: string | undefined,
  bridge: string | undefined,
): Schemas['NicNetwork'] | undefined {
  if (bridge !== undefined && network === undefined) return { kind: 'bridge', bridge };
  return network === 'user' && bridge === undefined ? { kind: 'user' } : undefined;
}

/** `a=1,b=2`; a first value without a name gets `bare` as its name. */
function pairsOf(text: string, bare: string, known: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const [index, part] of text.split(',').entries()) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? bare : part.slice(0, equals);
    if ((equals < 0 && index > 0) || !known.includes(name))
      throw new UsageError(`"${text}": "${part}" is none of ${known.join('=, ')}=.`);
    if (pairs.has(name)) throw new UsageError(`"${text}": ${name}= is given twice.`);
    pairs.set(name, part.slice(equals + 1));
  }
  return pairs;
}

/** Refuses anything else: a disk that was meant to be read-only must not become writable by a typing error. */
function parseSwitch(value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new UsageError(`"${value}" is neither true nor false (readonly=).`);
}

function choice<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  value: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new UsageError(`"${value}" is no ${what}: ${parsed.error.issues[0]?.message ?? ''}`);
  return parsed.data;
}

function mapped<From, To>(value: From | undefined, map: (value: From) => To): To | undefined {
  return value === undefined ? undefined : map(value);
}

function only<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}
