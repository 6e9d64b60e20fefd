import { describe, expect, it } from 'vitest';
import { createLogger } from './logger';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLogger({ name: 'test', level: 'info', destination }));
  return lines.join('');
}

describe('createLogger', () => {
  it('writes one JSON line with level, time and service', () => {
    const line = logged((logger) => {
      logger.info({ volumeId: '7' }, 'attached');
    });
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      name: 'test',
      msg: 'attached',
      volumeId: '7',
      pid: process.pid,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    });
  });

  it('blanks secrets on the first levels', () => {
    const line = logged((logger) => {
      logger.info(
        {
          password: 'p1',
          body: { password: 'p2', token: 'p3' },
          request: { headers: { authorization: 'p4', cookie: 'p5', 'set-cookie': 'p6' } },
        },
        'x',
      );
    });
    expect(line).not.toMatch(/p[1-6]/);
  });

  it('writes an error with its cause and stack', () => {
    const line = logged((logger) => {
      logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    });
    expect(line).toContain('outer');
    expect(line).toContain('inner');
  });

  it('keeps quiet below its level', () => {
    expect(
      logged((logger) => {
        logger.debug('x');
      }),
    ).toBe('');
  });
});
