import { beforeEach, describe, expect, it } from 'vitest';

import { nextThemeChoice, parseThemeChoice, resolveTheme, ThemeStore } from './theme';

describe('the choice', () => {
  it('follows the system until a person chooses', () => {
    expect(parseThemeChoice(null)).toBe('system');
    expect(parseThemeChoice('purple')).toBe('system');
    expect(resolveTheme('system', true)).toBe('dark');
    expect(resolveTheme('light', true)).toBe('light');
  });

  it('comes round to where it began', () => {
    expect(nextThemeChoice(nextThemeChoice(nextThemeChoice('system')))).toBe('system');
  });
});

describe('ThemeStore', () => {
  beforeEach(() => window.localStorage.clear());

  it('marks the page, tells its listeners and keeps the choice for the next visit', () => {
    const store = new ThemeStore(window);
    let told = 0;
    store.subscribe(() => (told += 1));
    store.choose('dark');
    expect(document.documentElement.classList.contains('pf-v6-theme-dark')).toBe(true);
    expect(told).toBe(1);
    expect(new ThemeStore(window).getChoice()).toBe('dark');
    store.choose('light');
    expect(document.documentElement.classList.contains('pf-v6-theme-dark')).toBe(false);
  });
});
