import { describe, expect, it } from 'vitest';
import { costOfAll, MIB, processesBelow, type ProcessCost } from './process-cost';

function processOf(pid: number, residentBytes: number, cpuTicks: number): ProcessCost {
  return { name: 'p', pid, residentBytes, proportionalBytes: residentBytes / 2, cpuTicks };
}

describe('the cost of processes', () => {
  const SECONDS = 10;

  it('is the sum over all of them, and the processor time since the first look', () => {
    const now = [processOf(1, 300 * MIB, 120), processOf(2, 100 * MIB, 5)];
    const cost = costOfAll(now, new Map([[1, 100]]), SECONDS);
    expect(cost.residentBytes).toBe(400 * MIB);
    expect(cost.cpuRatio).toBeCloseTo((20 + 5) / 100 / SECONDS);
    expect(cost.ok).toBe(true);
  });

  it('is too much at 700 MiB, or at 3 % of a core', () => {
    expect(costOfAll([processOf(1, 699 * MIB, 0)], new Map(), SECONDS).ok).toBe(true);
    expect(costOfAll([processOf(1, 700 * MIB, 0)], new Map(), SECONDS).ok).toBe(false);
    expect(costOfAll([processOf(1, MIB, 29)], new Map(), SECONDS).ok).toBe(true);
    expect(costOfAll([processOf(1, MIB, 30)], new Map(), SECONDS).ok).toBe(false);
  });

  it('is read of a living process and its children', () => {
    const [self] = processesBelow(process.pid);
    expect(self?.pid).toBe(process.pid);
    expect(self?.residentBytes).toBeGreaterThan(10 * MIB);
    expect(self?.cpuTicks).toBeGreaterThan(0);
  });
});
