import { describe, expect, it } from 'vitest';
import { LineReader } from './line-reader';

function read(chunks: readonly string[], lengthMax = 8): string[] {
  const lines: string[] = [];
  const reader = new LineReader(lengthMax, (line) => lines.push(line));
  for (const chunk of chunks) reader.push(chunk);
  return lines;
}

describe('the line reader', () => {
  it('joins chunks and splits lines', () => {
    expect(read(['a', 'b\r\nc\n\nd'])).toEqual(['ab', 'c', '']);
  });

  it('drops a line that is too long, whole, and goes on behind it', () => {
    expect(read(['123456789\nok\n'])).toEqual(['ok']);
    expect(read(['12345', '67890', '12345', '\nok\n'])).toEqual(['ok']);
  });
});
