import { vmDiskPatchSchema } from '@cairn/contracts';

export type TypedLimits =
  | {
      readonly kind: 'good';
      readonly iopsLimit: number | null;
      readonly bytesPerSecondLimit: number | null;
    }
  | { readonly kind: 'bad'; readonly fault: string };

/** Reads the limits a person typed: operations, and MiB a second; empty is without limit. */
export function readLimits(typed: {
  readonly iopsText: string;
  readonly rateText: string;
}): TypedLimits {
  const iopsLimit = typed.iopsText.trim() === '' ? null : Number(typed.iopsText);
  const bytesPerSecondLimit =
    typed.rateText.trim() === '' ? null : Math.round(Number(typed.rateText) * 2 ** 20);
  const parsed = vmDiskPatchSchema.safeParse({ iopsLimit, bytesPerSecondLimit });
  if (parsed.success) return { kind: 'good', iopsLimit, bytesPerSecondLimit };
  const [issue] = parsed.error.issues;
  return {
    kind: 'bad',
    fault:
      issue?.path[0] === 'iopsLimit'
        ? 'Operations a second: a whole number from 10'
        : 'MiB a second: a number from 0.0625',
  };
}
