import { expect, it } from 'vitest';

import { parseSort, sortItems } from './sorting';

it('reads the direction from the sign', () => {
  expect(parseSort('-name')).toEqual({ key: 'name', isDescending: true });
  expect(parseSort('name')).toEqual({ key: 'name', isDescending: false });
});

it('sorts numbers inside names as numbers', () => {
  const names = ['web-10', 'web-2', 'Web-1'];
  expect(sortItems(names, (name) => name, false)).toEqual(['Web-1', 'web-2', 'web-10']);
});

it('puts unknown values last in both directions', () => {
  const values = [null, 2, 1];
  expect(sortItems(values, (value) => value, false)).toEqual([1, 2, null]);
  expect(sortItems(values, (value) => value, true)).toEqual([2, 1, null]);
});

it('leaves the given list as it is', () => {
  const given = [2, 1];
  sortItems(given, (value) => value, false);
  expect(given).toEqual([2, 1]);
});
