/**
 * Text as key presses on a US keyboard, for guests that have no clipboard. QEMU maps a key by its
 * physical code and does not press Shift by itself, so the shift state is part of a stroke.
 */
export interface KeyStroke {
  /** X11 keysym. */
  readonly keysym: number;
  /** `KeyboardEvent.code` of the key on a US keyboard. */
  readonly code: string;
  readonly shift: boolean;
}

export interface TypedText {
  readonly strokes: readonly KeyStroke[];
  /** Characters that a US keyboard does not have; they are left out. */
  readonly untypable: readonly string[];
}

/** More than this is a file, and belongs on a disk or a network. */
export const pasteCharactersMax = 4096;

export const shiftKey = { keysym: 0xffe1, code: 'ShiftLeft' } as const;

const digitShift = ')!@#$%^&*(';

interface Key {
  readonly code: string;
  readonly shift: boolean;
}

const punctuationKeys: readonly (readonly [string, string])[] = [
  ['-_', 'Minus'],
  ['=+', 'Equal'],
  ['[{', 'BracketLeft'],
  [']}', 'BracketRight'],
  ['\\|', 'Backslash'],
  [';:', 'Semicolon'],
  [`'"`, 'Quote'],
  ['`~', 'Backquote'],
  [',<', 'Comma'],
  ['.>', 'Period'],
  ['/?', 'Slash'],
  [' ', 'Space'],
];

const punctuation = new Map<string, Key>(
  punctuationKeys.flatMap(([characters, code]) =>
    Array.from(characters, (character, at): [string, Key] => [
      character,
      { code, shift: at === 1 },
    ]),
  ),
);

/** Turns text into strokes, in order. Line ends of any kind become Enter. */
export function typeText(text: string): TypedText {
  const strokes: KeyStroke[] = [];
  const untypable = new Set<string>();
  for (const character of text.replace(/\r\n?/g, '\n').slice(0, pasteCharactersMax)) {
    const stroke = strokeOf(character);
    if (stroke) strokes.push(stroke);
    else untypable.add(character);
  }
  return { strokes, untypable: [...untypable] };
}

function strokeOf(character: string): KeyStroke | null {
  if (character === '\n') return { keysym: 0xff0d, code: 'Enter', shift: false };
  if (character === '\t') return { keysym: 0xff09, code: 'Tab', shift: false };
  const keysym = character.codePointAt(0) ?? 0;
  if (/^[a-z]$/.test(character)) {
    return { keysym, code: `Key${character.toUpperCase()}`, shift: false };
  }
  if (/^[A-Z]$/.test(character)) return { keysym, code: `Key${character}`, shift: true };
  if (/^[0-9]$/.test(character)) return { keysym, code: `Digit${character}`, shift: false };
  const digit = digitShift.indexOf(character);
  if (digit >= 0) return { keysym, code: `Digit${digit}`, shift: true };
  const key = punctuation.get(character);
  return key ? { keysym, ...key } : null;
}
