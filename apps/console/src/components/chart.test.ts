import { describe, expect, it } from 'vitest';

import { appendPoint, axisTop, timeWindow, toAlignedData } from './chart';

const point = (atSeconds: number, value = 1) => ({ atSeconds, value });

describe('toAlignedData', () => {
  it('leaves a gap where a series has no point', () => {
    const data = toAlignedData([
      { label: 'a', points: [point(1, 10), point(2, 20)] },
      { label: 'b', points: [point(2, 5), point(3, 6)] },
    ]);
    expect(data).toEqual([
      [1, 2, 3],
      [10, 20, null],
      [null, 5, 6],
    ]);
  });
});

describe('appendPoint', () => {
  it('drops what has left the window and what is not newer', () => {
    expect(appendPoint([point(0), point(9)], point(11), 10)).toEqual([point(9), point(11)]);
    const same = [point(5)];
    expect(appendPoint(same, point(5, 2), 10)).toBe(same);
  });
});

describe('the axes', () => {
  it('leave air above the line and never collapse', () => {
    expect(axisTop({ dataMax: 100 })).toBeCloseTo(115);
    expect(axisTop({ dataMax: 0 })).toBe(1);
    expect(axisTop({ dataMax: 5, fixed: 1 })).toBe(1);
  });

  it('show what there is, at least a minute and at most the window', () => {
    const at = (...times: number[]) => [{ label: 'a', points: times.map((time) => point(time)) }];
    expect(timeWindow(at(1000, 1010), 600)).toEqual({ min: 950, max: 1010 });
    expect(timeWindow(at(1000, 1200), 600)).toEqual({ min: 1000, max: 1200 });
    expect(timeWindow(at(0, 1200), 600)).toEqual({ min: 600, max: 1200 });
    expect(timeWindow([], 600)).toBeNull();
  });
});
