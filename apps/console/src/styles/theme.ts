/**
 * The colour theme: 'system' follows the operating system; a choice is kept in local storage. The
 * class is put on the root element before React draws, so that no page flashes in the wrong colours.
 */
export type ThemeChoice = 'system' | 'light' | 'dark';
export type Theme = 'light' | 'dark';

const storageKey = 'cairn.theme';
const darkClass = 'pf-v6-theme-dark';
const darkQuery = '(prefers-color-scheme: dark)';

/** Reads the stored choice; anything unknown counts as 'system'. */
export function parseThemeChoice(stored: string | null): ThemeChoice {
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** Decides what is drawn. */
export function resolveTheme(choice: ThemeChoice, systemIsDark: boolean): Theme {
  if (choice === 'system') return systemIsDark ? 'dark' : 'light';
  return choice;
}

/** The choice after this one, in the order of the masthead's button. */
export function nextThemeChoice(choice: ThemeChoice): ThemeChoice {
  switch (choice) {
    case 'system':
      return 'light';
    case 'light':
      return 'dark';
    case 'dark':
      return 'system';
  }
}

type Listener = () => void;

/** Holds the choice for the whole page; `useSyncExternalStore` reads it. */
export class ThemeStore {
  private choice: ThemeChoice;
  private readonly listeners = new Set<Listener>();
  private readonly media: MediaQueryList;

  constructor(private readonly view: Window) {
    this.choice = parseThemeChoice(readStored(view));
    this.media = view.matchMedia(darkQuery);
    this.media.addEventListener('change', () => this.apply());
    this.apply();
  }

  readonly getChoice = (): ThemeChoice => this.choice;
  readonly getTheme = (): Theme => resolveTheme(this.choice, this.media.matches);

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Changes and keeps the choice. */
  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      this.view.localStorage.setItem(storageKey, choice);
    } catch {
      // Private windows may refuse storage; the choice then lasts for this page.
    }
    this.apply();
  }

  private apply(): void {
    const root = this.view.document.documentElement;
    root.classList.toggle(darkClass, this.getTheme() === 'dark');
    for (const listener of this.listeners) listener();
  }
}

function readStored(view: Window): string | null {
  try {
    return view.localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}
