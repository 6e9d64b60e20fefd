// Plans: what a write would do. The same decision serves `?dryRun=true`, which answers it, and the
// write itself, which refuses when the plan has blockers. So a dry run cannot promise what the
// write refuses.
import type { Blocker, Plan, ProblemCode, ResourceRef } from '@cairn/contracts';
import { ProblemError } from './problem';

export type PlanEffect = Plan['effects'][number];

export interface PlanParts {
  readonly steps: readonly (readonly [name: string, description: string])[];
  readonly effects: readonly PlanEffect[];
  readonly warnings?: readonly string[];
  readonly blockers?: readonly Blocker[];
  readonly bytes?: number | null;
  readonly seconds?: number | null;
}

export function planOf(parts: PlanParts): Plan {
  return {
    dryRun: true,
    steps: parts.steps.map(([name, description]) => ({ name, description })),
    effects: [...parts.effects],
    warnings: [...(parts.warnings ?? [])],
    blockers: [...(parts.blockers ?? [])],
    estimate: { bytes: parts.bytes ?? null, seconds: parts.seconds ?? null },
  };
}

export function blocker(
  code: ProblemCode,
  message: string,
  resource: ResourceRef | null = null,
): Blocker {
  return { code, message, resource };
}

/** Refuses a write whose plan is blocked, with the first blocker as the reason. */
export function requireUnblocked(plan: Plan): void {
  const [first] = plan.blockers;
  if (first === undefined) return;
  throw new ProblemError(first.code, first.message, { blockers: plan.blockers });
}
