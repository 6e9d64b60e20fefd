import { createContext, useContext, useSyncExternalStore } from 'react';

import type { Theme, ThemeChoice, ThemeStore } from './theme';

/** Carries the theme store of the page; absent in tests of single components. */
export const ThemeContext = createContext<ThemeStore | null>(null);

const never = (): (() => void) => () => undefined;

/** The colours that are drawn now. */
export function useTheme(): Theme {
  const store = useContext(ThemeContext);
  return useSyncExternalStore(store?.subscribe ?? never, store?.getTheme ?? (() => 'light'));
}

/** What the person chose, and how to change it. */
export function useThemeChoice(): {
  readonly choice: ThemeChoice;
  readonly choose: (choice: ThemeChoice) => void;
} {
  const store = useContext(ThemeContext);
  const choice = useSyncExternalStore(
    store?.subscribe ?? never,
    store?.getChoice ?? ((): ThemeChoice => 'system'),
  );
  return { choice, choose: (next) => store?.choose(next) };
}
