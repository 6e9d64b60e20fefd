import { MIB, volumeSizeSchema } from '@cairn/contracts';

import { formatBytes, parseBytes } from './format';

/** A size a person typed: its bytes, or what is wrong with it. */
export type TypedSize =
  | { readonly kind: 'good'; readonly bytes: number }
  | { readonly kind: 'bad'; readonly fault: string };

/** Reads the size of a volume, rounded up to whole MiB, at least `minBytes`. */
export function readVolumeSize(text: string, minBytes = MIB): TypedSize {
  const parsed = parseBytes(text);
  if (parsed === null) return { kind: 'bad', fault: 'Write a size such as 20 GiB or 512 MiB' };
  const bytes = Math.ceil(parsed / MIB) * MIB;
  if (bytes < minBytes) return { kind: 'bad', fault: `At least ${formatBytes(minBytes)}` };
  if (!volumeSizeSchema.safeParse(bytes).success) {
    return { kind: 'bad', fault: 'The largest volume is 64 TiB' };
  }
  return { kind: 'good', bytes };
}
