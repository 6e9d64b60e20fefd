import { describe, expect, it } from 'vitest';

import { pasteCharactersMax, typeText } from './keystrokes';

describe('typeText', () => {
  it('presses shift for capitals and the upper row', () => {
    expect(typeText('aA1!').strokes).toEqual([
      { keysym: 0x61, code: 'KeyA', shift: false },
      { keysym: 0x41, code: 'KeyA', shift: true },
      { keysym: 0x31, code: 'Digit1', shift: false },
      { keysym: 0x21, code: 'Digit1', shift: true },
    ]);
  });

  it('types every printable ASCII character', () => {
    const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');
    const typed = typeText(printable);
    expect(typed.untypable).toEqual([]);
    expect(typed.strokes.map((stroke) => String.fromCharCode(stroke.keysym)).join('')).toBe(
      printable,
    );
  });

  it('gives every printable character its own combination of key and shift', () => {
    const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');
    const keys = typeText(printable).strokes.map((stroke) => `${stroke.code} ${stroke.shift}`);
    expect(new Set(keys).size).toBe(95);
  });

  it('turns every kind of line end into one Enter', () => {
    expect(typeText('a\r\nb\rc\n').strokes.filter((each) => each.code === 'Enter')).toHaveLength(3);
  });

  it('names what the keyboard does not have instead of typing something else', () => {
    const typed = typeText('ä€ä');
    expect(typed.strokes).toEqual([]);
    expect(typed.untypable).toEqual(['ä', '€']);
  });

  it('stops at the limit', () => {
    expect(typeText('x'.repeat(pasteCharactersMax + 5)).strokes).toHaveLength(pasteCharactersMax);
  });
});
