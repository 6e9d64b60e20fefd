/** How a state feels to an operator; components turn it into a colour and an icon. */
export type Tone = 'success' | 'warning' | 'danger' | 'info' | 'progress' | 'neutral';

/** A state in words, with its tone and, where it needs one, a sentence of explanation. */
export interface StatusView {
  readonly label: string;
  readonly tone: Tone;
  readonly detail?: string;
}

/** Whether an action may be taken and, when it may not, the sentence that says why. */
export type Permission =
  { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly reason: string };

export const allowed: Permission = { kind: 'allowed' };

/** Builds a refusal. */
export function refused(reason: string): Permission {
  return { kind: 'refused', reason };
}

/** The reason of a refusal, or undefined. */
export function refusalReason(permission: Permission): string | undefined {
  return permission.kind === 'refused' ? permission.reason : undefined;
}
